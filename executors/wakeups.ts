/** Callers that wait for a task to change: each is woken by the next commit of its task or by its own time limit, whichever comes first. */
const WAITERS_PER_TASK = 64;

export class Wakeups {
  readonly #waitingByTask = new Map<string, Set<() => void>>();

  /** Resolves at the next {@link wake} of the task or after `ms`; at once when too many wait already. */
  next(task: string, ms: number): Promise<void> {
    const waiting = this.#waitingByTask.get(task) ?? new Set();
    if (ms <= 0 || waiting.size >= WAITERS_PER_TASK) return Promise.resolve();
    this.#waitingByTask.set(task, waiting);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waitingByTask.get(task) === waiting) this.#waitingByTask.delete(task);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiting.add(done);
    });
  }

  wake(task: string): void {
    // Each waiter takes itself out of the set while this runs, which a Set allows.
    for (const done of this.#waitingByTask.get(task) ?? []) done();
  }
}
