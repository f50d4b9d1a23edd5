/** Callers that wait for a task to change: each is woken by the next commit of its task or by its own time limit, whichever comes first. */
import { pauseOn, type Platform } from "../shared/platform.ts";

const WAITERS_PER_TASK = 64;
/** How long a caller beyond that number waits before it looks itself: never at once, or callers that only wait would use up the object. */
const CROWDED_MS = 500;

export class Wakeups {
  readonly #platform: Pick<Platform, "setTimer">;
  readonly #waitingByTask = new Map<string, Set<() => void>>();

  constructor(platform: Pick<Platform, "setTimer">) {
    this.#platform = platform;
  }

  /** Resolves at the next {@link wake} of the task or after `ms`; after {@link CROWDED_MS} at the latest when too many wait already. */
  next(task: string, ms: number): Promise<void> {
    const waiting = this.#waitingByTask.get(task) ?? new Set();
    if (ms <= 0) return Promise.resolve();
    if (waiting.size >= WAITERS_PER_TASK) return pauseOn(this.#platform)(Math.min(ms, CROWDED_MS));
    this.#waitingByTask.set(task, waiting);
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        waiting.delete(done);
        if (waiting.size === 0 && this.#waitingByTask.get(task) === waiting) this.#waitingByTask.delete(task);
        resolve();
      };
      const cancel = this.#platform.setTimer(ms, done);
      waiting.add(done);
    });
  }

  wake(task: string): void {
    // Each waiter takes itself out of the set while this runs, which a Set allows.
    for (const done of this.#waitingByTask.get(task) ?? []) done();
  }
}
