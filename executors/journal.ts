/**
 * The journal of one executor: its hash chain and, in the same rows, its outbox.
 *
 * J1  Record n+1 carries the hash of record n; the first carries 64 zeros. Positions have no gap (E3).
 * J2  A record and everything that follows from it (tasks, timers, reviews) are written in one transaction (E3).
 * J3  delivered <= head, always; rows after `delivered` are what the ledger does not have yet.
 */
import { canonicalize } from "../shared/canonical.ts";
import { GENESIS_HASH, type ChainRecord, type ExecutorEvent, type TaskEvent } from "../shared/events.ts";
import { sha256Hex } from "../shared/sha256.ts";
import { evolve } from "./task/evolve.ts";
import type { Private, TaskState } from "./task/state.ts";
import { readMeta, writeMeta } from "./storage.ts";

export type Head = { readonly seq: number; readonly hash: string };

/** A record ready to be written: its canonical text, its hash, and the values beside it. */
export type Sealed = {
  readonly seq: number;
  readonly task: string | null;
  readonly hash: string;
  readonly body: string;
  readonly private: string | null;
  readonly events: readonly (TaskEvent | ExecutorEvent)[];
};

type Row = { seq: number; body: string; private: string | null };

/** The values beside a record as they were written; null where their subject was erased. */
export type Opens = (text: string, place: string) => string | null;
/** Where the values of a record stand: what is sealed there opens nowhere else. */
export const placeOf = (task: string, seq: number): string => `${task} ${seq} values`;
/** Beside a record that was taken back from the ledger: its values were in the storage that is gone. */
export const LOST = "lost";
const NOTHING: Private = { values: {}, details: {}, requestDigest: null, requestKey: null };

export const GENESIS: Head = { seq: 0, hash: GENESIS_HASH };

/** Makes the record that follows `head`. `shut` seals the values beside it. */
export function seal(
  executor: string,
  head: Head,
  atMs: number,
  task: string | null,
  events: readonly (TaskEvent | ExecutorEvent)[],
  beside: Private | null,
  shut: (text: string, seq: number) => string = (text) => text,
): Sealed {
  const record = { version: 1, executor, seq: head.seq + 1, prev: head.hash, atMs, task, events };
  const body = canonicalize(record);
  return {
    seq: head.seq + 1,
    task,
    hash: sha256Hex(body),
    body,
    private: beside === null ? null : shut(JSON.stringify(beside), head.seq + 1),
    events,
  };
}

export class Journal {
  readonly #sql: SqlStorage;
  readonly #open: Opens;
  #head: Head;
  #delivered: number;

  constructor(sql: SqlStorage, open: Opens = (text) => text) {
    this.#sql = sql;
    this.#open = open;
    [this.#head, this.#delivered] = this.#stored();
  }

  /** Reads head and cursor from storage again: the chain was written anew behind a position. */
  reload(): void {
    [this.#head, this.#delivered] = this.#stored();
  }

  #stored(): [Head, number] {
    const last = this.#sql.exec<Head>("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").toArray()[0];
    return [last ?? GENESIS, Number(readMeta(this.#sql, "delivered") ?? 0)];
  }

  /** The hash of a record; null where there is none at this position. */
  hashAt(seq: number): string | null {
    if (seq === 0) return GENESIS.hash;
    return this.#sql.exec<Head>("SELECT seq, hash FROM journal WHERE seq = ?", seq).toArray()[0]?.hash ?? null;
  }

  get head(): Head {
    return this.#head;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get undelivered(): number {
    return this.#head.seq - this.#delivered;
  }

  /**
   * Inside the round's transaction. The head moves with {@link advanceTo} once the transaction is over. `firstSeq`: position of the task's
   * first record; null for a record of the executor itself.
   */
  insert(record: Sealed, firstSeq: number | null): void {
    this.#sql.exec(
      "INSERT INTO journal (seq, task, opening, hash, body, private) VALUES (?, ?, ?, ?, ?, ?)",
      record.seq,
      record.task,
      firstSeq === record.seq ? null : firstSeq,
      record.hash,
      record.body,
      record.private,
    );
  }

  advanceTo(head: Head): void {
    this.#head = head;
  }

  /** The ledger has everything up to here. */
  markDelivered(seq: number): void {
    writeMeta(this.#sql, "delivered", String(seq));
    this.#delivered = seq;
  }

  /** Records after a position, oldest first, at most `rows` of them and about `bytes` of text (at least one). */
  after(seq: number, rows: number, bytes: number): { seq: number; task: string | null; hash: string; body: string }[] {
    const found: { seq: number; task: string | null; hash: string; body: string }[] = [];
    let size = 0;
    for (const row of this.#sql.exec<{ seq: number; task: string | null; hash: string; body: string }>(
      "SELECT seq, task, hash, body FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
      seq,
      rows,
    )) {
      size += row.body.length;
      if (found.length > 0 && size > bytes) break;
      found.push(row);
    }
    return found;
  }

  /** The state of a task, folded from its records; null where there are none. */
  load(task: string): TaskState | null {
    let state: TaskState | null = null;
    for (const { record, beside } of this.recordsOf(task, 0))
      for (const event of record.events)
        state = evolve(state, event as TaskEvent, { task, seq: record.seq, atMs: record.atMs }, beside);
    return state;
  }

  *recordsOf(task: string, after: number): Generator<{ record: ChainRecord; beside: Private }> {
    const openings = this.#sql
      .exec<Row>("SELECT seq, body, private FROM journal WHERE task = ? AND opening IS NULL", task)
      .toArray();
    const later = openings.flatMap(({ seq }) =>
      this.#sql
        .exec<Row>(
          "SELECT seq, body, private FROM journal WHERE opening = ? AND seq > ? ORDER BY seq",
          seq,
          Math.max(seq, after),
        )
        .toArray(),
    );
    for (const row of [...openings.filter(({ seq }) => seq > after), ...later])
      yield {
        record: JSON.parse(row.body) as ChainRecord,
        beside: this.#beside(row.private, task, row.seq),
      };
  }

  #beside(text: string | null, task: string, seq: number): Private {
    if (text === null) return NOTHING;
    if (text === LOST) return { ...NOTHING, restored: true };
    const opened = this.#open(text, placeOf(task, seq));
    return opened === null ? { ...NOTHING, erased: true } : (JSON.parse(opened) as Private);
  }
}
