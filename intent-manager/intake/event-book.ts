/**
 * Which events have set triggers off: for each, what it matched when it first came, and the tasks that were opened for it.
 *
 * Stored: one row for each event, kept for LIMITS.eventKeptMs. Its source, id and data stand there as keyed digests only.
 *
 *  V1  What an event matched is decided once, by its first delivery; a later one, after whatever releases, opens nothing else.
 *  V2  Another event under the same source and id is a conflict.
 *  V3  What is answered is durable: a task that was named is found again by the same event.
 *
 * begin()  first | known, with what was opened | refused { idempotency-conflict, overloaded }
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** A trigger that an event set off. */
export type Set = { readonly automation: string; readonly trigger: string };
export type Opened = Set & { readonly task: string };
export type Begun = {
  readonly duplicate: boolean;
  readonly matched: readonly Set[];
  readonly opened: readonly Opened[];
};
/** `key` and `digest`: keyed digests of what the event is, and of what it says. */
export type Begin = { readonly key: string; readonly digest: string; readonly matched: readonly Set[] };

type Row = { digest: string; matched: string; opened: string };

export class EventBook {
  readonly #sql: Pick<SqlStorage, "exec">;
  /** How many events there are; counting them for each event would read every row. */
  #size: number;

  constructor(sql: Pick<SqlStorage, "exec">) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS events (key TEXT PRIMARY KEY, digest TEXT NOT NULL, matched TEXT NOT NULL, opened TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS events_by_age ON events (at_ms)`,
    );
    this.#size = sql.exec<{ n: number }>("SELECT count(*) AS n FROM events").one().n;
  }

  begin({ key, digest, matched }: Begin, nowMs: number): Result<Begun> {
    this.prune(nowMs);
    const known = this.#row(key);
    if (known !== null && known.digest !== digest)
      return err(problem("idempotency-conflict", "This source and id were used for another event."));
    if (known !== null)
      return ok({ duplicate: true, matched: JSON.parse(known.matched), opened: JSON.parse(known.opened) });
    // An event that sets nothing off is not remembered: it may match a later release when it comes again.
    if (matched.length === 0) return ok({ duplicate: false, matched, opened: [] });
    if (this.#size >= LIMITS.eventsKept) return err(problem("overloaded", "Too many events are remembered here."));
    this.#sql.exec(
      "INSERT INTO events (key, digest, matched, opened, at_ms) VALUES (?, ?, ?, '[]', ?)",
      key,
      digest,
      JSON.stringify(matched),
      nowMs,
    );
    this.#size++;
    return ok({ duplicate: false, matched, opened: [] });
  }

  /** Names the tasks of an event; one that was named stays. */
  opened(key: string, tasks: readonly Opened[]): void {
    const known = this.#row(key);
    if (known === null) return;
    const before = JSON.parse(known.opened) as readonly Opened[];
    const fresh = tasks.filter(({ automation }) => !before.some((one) => one.automation === automation));
    this.#sql.exec("UPDATE events SET opened = ? WHERE key = ?", JSON.stringify([...before, ...fresh]), key);
  }

  /** When the oldest row may go; null where there is none. */
  prune(nowMs: number): number | null {
    const gone = this.#sql.exec("DELETE FROM events WHERE at_ms <= ? RETURNING 1", nowMs - LIMITS.eventKeptMs);
    this.#size -= gone.toArray().length;
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT min(at_ms) AS at FROM events").one();
    return at === null ? null : at + LIMITS.eventKeptMs;
  }

  #row(key: string): Row | null {
    return this.#sql.exec<Row>("SELECT digest, matched, opened FROM events WHERE key = ?", key).toArray()[0] ?? null;
  }
}
