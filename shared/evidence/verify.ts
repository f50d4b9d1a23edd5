/**
 * Verifies evidence: as much of `verifyRecord` as can be said of a part of the record. Each entry is proved to be in the log; from there the
 * chains, statements, plans, people's decisions and actions are checked by the same code.
 *
 * W1  Only what is proved to be in the log is read, and only what a statement signs for is believed.
 * W2  Tasks outside the scope are followed in their executor's chain and judged no further: their beginning may not be here.
 */
import { fromBase64, toBase64, utf8 } from "../bytes.ts";
import type { ChainRecord, ExecutorEvent } from "../events.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../tlog/tree.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import { readEntry } from "../verify/entry-form.ts";
import { ExecutorChain, type Released } from "../verify/executor-chain.ts";
import { ExecutorState, type Alarm } from "../verify/executor-events.ts";
import { Findings, type CheckReport } from "../verify/findings.ts";
import { openLogCheckpoint } from "../verify/open-checkpoint.ts";
import { TaskBook } from "../verify/task-book.ts";
import type { VerifierTrust } from "../verify/trust.ts";
import type { CheckName } from "../verify/checks.ts";
import type { Evidence, EvidenceEntry } from "./evidence.ts";

const CHECKED = [
  "checkpoint",
  "inclusion",
  "entries",
  "chains",
  "statements",
  "promotions",
  "restores",
  "plans",
  "attestations",
  "actions",
  "history",
  "epochs",
  "complete",
] as const satisfies readonly CheckName[];

/** A record that a statement signs for, with the entry that holds it. */
export type ShownRecord = { readonly index: number; readonly record: ChainRecord };
export type ShownTask = { readonly task: string; readonly executor: string; readonly records: readonly ShownRecord[] };
export type ShownChain = {
  readonly executor: string;
  /** The last position that is signed for. */
  readonly seq: number;
  readonly hash: string;
  /** Positions that the evidence leaves out. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
};

export type EvidenceReport = {
  readonly verified: boolean;
  readonly checkpoint: { readonly size: number; readonly root: string } | null;
  readonly checks: readonly CheckReport[];
  /** In the order in which they were opened. */
  readonly tasks: readonly ShownTask[];
  readonly chains: readonly ShownChain[];
  readonly alarms: readonly Alarm[];
};

/** Verifies evidence under keys that are the caller's own choice. Never throws for what it reads. */
export async function verifyEvidence(
  evidence: Pick<Evidence, "about" | "checkpoint" | "entries" | "proofs">,
  trust: VerifierTrust,
): Promise<EvidenceReport> {
  const findings = new Findings();
  const head = findings.valueOf("checkpoint", await openLogCheckpoint(evidence.checkpoint, trust), {});
  const part = new Part(evidence, trust, findings);
  if (head !== null) {
    findings.pass("checkpoint");
    findings.ran(...CHECKED);
    await part.read(head);
    await part.finish(head);
  }
  return {
    verified: head !== null && findings.reports(CHECKED).every(({ status }) => status === "ok"),
    checkpoint: head === null ? null : { size: head.size, root: toBase64(head.root) },
    checks: findings.reports(CHECKED),
    tasks: [...part.shown.values()],
    chains: [...part.chains.values()].map(({ executor, seq, hash, gaps }) => ({ executor, seq, hash, gaps })),
    alarms: [...part.states.values()].flatMap(({ alarms }) => alarms),
  };
}

type Shown = ShownTask & { readonly records: ShownRecord[] };

class Part {
  readonly #evidence: Pick<Evidence, "about" | "checkpoint" | "entries" | "proofs">;
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #tasks: TaskBook;
  readonly chains = new Map<string, ExecutorChain>();
  readonly states = new Map<string, ExecutorState>();
  readonly shown = new Map<string, Shown>();

  constructor(
    evidence: Pick<Evidence, "about" | "checkpoint" | "entries" | "proofs">,
    trust: VerifierTrust,
    findings: Findings,
  ) {
    this.#evidence = evidence;
    this.#trust = trust;
    this.#findings = findings;
    this.#tasks = new TaskBook(trust, findings);
  }

