/**
 * Tasks that only an operator can help. They hold up no other task; the witness names them, so that nobody has to find them in a log.
 * In memory only: recovery looks at every open task again and finds them again.
 */
import { LIMITS } from "../shared/limits.ts";
import type { Platform } from "../shared/platform.ts";
import type { StuckTask } from "../shared/rpc.ts";

export class Stuck {
  readonly #platform: Pick<Platform, "log">;
  readonly #whyByTask = new Map<string, StuckTask["why"]>();

  constructor(platform: Pick<Platform, "log">) {
    this.#platform = platform;
  }

  get list(): readonly StuckTask[] {
    return [...this.#whyByTask].map(([task, why]) => ({ task, why }));
  }

  /** Names a task, and logs it the first time; the message of a failure may hold values, so only the log has it. */
  note(task: string, why: StuckTask["why"], cause: unknown): void {
    if (this.#whyByTask.get(task) === why) return;
    this.#platform.log("a task is stuck", { task, why, message: cause instanceof Error ? cause.message : "unknown" });
    if (this.#whyByTask.size < LIMITS.stuckNamed || this.#whyByTask.has(task)) this.#whyByTask.set(task, why);
  }

  /** The task does that again. */
  release(task: string, why: StuckTask["why"]): void {
    if (this.#whyByTask.size > 0 && this.#whyByTask.get(task) === why) this.#whyByTask.delete(task);
  }
}
