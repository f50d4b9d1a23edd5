/**
 * The alarm of one executor object. All timers stand in one table; the alarm is the earliest of them, of the next delivery and of the next
 * look at what is under way. Its handler sets the next alarm first, handles each task by itself and never throws, because alarms stop
 * after six failures.
 */
import type { ObjectStorage, Platform } from "../shared/platform.ts";
import { ok, type Result } from "../shared/result.ts";
import { dueTasks, nextTimer, spendTimers } from "./projections.ts";
import { timePassed } from "./task/decide.ts";
import type { TaskDeps } from "./task/deps.ts";
import type { Draft } from "./task/draft.ts";

export type TimekeeperDeps = {
  readonly undelivered: () => number;
  readonly backoffMs: () => number;
  readonly effectsRunning: () => number;
  readonly onTask: (task: string, decide: (draft: Draft, deps: TaskDeps) => Result<null>) => Promise<Result<null>>;
  readonly platform: Pick<Platform, "nowMs" | "log">;
};

/** How long work that is under way may go without the alarm looking after it. */
const WATCH_MS = 5_000;
/** Least time until a delivery that the alarm looks after: normally the outbox is done long before. */
const DELIVERY_MS = 1_000;
/** Tasks handled by one run of the alarm; the next run follows at once. */
const TASKS_PER_RUN = 100;

export class Timekeeper {
  readonly #storage: ObjectStorage;
  readonly #deps: TimekeeperDeps;
  /** When the alarm is known to be set for; null when that is not known. */
  #atMs: number | null = null;

  constructor(storage: ObjectStorage, deps: TimekeeperDeps) {
    this.#storage = storage;
    this.#deps = deps;
  }

  /**
   * Sets the alarm to the earliest thing that must happen, where it is not set early enough already. `newTimerMs`: the earliest timer that
   * was set since the last call, where nothing else changed; an alarm that is set covers the others, so the table need not be asked.
   */
  set(newTimerMs?: number | null): void {
    const nowMs = this.#deps.platform.nowMs();
    const covered = newTimerMs !== undefined && this.#atMs !== null && this.#atMs > nowMs;
    const at = this.#earliest(nowMs, covered ? newTimerMs : nextTimer(this.#storage.sql));
    const early = this.#atMs !== null && at !== null && this.#atMs <= at && this.#atMs > nowMs;
    if (at === null || early) return;
    this.#atMs = at;
    void this.#storage.setAlarm(at);
  }

  /** The alarm fired: what is due happens, each task by itself. Returns the tasks that it handled. */
  async fired(): Promise<readonly string[]> {
    const nowMs = this.#deps.platform.nowMs();
    this.#atMs = nowMs + WATCH_MS;
    await this.#storage.setAlarm(this.#atMs);
    const due = dueTasks(this.#storage.sql, nowMs, TASKS_PER_RUN);
    for (const task of due) {
      try {
        await this.#deps.onTask(task, (draft, deps) => ok((timePassed(draft, deps), null)));
        spendTimers(this.#storage.sql, task, nowMs);
      } catch (error) {
        this.#deps.platform.log("a timer failed", {
          task,
          message: error instanceof Error ? error.message : "unknown",
        });
      }
    }
    return due;
  }

  /** After the alarm's work: sets the next one, or none where nothing waits for a time. */
  async rearm(): Promise<void> {
    this.#atMs = this.#earliest(this.#deps.platform.nowMs(), nextTimer(this.#storage.sql));
    await (this.#atMs === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(this.#atMs));
  }

  /** When something must happen next, not in the past; null for nothing. */
  #earliest(nowMs: number, timerMs: number | null): number | null {
    const wanted = timerMs === null ? [] : [timerMs];
    if (this.#deps.undelivered() > 0) wanted.push(nowMs + Math.max(DELIVERY_MS, this.#deps.backoffMs()));
    if (this.#deps.effectsRunning() > 0) wanted.push(nowMs + WATCH_MS);
    return wanted.length === 0 ? null : Math.max(nowMs, Math.min(...wanted));
  }
}
