/**
 * The chain of one executor, rebuilt from the entries of the log. Records wait until a statement signs for them and are then handed on in
 * the order in which they happened.
 *
 * V1  A record is handed on once, in the order of its position, and only after the statement that covers it.
 *     Of a part of the chain, a statement that stands alone says where the records after it begin; what lies before it is a gap.
 * V2  After a gap or a false link the chain goes on from what is there, so that one fault is one finding.
 * V3  A key signs for nothing from the record on that revokes it: a statement under it that covers that record, or a later one, is found.
 */
import { entryId, ENTRY_TYPES } from "../entry.ts";
import { GENESIS_HASH, type ChainRecord } from "../events.ts";
import { LIMITS } from "../limits.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { ChainStatement } from "../receipt.ts";
import { openEnvelope } from "../signing.ts";
import type { ReadEntry, ReadRecord } from "./entry-form.ts";
import type { Findings, Where } from "./findings.ts";
import type { VerifierTrust } from "./trust.ts";

type Waiting = ReadRecord & { readonly index: number };
export type Released = { readonly record: ChainRecord; readonly where: Where };

export class ExecutorChain {
  readonly executor: string;
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #waiting = new Map<number, Waiting>();
  readonly #isPart: boolean;
  readonly #revoked = new Set<string>();
  /** Positions that are not there: only of a part of a chain. */
  readonly gaps: { readonly from: number; readonly to: number }[] = [];
  seq = 0;
  hash = GENESIS_HASH;

  constructor(executor: string, trust: VerifierTrust, findings: Findings, { isPart = false } = {}) {
    this.executor = executor;
    this.#isPart = isPart;
    this.#trust = trust;
    this.#findings = findings;
  }

  takeRecords(records: readonly ReadRecord[], index: number): void {
    for (const read of records) {
      const { seq } = read.record;
      const where = { index, executor: this.executor, seq };
      if (seq <= this.seq || this.#waiting.has(seq))
        this.#findings.fail("chains", "chain-fork", "The log holds two records at this position.", where);
      else if (this.#waiting.size >= LIMITS.deliveryRecords)
        this.#findings.fail(
          "statements",
          "statement-missing",
          "More records wait for a statement than a delivery may hold.",
          where,
        );
      else this.#waiting.set(seq, { ...read, index });
    }
  }

  /** Opens a statement and hands on the records that it covers. */
  async takeStatement(entry: Extract<ReadEntry, { kind: "statement" }>, index: number): Promise<readonly Released[]> {
    const where = { index, executor: this.executor };
    const opened = await openEnvelope(entry.envelope, {
      payloadType: PAYLOAD_TYPES.statement,
      keys: this.#trust.receiptKeys,
      schema: ChainStatement,
    });
    const statement = this.#findings.valueOf("statements", opened, where)?.payload;
    if (statement === undefined) return [];
    if (statement.tenant !== this.#trust.anchor.tenant || statement.executor !== this.executor) {
      this.#findings.fail("statements", "audience-mismatch", "The statement is of another executor.", where);
      return [];
    }
    if (entry.id !== entryId(ENTRY_TYPES.statement, this.executor, statement.seq))
      this.#findings.fail("entries", "entry-invalid", "The statement's id does not follow from its position.", where);
    if (statement.seq <= this.seq) {
      this.#findings.fail("statements", "statement-mismatch", "The statement signs for no record that is new.", {
        ...where,
        seq: statement.seq,
      });
      return [];
    }
    if (this.#isPart && this.#waiting.size === 0) {
      this.gaps.push({ from: this.seq + 1, to: statement.seq });
      this.seq = statement.seq;
      this.hash = statement.head;
      this.#findings.pass("statements");
      return [];
    }
    const released = this.#releaseUpTo(statement.seq);
    for (const { record } of released)
      if (record.task === null)
        for (const event of record.events) if (event.type === "key-revoked") this.#revoked.add(event.kid);
    const revoked = opened.ok ? opened.value.kids.find((kid) => this.#revoked.has(kid)) : undefined; // V3
    if (revoked !== undefined)
      this.#findings.fail("statements", "key-revoked", `The executors' key ${revoked} was revoked before.`, {
        ...where,
        seq: statement.seq,
      });
    else if (this.seq === statement.seq && this.hash === statement.head) this.#findings.pass("statements");
    else
      this.#findings.fail(
        "statements",
        "statement-mismatch",
        "The statement is over other records than those of the log.",
        { ...where, seq: statement.seq },
      );
    return released;
  }

  #releaseUpTo(to: number): Released[] {
    const covered = [...this.#waiting.keys()].filter((seq) => seq <= to).toSorted((a, b) => a - b);
    const released: Released[] = [];
    for (const seq of covered) {
      const { record, hash, index } = this.#waiting.get(seq)!;
      this.#waiting.delete(seq);
      const where = { index, executor: this.executor, seq };
      if (seq !== this.seq + 1)
        this.#findings.fail("chains", "chain-gap", `The records ${this.seq + 1} to ${seq - 1} are missing.`, where);
      else if (record.prev !== this.hash)
        this.#findings.fail(
          "chains",
          "prev-mismatch",
          "The record does not name the hash of the one before it.",
          where,
        );
      else this.#findings.pass("chains");
      this.seq = seq;
      this.hash = hash;
      released.push({ record, where: record.task === null ? where : { ...where, task: record.task } });
    }
    return released;
  }

  /** What is known after a record that verified: nothing waits then. */
  save() {
    return { seq: this.seq, hash: this.hash, revoked: [...this.#revoked] };
  }

  restore({ seq, hash, revoked }: ReturnType<ExecutorChain["save"]>): void {
    this.seq = seq;
    this.hash = hash;
    for (const kid of revoked) this.#revoked.add(kid);
  }

  /** To be called after the last entry. */
  finish(): void {
    const left = [...this.#waiting.values()];
    if (left.length > 0)
      this.#findings.fail(
        "statements",
        "statement-missing",
        `No statement signs for ${left.length} records at the end of the log.`,
        {
          index: left[0]!.index,
          executor: this.executor,
          seq: left[0]!.record.seq,
        },
      );
  }
}
