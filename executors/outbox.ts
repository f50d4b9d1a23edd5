/**
 * The outbox: carries the executor's records to the ledger, in order, until the ledger has them, and keeps the newest checkpoint it verified.
 *
 * O1  One delivery at a time; what commits meanwhile goes with the next one.
 * O2  `delivered` moves only to a cursor that the ledger answered. A lost answer is asked again; the ledger knows what it has.
 * O3  Every answer's checkpoint is verified: signature, and consistency with the one seen before. A contradiction raises the alarm, and an
 *     executor with an alarm takes no new tasks.
 * O4  Failures pause it for longer each time, up to a minute; it never gives up and never drops a record.
 * O5  `delivered` goes back only after an epoch, to the cursor that the restored ledger names: everything behind it is delivered again.
 */
import { fromBase64 } from "../shared/bytes.ts";
import { entryText, statementText } from "../shared/entry.ts";
import { LIMITS } from "../shared/limits.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { AppendAnswer, LedgerRpc } from "../shared/rpc/ledger.ts";
import { signEnvelope } from "../shared/signing.ts";
import type { Signer } from "../shared/keys.ts";
import { openCheckpoint, type Checkpoint } from "../shared/tlog/checkpoint.ts";
import type { NoteVerifier } from "../shared/tlog/note.ts";
import { verifyConsistency } from "../shared/tlog/tree.ts";
import { GUARDS } from "./guards/index.ts";
import type { Journal } from "./journal.ts";

export type SeenCheckpoint = { readonly size: number; readonly root: Uint8Array; readonly note: string };

export type OutboxDeps = {
  readonly tenant: string;
  readonly executor: string;
  readonly journal: Journal;
  readonly ledger: Pick<LedgerRpc, "append">;
  readonly signer: () => Promise<Signer>;
  /** Keys whose checkpoints count now: a revoked one's never do. */
  readonly logKeys: () => readonly NoteVerifier[];
  readonly seen: () => SeenCheckpoint | null;
  readonly remember: (checkpoint: SeenCheckpoint) => void;
  readonly alarm: (why: Problem) => void;
  /** After an epoch: the ledger may hold less of this chain than it once said. */
  readonly mayRefill: () => boolean;
  readonly delivered: () => void;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
};

/**
 * Deliveries leave at whole multiples of this on the clock, so that those of a tenant's executors meet in the sequencer and share its batch;
 * one that is full leaves at once. Whatever is in it, a delivery costs a statement, a checkpoint, a consistency proof and a D1 batch:
 * together more than many tasks.
 */
const EVERY_MS = 250;
/** After a delivery of so many rows the next one takes longer to gather: then these costs weigh more than the wait. */
const BUSY_EVERY_MS = 500;
const BUSY_ROWS = 32;
/** Each row may be an entry of its own, and each delivery holds a statement besides: below `LIMITS.deliveryEntries`. */
const ROWS = 900;
const BYTES = 2_000_000;

/** Refusals that mean: the ledger does not hold what it once said it holds. */
const CONTRADICTIONS: ReadonlySet<string> = new Set(["chain-gap", "chain-fork", "checkpoint-inconsistent"]);

