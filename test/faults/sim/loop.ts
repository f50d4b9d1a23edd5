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
  run(untilMs: number, events: number): Promise<boolean> {
    let left = events;
    // What was begun before the run comes to its end first.
    let isFirst = true;
    return eachTurn(() => {
      if (isFirst) {
        isFirst = false;
        return undefined;
      }
      for (; left > 0 && this.#foreground > 0; left--) {
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
        left--;
        return undefined;
      }
      return this.#foreground === 0;
    });
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

/** Turns that are asked for together: the platform's loop goes round once for all of them, which is half the cost of a turn. */
const TURNS = 64;

/**
 * Calls `turn` until it answers. All promises that can settle have settled before each call: the platform runs them to their end between
 * two immediates, also between those of one round of its loop.
 */
function eachTurn<T>(turn: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let asked: NodeJS.Immediate[] = [];
    let ran = 0;
    const over = (): void => asked.slice(ran).forEach(clearImmediate);
    const once = (): void => {
      ran++;
      let answer: T | undefined;
      try {
        answer = turn();
      } catch (cause) {
        over();
        return reject(cause as Error);
      }
      if (answer !== undefined) {
        over();
        return resolve(answer);
      }
      if (ran === TURNS) ask();
    };
    const ask = (): void => {
      ran = 0;
      asked = Array.from({ length: TURNS }, () => setImmediate(once));
    };
    ask();
  });
}
