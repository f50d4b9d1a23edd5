/**
 * The virtual event loop of a run: a clock that moves from event to event. After each event all promises that it settled run to their end,
 * so what happens next depends on the events alone. Events of the same moment run in the order in which they were made.
 */
type Event = { readonly atMs: number; readonly order: number; readonly background: boolean; fire: (() => void) | null };

export class Loop {
  nowMs: number;
  /** How many events have run. */
  ran = 0;
  readonly #heap: Event[] = [];
  #order = 0;
  #foreground = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Runs `fire` after `ms`; the answer calls it off. A run ends when only background events are left. */
  after(ms: number, fire: () => void, background = false): () => void {
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, background, fire };
    this.#push(event);
    if (!background) this.#foreground++;
    return () => {
      if (event.fire === null) return;
      event.fire = null;
      if (!background) this.#foreground--;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Runs until nothing is left to happen, until a time, or until a number of events. True where nothing is left. */
  async run(untilMs: number, events: number): Promise<boolean> {
    await settled();
    for (let left = events; left > 0 && this.#foreground > 0; left--) {
      const event = this.#heap[0];
      if (event === undefined || event.atMs > untilMs) return event === undefined;
      this.#pop();
      const { fire } = event;
      if (fire === null) continue;
      event.fire = null;
      if (!event.background) this.#foreground--;
      this.nowMs = event.atMs;
      this.ran++;
      fire();
      await settled();
    }
    return this.#foreground === 0;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** All promises that can settle have settled when the next task of the real loop runs. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
