/**
 * What an executor knows of the ledger: the newest checkpoint that it verified, and whether the ledger has ever contradicted itself.
 * The checkpoint is written into the chain from time to time, so that a later contradiction can be proved by anyone who has both.
 */
import type { ExecutorEvent } from "../shared/events.ts";
import type { Platform } from "../shared/platform.ts";
import type { Problem } from "../shared/problems.ts";
import { parseCheckpoint } from "../shared/tlog/checkpoint.ts";
import { parseNote } from "../shared/tlog/note.ts";
import type { Journal } from "./journal.ts";
import type { SeenCheckpoint } from "./outbox.ts";
import { readMeta, writeMeta } from "./storage.ts";

/** A checkpoint is written into the chain at most this often. */
const IN_CHAIN_EVERY_MS = 1_000;

export type RaisedAlarm = { readonly problem: Problem; readonly at: string };

export class LedgerWatch {
  readonly #sql: SqlStorage;
  readonly #journal: Journal;
  readonly #platform: Pick<Platform, "log">;
  readonly #record: (event: ExecutorEvent) => void;
  #seen: SeenCheckpoint | null;
  #alarm: RaisedAlarm | null;
  #inChain = { note: "", atMs: 0, seq: 0 };

  /** `record` writes an event of the executor itself in its next round. */
  constructor(
    sql: SqlStorage,
    journal: Journal,
    platform: Pick<Platform, "log">,
    record: (event: ExecutorEvent) => void,
  ) {
    this.#sql = sql;
    this.#journal = journal;
    this.#platform = platform;
    this.#record = record;
    this.#seen = seenCheckpoint(readMeta(sql, "checkpoint"));
    this.#alarm = JSON.parse(readMeta(sql, "alarm") ?? "null") as RaisedAlarm | null;
  }

  get seen(): SeenCheckpoint | null {
    return this.#seen;
  }

  /** Set once the ledger contradicted itself or this chain; people take it back. */
  get alarm(): RaisedAlarm | null {
    return this.#alarm;
  }

  /** The ledger knows more of this chain than this object does. */
  get isBehind(): boolean {
    return this.#alarm?.problem.code === "chain-fork";
  }

  remember(checkpoint: SeenCheckpoint): void {
    writeMeta(this.#sql, "checkpoint", checkpoint.note);
    this.#seen = checkpoint;
  }

  /** Writes the newest checkpoint into the chain, when something was recorded since the last one that was. */
  intoChain(nowMs: number): void {
    const seen = this.#seen;
    const due = nowMs - this.#inChain.atMs >= IN_CHAIN_EVERY_MS && this.#journal.head.seq > this.#inChain.seq;
    if (seen === null || !due || seen.note === this.#inChain.note) return;
    this.#inChain = { note: seen.note, atMs: nowMs, seq: this.#journal.head.seq + 1 };
    this.#record({ type: "checkpoint-seen", note: seen.note });
  }

  /** Whether this epoch stands in the chain already. */
  hasAccepted(epoch: string): boolean {
    return readMeta(this.#sql, `epoch ${epoch}`) !== null;
  }

  /** Inside the round that records an epoch: no alarm any more, its checkpoint is the one seen, and the ledger may be behind what it once had. */
  writeEpoch(sql: SqlStorage, epoch: string, note: string): void {
    writeMeta(sql, `epoch ${epoch}`, "accepted");
    writeMeta(sql, "checkpoint", note);
    writeMeta(sql, "alarm", "null");
    writeMeta(sql, "refill", "yes");
  }

  /** Once that round is durable. Reads what is stored: a repeated epoch changes nothing, and an alarm that was raised since stays. */
  reload(): void {
    this.#seen = seenCheckpoint(readMeta(this.#sql, "checkpoint"));
    this.#alarm = JSON.parse(readMeta(this.#sql, "alarm") ?? "null") as RaisedAlarm | null;
  }

  /** Whether the ledger may hold less of this chain than it once said: after an epoch, until it has it again. */
  get mayRefill(): boolean {
    return readMeta(this.#sql, "refill") === "yes";
  }

  refilled(): void {
    if (this.mayRefill) writeMeta(this.#sql, "refill", "no");
  }

  /** The first contradiction stays; later ones add nothing to it. */
  raise(problem: Problem, nowMs: number): void {
    if (this.#alarm !== null) return;
    this.#alarm = { problem, at: new Date(nowMs).toISOString() };
    writeMeta(this.#sql, "alarm", JSON.stringify(this.#alarm));
    this.#platform.log("alarm", { code: problem.code });
    // The words may be the ledger's own.
    this.#record({ type: "alarm-raised", code: problem.code, detail: problem.detail.slice(0, 500).toWellFormed() });
  }
}

function seenCheckpoint(note: string | null): SeenCheckpoint | null {
  const parsed = note === null ? null : parseNote(note);
  const checkpoint = parsed?.ok === true ? parseCheckpoint(parsed.value.text) : null;
  return note !== null && checkpoint?.ok === true
    ? { size: checkpoint.value.size, root: checkpoint.value.root, note }
    : null;
}
