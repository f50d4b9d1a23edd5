/**
 * What follows from a record in the object's own tables, written in the record's transaction (J2): which tasks are open, what waits for a
 * person, what is in doubt, which signatures are used, and what must happen at a time.
 */
import type { ChainRecord, ExecutorEvent, TaskEvent } from "../shared/events.ts";
import { undoneBy, undoStepId } from "../shared/undo.ts";

/** Timers of a task: its own deadline, a review's deadline, the end of a pause before another attempt, the next question about a doubt, the end of a wait. */
const DEADLINE = "deadline";
const reviewTimer = (step: string) => `review:${step}`;
const retryTimer = (step: string) => `retry:${step}`;
const waitTimer = (step: string) => `wait:${step}`;
const windowTimer = (step: string) => `window:${step}`;
const askTimer = (step: string) => `ask:${step}`;

/** Codes with which a step fails while people are asked about it; with any other there is no row to pay for. */
const REVIEW_ENDING: ReadonlySet<string> = new Set(["subject-erased", "consent-withdrawn", "restored"]);

export function project(sql: SqlStorage, task: string, event: TaskEvent): void {
  const timer = timerOf(event);
  if (timer !== null) setTimer(sql, task, timer.name, timer.atMs);
  switch (event.type) {
    case "task-opened":
      sql.exec("INSERT INTO tasks (id) VALUES (?)", task);
      for (const key of event.subjects ?? [])
        sql.exec("INSERT INTO subject_tasks (key, task) VALUES (?, ?)", key, task);
      return;
    case "task-settled":
      sql.exec("DELETE FROM tasks WHERE id = ?", task);
      // The windows in which its actions may be reversed close later.
      sql.exec("DELETE FROM timers WHERE task = ? AND name NOT LIKE 'window:%'", task);
      sql.exec("DELETE FROM doubts WHERE task = ?", task);
      return;
    case "undo-started":
      // A task that had settled has something under way again, until the undo ends.
      sql.exec("INSERT INTO tasks (id, reopened) VALUES (?, 1) ON CONFLICT DO NOTHING", task);
      return endDoubt(sql, task, undoBefore(event.undo));
    case "reversal-window-closed":
      return endTimer(sql, task, windowTimer(event.step));
    case "review-requested":
      sql.exec(
        "INSERT INTO reviews (id, task, step, expires_ms) VALUES (?, ?, ?, ?)",
        event.review,
        task,
        event.step,
        event.expiresMs,
      );
      return;
    case "attested":
      // Single use: the same attestation a second time violates the key and the whole round is refused (E2).
      sql.exec("INSERT INTO attestations (id, review) VALUES (?, ?)", event.attestation, event.review);
      return;
    case "review-approved":
      return endReview(sql, task, event.step);
    case "review-rejected":
    case "review-expired":
    case "step-skipped":
    case "step-expired":
      endReview(sql, task, event.step);
      return endUndo(sql, task, event.step, "failed");
    case "step-failed":
      if (REVIEW_ENDING.has(event.code)) endReview(sql, task, event.step);
      return endUndo(sql, task, event.step, "failed");
    case "step-denied":
      return endUndo(sql, task, event.step, "failed");
    case "step-applied":
      return endUndo(sql, task, event.step, "applied");
    case "step-refused":
      endDoubt(sql, task, event.step);
      return event.retryAtMs === null ? endUndo(sql, task, event.step, "failed") : undefined;
    case "wait-ended":
      return endTimer(sql, task, waitTimer(event.step));
    case "step-claimed":
      return endTimer(sql, task, retryTimer(event.step));
    case "step-in-doubt":
      sql.exec(
        "INSERT INTO doubts (task, step, since_seq) VALUES (?, ?, (SELECT max(seq) FROM journal)) ON CONFLICT (task, step) DO NOTHING",
        task,
        event.step,
      );
      if (event.askAtMs === null) endTimer(sql, task, askTimer(event.step));
      return;
    case "doubt-resolved":
      // Single use, as for attestations.
      sql.exec("INSERT INTO attestations (id, review) VALUES (?, ?)", event.resolution, event.action);
      return endDoubt(sql, task, event.step);
    default:
      return;
  }
}

/** The earliest timer that these records set; null where they set none. */
export function earliestTimer(
  records: readonly { readonly events: readonly (TaskEvent | ExecutorEvent)[] }[],
): number | null {
  let earliest: number | null = null;
  for (const { events } of records)
    for (const event of events) {
      const timer = timerOf(event);
      if (timer !== null && (earliest === null || timer.atMs < earliest)) earliest = timer.atMs;
    }
  return earliest;
}

