/**
 * How much has come in for one automation, or one tenant: the tasks that were let in, lately or still open. One object for each.
 *
 * Stored: one row for each task that is open or was let in within the window.
 *
 *  I1  In any window of `perMs` at most `intents` tasks are let in: a sliding window, stricter than a token bucket.
 *  I2  At most `open` tasks that were let in are open. A task counts from before it is opened until its executor says that it has ended; one
 *      that was let in and never opened counts until LIMITS.intakeLostMs have passed.
 *  I3  The same task again is let in and counts once. Only what let it in can take it out as never opened, and only while nothing else has
 *      asked for it: what fails beside an open task makes no room. A task that was taken out so is let in like a new one.
 *  I4  Check and entry are one synchronous step, and durable before they are answered.
 */
import type { IntakeLimits } from "../../shared/intake-limits.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";

type Sql = Pick<SqlStorage, "exec">;

/** What stands in `open`. */
const NEVER = -1;
const ENDED = 0;
const OPEN = 1;
const SHARED = 2;

export class IntakeBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS tasks (task TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, open INTEGER NOT NULL, looked_ms INTEGER NOT NULL) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS tasks_by_time ON tasks (at_ms);
       CREATE INDEX IF NOT EXISTS tasks_open ON tasks (looked_ms) WHERE open > 0`,
    );
  }

  /** Null where it is let in; otherwise why not. Refuses with intake-rate, intake-full. */
  enter(task: string, limits: IntakeLimits, nowMs: number): Problem | null {
    const windowMs = limits.rate?.perMs ?? 0;
    this.#sql.exec("DELETE FROM tasks WHERE open <= 0 AND at_ms <= ?", nowMs - windowMs);
    const before = this.#openOf(task);
    if (before !== null && before !== NEVER) return null;
    const open = limits.open === undefined ? ENDED : OPEN;
    // Its entry counts in the window already.
    const full = this.#full(before === NEVER ? { open: limits.open } : limits, nowMs);
    if (full !== null) return full;
    if (before === NEVER) {
      this.#sql.exec("UPDATE tasks SET open = ? WHERE task = ?", open, task);
      return null;
    }
    this.#sql.exec("INSERT INTO tasks (task, at_ms, open, looked_ms) VALUES (?, ?, ?, ?)", task, nowMs, open, nowMs);
    return null;
  }

  /** Whether the task is let in already: then it belongs to others too. */
  knows(task: string): boolean {
    const open = this.#openOf(task);
    if (open === OPEN) this.#sql.exec("UPDATE tasks SET open = ? WHERE task = ?", SHARED, task);
    return open !== null && open !== NEVER;
  }

  #openOf(task: string): number | null {
    return this.#sql.exec<{ open: number }>("SELECT open FROM tasks WHERE task = ?", task).toArray()[0]?.open ?? null;
  }

  #full({ rate, open }: { rate?: IntakeLimits["rate"]; open?: IntakeLimits["open"] }, nowMs: number): Problem | null {
    if (rate !== undefined) {
      // The task that has to leave the window before another one fits.
      const [last] = this.#sql
        .exec<{ at: number }>(
          "SELECT at_ms AS at FROM tasks WHERE at_ms > ? ORDER BY at_ms DESC LIMIT 1 OFFSET ?",
          nowMs - rate.perMs,
          rate.intents - 1,
        )
        .toArray();
      if (last !== undefined)
        return problem("intake-rate", `${rate.intents} intents in ${rate.perMs} ms have come in already.`, {
          retryAfterSeconds: Math.max(1, Math.ceil((last.at + rate.perMs - nowMs) / 1_000)),
        });
    }
    if (open !== undefined && this.openCount() >= open)
      return problem("intake-full", `${open} tasks are open already.`, {
        retryAfterSeconds: LIMITS.intakeFullRetrySeconds,
      });
    return null;
  }

  openCount(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM tasks WHERE open > 0").one().n;
  }

  /** Open tasks whose executors were not asked for the longest time, and not within the last moment. */
  toLookAt(nowMs: number): { readonly task: string; readonly atMs: number }[] {
    const rows = this.#sql
      .exec<{ task: string; atMs: number }>(
        "SELECT task, at_ms AS atMs FROM tasks WHERE open > 0 AND looked_ms <= ? ORDER BY looked_ms LIMIT ?",
        nowMs - LIMITS.intakeLookMs,
        LIMITS.intakeLooks,
      )
      .toArray();
    for (const { task } of rows) this.#sql.exec("UPDATE tasks SET looked_ms = ? WHERE task = ?", nowMs, task);
    return rows;
  }

  /** The task has ended. */
  left(task: string): void {
    this.#sql.exec("UPDATE tasks SET open = ? WHERE task = ?", ENDED, task);
  }

  /** The task was let in and not opened, by whoever let it in. I3. */
  notOpened(task: string): void {
    this.#sql.exec("UPDATE tasks SET open = ? WHERE task = ? AND open = ?", NEVER, task, OPEN);
  }
}