  async read(head: TreeHead): Promise<void> {
    const { entries, proofs } = this.#evidence;
    for (const [i, entry] of entries.entries()) {
      const before = entries[i - 1];
      if (before !== undefined && before.index >= entry.index)
        this.#findings.fail("inclusion", "order-invalid", "The entries are not in the order of the log.", {
          index: entry.index,
        });
      else if (this.#isIncluded(entry, proofs.inclusion[i] ?? [], head)) await this.#take(entry);
    }
  }

  #isIncluded({ index, body }: EvidenceEntry, proof: readonly string[], { size, root }: TreeHead): boolean {
    const hashes = hashesOf(proof);
    const included =
      index < size && verifyInclusion({ leafHash: leafHash(utf8(body)), index, size, root, proof: hashes }).ok;
    if (included) this.#findings.pass("inclusion");
    else
      this.#findings.fail(
        "inclusion",
        "proof-invalid",
        `The proof does not lead from entry ${index} to the checkpoint.`,
        {
          index,
        },
      );
    return included;
  }

  async #take({ index, body }: EvidenceEntry): Promise<void> {
    const entry = this.#findings.valueOf("entries", readEntry(utf8(body), this.#trust), { index });
    if (entry === null) return;
    this.#findings.pass("entries");
    // What it settles is the whole log's matter: nothing of a task stands in it.
    if (entry.kind === "epoch") return;
    const chain = this.#chainOf(entry.executor);
    if (entry.kind === "records") chain.takeRecords(entry.records, index);
    else
      for (const released of await chain.takeStatement(entry, index)) await this.#takeRecord(entry.executor, released);
  }

  async #takeRecord(executor: string, { record, where }: Released): Promise<void> {
    const state = this.states.get(executor)!;
    const { task, atMs, events } = record;
    if (task === null) for (const event of events) await state.take(event as ExecutorEvent, atMs, where, record.prev);
    else if (this.#isShown(task, record)) {
      const shown = this.shown.get(task) ?? { task, executor, records: [] };
      this.shown.set(task, shown);
      shown.records.push({ index: where.index!, record });
      await this.#tasks.take({ ...record, task }, state, where);
    }
  }

  #isShown(task: string, { atMs, events }: ChainRecord): boolean {
    const { scope } = this.#evidence.about;
    if (scope.kind === "task") return task === scope.task;
    const opens = events[0]!.type === "task-opened" && atMs >= scope.fromMs && atMs < scope.toMs;
    return opens || this.shown.has(task);
  }

  #chainOf(executor: string): ExecutorChain {
    const known = this.chains.get(executor);
    if (known !== undefined) return known;
    const chain = new ExecutorChain(executor, this.#trust, this.#findings, { isPart: true });
    this.chains.set(executor, chain);
    this.states.set(executor, new ExecutorState(this.#trust, this.#findings));
    return chain;
  }

  async finish(head: TreeHead): Promise<void> {
    for (const chain of this.chains.values()) chain.finish();
    const revoked = new Set([...this.states.values()].flatMap((state) => [...state.revoked]));
    this.#findings.valueOf("checkpoint", await openLogCheckpoint(this.#evidence.checkpoint, this.#trust, revoked), {});
    this.#checkHistory(head);
    if (this.shown.size === 0)
      this.#findings.fail("complete", "not-found", "There is no record of what this evidence is about.");
    for (const { task, executor, records } of this.shown.values()) {
      const first = records[0]!.record.seq;
      const gap = this.chains.get(executor)!.gaps.find(({ to }) => to > first);
      if (gap === undefined) this.#findings.pass("complete");
      else
        this.#findings.fail(
          "complete",
          "chain-gap",
          `The records ${gap.from} to ${gap.to} are left out, after the task began.`,
          { executor, task, seq: gap.from },
        );
    }
  }

  /** The newest checkpoints that executors saw lie on the past of this one; earlier ones where a proof is given. Leaving the proof out proves nothing. */
  #checkHistory({ size, root }: TreeHead): void {
    for (const { seen } of this.states.values())
      for (const old of seen) {
        // A head that an epoch let go of belongs to a log that has ended; every log continues the empty one.
        if (old.settledBy !== null || old.size === 0) continue;
        const given = this.#evidence.proofs.consistency[String(old.size)];
        if (given === undefined && old !== seen.at(-1)) continue;
        const claim = {
          oldSize: old.size,
          newSize: size,
          oldRoot: old.root,
          newRoot: root,
          proof: hashesOf(given ?? []),
        };
        if (given !== undefined && old.size <= size && verifyConsistency(claim).ok) this.#findings.pass("history");
        else
          this.#findings.fail(
            "history",
            "checkpoint-inconsistent",
            `The log does not continue the one of size ${old.size} that the executor saw.`,
            old.where,
          );
      }
  }
}

/** A hash that is none has no bytes, and no proof holds with it. */
const hashesOf = (proof: readonly string[]): Uint8Array[] => proof.map((hash) => fromBase64(hash) ?? new Uint8Array());