/** The timer that an event sets. Whatever sets one does it here, because the alarm is set by the same answer. */
function timerOf(event: TaskEvent | ExecutorEvent): { readonly name: string; readonly atMs: number } | null {
  switch (event.type) {
    case "task-opened":
      return { name: DEADLINE, atMs: event.deadlineMs };
    case "review-requested":
      return { name: reviewTimer(event.step), atMs: event.expiresMs };
    case "step-refused":
      return event.retryAtMs === null ? null : { name: retryTimer(event.step), atMs: event.retryAtMs };
    case "step-held":
      return { name: retryTimer(event.step), atMs: event.retryAtMs };
    case "wait-started":
      return event.untilMs === null ? null : { name: waitTimer(event.step), atMs: event.untilMs };
    case "step-in-doubt":
      return event.askAtMs === null ? null : { name: askTimer(event.step), atMs: event.askAtMs };
    case "step-applied":
      return event.reversibleUntilMs === null ? null : { name: windowTimer(event.step), atMs: event.reversibleUntilMs };
    default:
      return null;
  }
}
/**
 * The end of an undo: a task that had settled before rests again; in a task that compensates, an undo that failed waits for a person.
 */
function endUndo(sql: SqlStorage, task: string, step: string, how: "applied" | "failed"): void {
  if (undoneBy(step) === null) return;
  sql.exec("DELETE FROM tasks WHERE id = ? AND reopened = 1", task);
  if (how === "failed")
    sql.exec(
      "INSERT INTO doubts (task, step, since_seq) SELECT id, ?, (SELECT max(seq) FROM journal) FROM tasks WHERE id = ? ON CONFLICT (task, step) DO NOTHING",
      step,
      task,
    );
}

/** The undo of the same step before this one. */
const undoBefore = (undo: string): string => {
  const { step, attempt } = undoneBy(undo)!;
  return undoStepId(step, Math.max(1, attempt - 1));
};

function setTimer(sql: SqlStorage, task: string, name: string, atMs: number): void {
  sql.exec(
    "INSERT INTO timers (task, name, at_ms) VALUES (?, ?, ?) ON CONFLICT (task, name) DO UPDATE SET at_ms = excluded.at_ms",
    task,
    name,
    atMs,
  );
}

const endTimer = (sql: SqlStorage, task: string, name: string): void =>
  void sql.exec("DELETE FROM timers WHERE task = ? AND name = ?", task, name);

/** Also called for steps in doubt that were applied meanwhile: no applied step pays for a row that it almost never has. */
export function endDoubt(sql: SqlStorage, task: string, step: string): void {
  sql.exec("DELETE FROM doubts WHERE task = ? AND step = ?", task, step);
  endTimer(sql, task, askTimer(step));
}

function endReview(sql: SqlStorage, task: string, step: string): void {
  sql.exec("DELETE FROM reviews WHERE task = ? AND step = ?", task, step);
  endTimer(sql, task, reviewTimer(step));
}

/** Tasks that have a timer due, each once, oldest first. Along the index of times: grouped there, every alarm would build a table of its own. */
export const dueTasks = (sql: SqlStorage, nowMs: number, limit: number): string[] => [
  ...new Set(
    sql
      .exec<{ task: string }>("SELECT task FROM timers WHERE at_ms <= ? ORDER BY at_ms LIMIT ?", nowMs, limit)
      .toArray()
      .map((row) => row.task),
  ),
];

/** A timer that fired is spent, whatever came of it; what must happen again sets itself again. */
export function spendTimers(sql: SqlStorage, task: string, nowMs: number): void {
  sql.exec("DELETE FROM timers WHERE task = ? AND at_ms <= ?", task, nowMs);
}

export const nextTimer = (sql: SqlStorage): number | null =>
  (sql.exec<{ at: number | null }>("SELECT min(at_ms) AS at FROM timers").one().at as number | null) ?? null;

/** The time of the oldest timer that has come and was not handled; null where none has. */
export function dueSince(sql: SqlStorage, nowMs: number): string | null {
  const atMs = nextTimer(sql);
  return atMs === null || atMs > nowMs ? null : new Date(atMs).toISOString();
}

/** When the oldest record was written that the ledger does not have; null where it has all. */
export function undeliveredSince(sql: SqlStorage, delivered: number): string | null {
  const row = sql.exec("SELECT body FROM journal WHERE seq = ?", delivered + 1).toArray()[0];
  return row === undefined ? null : new Date((JSON.parse(row["body"] as string) as ChainRecord).atMs).toISOString();
}
