/**
 * What the export of one tenant's traces remembers, in its object's own storage: how far it has read the log, which tasks have spans to send,
 * and what became of the others.
 *
 * B1  A task has a row exactly while records of it that the cursor has passed are unsent: no row says that they were sent, or counted as not.
 * B2  Cursor and rows move in one transaction, and so do a row and the counters that tell of its end.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage } from "../../shared/platform.ts";

export type Counters = {
  readonly sentSpans: number;
  readonly sentTraces: number;
  readonly retries: number;
  readonly expired: number;
  readonly refused: number;
  readonly rejected: number;
  readonly unsampled: number;
  readonly unreadable: number;
};
export type Failure = { readonly atMs: number; readonly what: string };
export type State = {
  /** Index of the next entry; null before the first look at the log. */
  readonly cursor: number | null;
  readonly counters: Counters;
  readonly lastSentMs: number | null;
  readonly lastError: Failure | null;
  /** Failures since the last success, and until when the export waits after them. */
  readonly failures: number;
  readonly waitUntilMs: number;
};
/** Spans of `task` over records behind `afterSeq`, without the first `sent` of them. */
export type Pending = {
  readonly task: string;
  readonly afterSeq: number;
  readonly sent: number;
  readonly sinceMs: number;
  readonly dueMs: number;
};
/** An entry of a task that the cursor passes. */
export type Passed = {
  readonly task: string;
  readonly fromSeq: number;
  readonly atMs: number;
  readonly settled: boolean;
};

const NONE: State = {
  cursor: null,
  counters: {
    sentSpans: 0,
    sentTraces: 0,
    retries: 0,
    expired: 0,
    refused: 0,
    rejected: 0,
    unsampled: 0,
    unreadable: 0,
  },
  lastSentMs: null,
  lastError: null,
  failures: 0,
  waitUntilMs: 0,
};

export class ExportBook {
  readonly #storage: Pick<ObjectStorage, "sql" | "transactionSync">;
  #state: State;

  constructor(storage: Pick<ObjectStorage, "sql" | "transactionSync">) {
    this.#storage = storage;
    storage.sql.exec("CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL)");
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS pending (task TEXT PRIMARY KEY, after_seq INTEGER NOT NULL, sent INTEGER NOT NULL,
        since_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL) WITHOUT ROWID`,
    );
    storage.sql.exec("CREATE INDEX IF NOT EXISTS pending_by_due ON pending (due_ms)");
    const row = storage.sql.exec("SELECT value FROM state").toArray()[0];
    this.#state = row === undefined ? NONE : { ...NONE, ...(JSON.parse(row["value"] as string) as State) };
  }

  get state(): State {
    return this.#state;
  }

  /** Writes changes; `rows` are further statements of the same transaction. */
  save(change: Partial<State>, rows: () => void = () => {}): void {
    const next = { ...this.#state, ...change };
    this.#storage.transactionSync(() => {
      rows();
      this.#storage.sql.exec(
        "INSERT INTO state (id, value) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
        JSON.stringify(next),
      );
    });
    this.#state = next;
  }

  counted(change: Partial<Counters>): Counters {
    const next: Record<string, number> = { ...this.#state.counters };
    for (const [name, by] of Object.entries(change)) next[name]! += by;
    return next as unknown as Counters;
  }

  /** The cursor passes these entries (B1, B2). What has ended is due at once, the rest when it has waited long enough. */
  pass(cursor: number, entries: readonly Passed[], nowMs: number): void {
    this.save({ cursor }, () => {
      for (const { task, fromSeq, atMs, settled } of entries)
        this.#storage.sql.exec(
          `INSERT INTO pending (task, after_seq, sent, since_ms, due_ms) VALUES (?, ?, 0, ?, ?)
           ON CONFLICT (task) DO UPDATE SET due_ms = min(due_ms, excluded.due_ms)`,
          task,
          fromSeq - 1,
          Math.min(atMs, nowMs),
          settled ? nowMs : nowMs + LIMITS.exportOpenMs,
        );
    });
  }

  due(nowMs: number, limit: number): readonly Pending[] {
    return this.#storage.sql
      .exec(
        "SELECT task, after_seq, sent, since_ms, due_ms FROM pending WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
        nowMs,
        limit,
      )
      .toArray()
      .map((row) => ({
        task: row["task"] as string,
        afterSeq: Number(row["after_seq"]),
        sent: Number(row["sent"]),
        sinceMs: Number(row["since_ms"]),
        dueMs: Number(row["due_ms"]),
      }));
  }

  /** A task's spans are sent up to here, or given up: inside `save`. */
  done(task: string): void {
    this.#storage.sql.exec("DELETE FROM pending WHERE task = ?", task);
  }
  sentTo(task: string, sent: number): void {
    this.#storage.sql.exec("UPDATE pending SET sent = ? WHERE task = ?", sent, task);
  }
  /** Gives up everything that waits since before a time. @returns how many tasks */
  expire(beforeMs: number): number {
    const { sql } = this.#storage;
    const expired = Number(sql.exec("SELECT count(*) AS n FROM pending WHERE since_ms < ?", beforeMs).one()["n"]);
    if (expired > 0)
      this.save({ counters: this.counted({ expired }) }, () => {
        sql.exec("DELETE FROM pending WHERE since_ms < ?", beforeMs);
      });
    return expired;
  }

  waiting(): { readonly count: number; readonly oldestMs: number | null; readonly nextMs: number | null } {
    const row = this.#storage.sql
      .exec("SELECT count(*) AS n, min(since_ms) AS oldest, min(due_ms) AS next FROM pending")
      .one();
    const time = (value: unknown) => (value === null ? null : Number(value));
    return { count: Number(row["n"]), oldestMs: time(row["oldest"]), nextMs: time(row["next"]) };
  }
}