export class Outbox {
  readonly #deps: OutboxDeps;
  #running = false;
  #failures = 0;
  /** Rows of the newest delivery. */
  #rows = 0;
  #lastProblem: string | null = null;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** How often the newest delivery has failed in a row, and why. */
  get trouble(): { readonly failures: number; readonly why: string | null } {
    return { failures: this.#failures, why: this.#lastProblem };
  }

  /** Starts delivering if there is something to deliver and nobody does it. */
  async nudge(): Promise<void> {
    if (this.#running || this.#deps.journal.undelivered === 0) return;
    this.#running = true;
    try {
      while (this.#deps.journal.undelivered > 0) {
        const everyMs = this.#rows < BUSY_ROWS ? EVERY_MS : BUSY_EVERY_MS;
        if (this.#deps.journal.undelivered < ROWS) await this.#deps.pause(everyMs - (this.#deps.nowMs() % everyMs));
        const delivered = await this.#deliver();
        if (!delivered.ok) {
          this.#failures += 1;
          this.#lastProblem = delivered.problem.code;
          // The alarm of the object nudges again; meanwhile nothing spins.
          return;
        }
        this.#failures = 0;
        this.#lastProblem = null;
        this.#deps.delivered();
      }
    } finally {
      this.#running = false;
    }
  }

  /** Milliseconds until the next try is due. */
  get backoffMs(): number {
    return Math.min(60_000, 250 * 2 ** Math.min(this.#failures, 8));
  }

  async #deliver(): Promise<Result<null>> {
    const { journal, tenant, executor } = this.#deps;
    const rows = journal.after(journal.delivered, ROWS, BYTES);
    this.#rows = rows.length;
    const last = rows.at(-1)!;
    const seen = this.#deps.seen();
    const statement = await this.#statement(last.seq, last.hash);
    const command = {
      tenant,
      executor,
      from: rows[0]!.seq,
      to: last.seq,
      entries: [...entriesOf(executor, rows, this.#deps.nowMs()), statement],
      seenSize: seen?.size ?? 0,
    };
    // An answer to what was asked before an epoch says nothing about the log that goes on.
    const alarm = (why: Problem): void => {
      if (this.#deps.seen() === seen) this.#deps.alarm(why);
    };
    let answer: Result<AppendAnswer>;
    try {
      answer = await this.#deps.ledger.append(command);
    } catch {
      return err(problem("not-running", "The ledger did not answer."));
    }
    if (!answer.ok) return this.#refused(answer.problem, alarm);
    const checked = await this.#checkCheckpoint(answer.value, seen);
    if (!checked.ok) {
      // A checkpoint that nobody signed proves nothing: it is no answer. One that the log signed and that contradicts another is the alarm.
      if (checked.problem.code === "checkpoint-inconsistent") alarm(checked.problem);
      return checked;
    }
    if (!GUARDS["cursor-not-ahead"](answer.value.cursor, journal.head.seq)) {
      // The ledger holds records that this object does not: its storage was rewound, or another object used its name.
      const why = problem(
        "chain-fork",
        `The ledger holds this chain up to ${answer.value.cursor}; here it ends at ${journal.head.seq}.`,
      );
      this.#deps.alarm(why);
      return err(why);
    }
    journal.markDelivered(Math.max(journal.delivered, answer.value.cursor));
    return ok(null);
  }

  #refused(why: Problem, alarm: (why: Problem) => void): Result<null> {
    const cursor = why.code === "chain-gap" ? Number(why.facts?.["cursor"] ?? Number.NaN) : Number.NaN;
    const { delivered, head } = this.#deps.journal;
    const isAhead = cursor > delivered && cursor <= head.seq;
    // O5
    const isRefill = cursor >= 0 && cursor < delivered && this.#deps.mayRefill();
    if (Number.isSafeInteger(cursor) && (isAhead || isRefill)) {
      this.#deps.journal.markDelivered(cursor);
      return ok(null);
    }
    if (CONTRADICTIONS.has(why.code)) alarm(why);
    return err(why);
  }

  async #statement(seq: number, head: string): Promise<string> {
    const { tenant, executor } = this.#deps;
    const atMs = this.#deps.nowMs();
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.statement,
      payload: { version: 1, tenant, executor, seq, head, atMs },
      signers: [await this.#deps.signer()],
    });
    return statementText(executor, envelope, seq, atMs);
  }

  /** O3. */
  async #checkCheckpoint(answer: AppendAnswer, seen: SeenCheckpoint | null): Promise<Result<null>> {
    // It is written into the chain as it is; further signatures could make it too large for any record.
    if (!GUARDS["checkpoint-size"](answer.checkpoint))
      return err(problem("note-malformed", `A checkpoint has at most ${LIMITS.checkpointChars} characters here.`));
    const opened = await openWithAny(answer.checkpoint, this.#deps.logKeys());
    if (!opened.ok) return opened;
    const now = opened.value;
    if (seen !== null) {
      const proof = answer.consistency.map((hash) => fromBase64(hash) ?? new Uint8Array());
      const consistent = verifyConsistency({
        oldSize: seen.size,
        newSize: now.size,
        oldRoot: seen.root,
        newRoot: now.root,
        proof,
      });
      if (!GUARDS["checkpoint-consistent"](consistent.ok))
        return err(
          problem(
            "checkpoint-inconsistent",
            `The checkpoint of size ${now.size} contradicts the one of size ${seen.size} that was seen before.`,
          ),
        );
      if (now.size === seen.size) return ok(null);
    }
    this.#deps.remember({ size: now.size, root: now.root, note: answer.checkpoint });
    return ok(null);
  }
}

async function openWithAny(note: string, keys: readonly NoteVerifier[]): Promise<Result<Checkpoint>> {
  let refusal: Result<Checkpoint> = err(problem("key-unknown", "No key of the log is trusted here."));
  for (const key of keys) {
    const opened = await openCheckpoint(note, key);
    if (opened.ok) return opened;
    refusal = opened;
  }
  return refusal;
}

/** Groups records by task in the order of their first record; a group that would pass the entry limit is cut. */
export function entriesOf(
  executor: string,
  rows: readonly { seq: number; task: string | null; body: string }[],
  nowMs: number,
): string[] {
  const groups: { task: string | null; firstSeq: number; bodies: string[]; bytes: number }[] = [];
  const openByTask = new Map<string | null, (typeof groups)[number]>();
  for (const row of rows) {
    // UTF-16 length understates UTF-8; three bytes a unit is the worst case and only cuts earlier.
    const bytes = /^[\x20-\x7e]*$/.test(row.body) ? row.body.length : row.body.length * 3;
    let group = openByTask.get(row.task);
    if (group === undefined || group.bytes + bytes > LIMITS.entryBytes - ENTRY_OVERHEAD_BYTES) {
      group = { task: row.task, firstSeq: row.seq, bodies: [], bytes: 0 };
      openByTask.set(row.task, group);
      groups.push(group);
    }
    group.bodies.push(row.body);
    group.bytes += bytes + 1;
  }
  return groups.map((group) =>
    entryText(
      group.task === null ? "executor" : "task",
      executor,
      group.task ?? executor,
      group.bodies,
      group.firstSeq,
      nowMs,
    ),
  );
}

/** CloudEvents attributes around the records. */
const ENTRY_OVERHEAD_BYTES = 1_024;
