/**
 * What follows from a record in the object's own tables, written in the record's transaction (J2): which tasks are open, what waits for a
 * person, which attestations are used, and what must happen at a time.
 */
import type { TaskEvent } from "../shared/events.ts";

/** Timers of a task: its own deadline, a review's deadline, the end of a pause before another attempt. */
const DEADLINE = "deadline";
const reviewTimer = (step: string) => `review:${step}`;
const retryTimer = (step: string) => `retry:${step}`;

export function project(sql: SqlStorage, task: string, event: TaskEvent): void {
  switch (event.type) {
    case "task-opened":
      sql.exec(
        "INSERT INTO tasks (id, automation, release, settled) VALUES (?, ?, ?, 0)",
        task,
        event.automation,
        event.release,
      );
      return setTimer(sql, task, DEADLINE, event.deadlineMs);
    case "task-settled":
      sql.exec("UPDATE tasks SET settled = 1 WHERE id = ?", task);
      sql.exec("DELETE FROM timers WHERE task = ?", task);
      return;
    case "review-requested":
      sql.exec(
        "INSERT INTO reviews (id, task, step, expires_ms) VALUES (?, ?, ?, ?)",
        event.review,
        task,
        event.step,
        event.expiresMs,
      );
      return setTimer(sql, task, reviewTimer(event.step), event.expiresMs);
    case "attested":
      // Single use: the same attestation a second time violates the key and the whole round is refused (E2).
      sql.exec("INSERT INTO attestations (id, review) VALUES (?, ?)", event.attestation, event.review);
      return;
    case "review-approved":
    case "review-rejected":
    case "review-expired":
      return endReview(sql, task, event.step);
    case "step-skipped":
    case "step-expired":
      return endReview(sql, task, event.step);
    case "step-refused":
      return event.retryAtMs === null ? undefined : setTimer(sql, task, retryTimer(event.step), event.retryAtMs);
    case "step-claimed":
      sql.exec("DELETE FROM timers WHERE task = ? AND name = ?", task, retryTimer(event.step));
      return;
    default:
      return;
  }
}

function setTimer(sql: SqlStorage, task: string, name: string, atMs: number): void {
  sql.exec(
    "INSERT INTO timers (task, name, at_ms) VALUES (?, ?, ?) ON CONFLICT (task, name) DO UPDATE SET at_ms = excluded.at_ms",
    task,
    name,
    atMs,
  );
}

function endReview(sql: SqlStorage, task: string, step: string): void {
  sql.exec("DELETE FROM reviews WHERE task = ? AND step = ?", task, step);
  sql.exec("DELETE FROM timers WHERE task = ? AND name = ?", task, reviewTimer(step));
}

/** Tasks that have a timer due, each once, oldest first. */
export const dueTasks = (sql: SqlStorage, nowMs: number, limit: number): string[] =>
  sql
    .exec<{ task: string }>(
      "SELECT task FROM timers WHERE at_ms <= ? GROUP BY task ORDER BY min(at_ms) LIMIT ?",
      nowMs,
      limit,
    )
    .toArray()
    .map((row) => row.task);

/** A timer that fired is spent, whatever came of it; what must happen again sets itself again. */
export function spendTimers(sql: SqlStorage, task: string, nowMs: number): void {
  sql.exec("DELETE FROM timers WHERE task = ? AND at_ms <= ?", task, nowMs);
}

export const nextTimer = (sql: SqlStorage): number | null =>
  (sql.exec<{ at: number | null }>("SELECT min(at_ms) AS at FROM timers").one().at as number | null) ?? null;
