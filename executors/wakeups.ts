/** Callers that wait for a task: each is woken by a commit of its task that it waited for, or by its own time limit, whichever comes first. */
import { pauseOn, type Platform } from "../shared/platform.ts";

const WAITERS_PER_TASK = 64;
/** How long a caller beyond that number waits before it looks itself: never at once, or callers that only wait would use up the object. */
const CROWDED_MS = 500;

type Waiter = { readonly over: () => boolean; readonly done: () => void };

export class Wakeups {
  readonly #platform: Pick<Platform, "setTimer">;
  readonly #waitingByTask = new Map<string, Set<Waiter>>();

  constructor(platform: Pick<Platform, "setTimer">) {
    this.#platform = platform;
  }

  /** Resolves at the next {@link wake} of the task or after `ms`, as {@link until} does. */
  next(task: string, ms: number): Promise<void> {
    return this.until(task, ms, () => true);
  }

  /**
   * Resolves at the first {@link wake} of the task at which `over` is true, or after `ms`; after {@link CROWDED_MS} at the latest when too
   * many wait already. One timer for the whole wait, however often the task changes meanwhile.
   */
  until(task: string, ms: number, over: () => boolean): Promise<void> {
    const waiting = this.#waitingByTask.get(task) ?? new Set();
    if (ms <= 0) return Promise.resolve();
    if (waiting.size >= WAITERS_PER_TASK) return pauseOn(this.#platform)(Math.min(ms, CROWDED_MS));
    this.#waitingByTask.set(task, waiting);
    return new Promise((resolve) => {
      const waiter: Waiter = { over, done: () => done() };
      const done = (): void => {
        cancel();
        waiting.delete(waiter);
        if (waiting.size === 0 && this.#waitingByTask.get(task) === waiting) this.#waitingByTask.delete(task);
        resolve();
      };
      const cancel = this.#platform.setTimer(ms, done);
      waiting.add(waiter);
    });
  }

  wake(task: string): void {
    // Each waiter takes itself out of the set while this runs, which a Set allows.
    for (const waiter of this.#waitingByTask.get(task) ?? []) if (isOver(waiter)) waiter.done();
  }
}

/** A caller whose question fails looks for itself: nothing of it reaches the commit that woke it. */
function isOver({ over }: Waiter): boolean {
  try {
    return over();
  } catch {
    return true;
  }
}
