/** One pass over the entries of a log: what is known so far about its chains, executors and tasks. */
import { equalBytes } from "../bytes.ts";
import type { ExecutorEvent } from "../events.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import type { CheckName } from "./checks.ts";
import { checkEffects, type EffectsAround } from "./effects.ts";
import { readEntry } from "./entry-form.ts";
import { EpochBook } from "./epoch-book.ts";
import { ExecutorChain, type Released } from "./executor-chain.ts";
import { ExecutorState } from "./executor-events.ts";
import type { Findings } from "./findings.ts";
import { LeafHashes } from "./leaf-hashes.ts";
import { openLogCheckpoint } from "./open-checkpoint.ts";
import type { SavedRun } from "./saved.ts";
import { TaskBook } from "./task-book.ts";
import { checkTiles, type ReadTile } from "./tiles.ts";
import type { VerifierTrust } from "./trust.ts";
import { checkWitnesses, type WitnessHead } from "./witnesses.ts";

/** Checks that count as the entries pass; the others are made anew at the end. */
const BY_ENTRY: ReadonlySet<CheckName> = new Set<CheckName>([
  "entries",
  "chains",
  "statements",
  "promotions",
  "restores",
  "plans",
  "attestations",
  "actions",
  "epochs",
]);

export class Run {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly leaves = new LeafHashes();
  readonly chains = new Map<string, ExecutorChain>();
  readonly states = new Map<string, ExecutorState>();
  readonly tasks: TaskBook;
  readonly epochs: EpochBook;

  constructor(trust: VerifierTrust, findings: Findings) {
    this.epochs = new EpochBook(trust, findings);
    this.#trust = trust;
    this.#findings = findings;
    this.tasks = new TaskBook(trust, findings);
  }

  /** After the last entry of a record that verified. */
  save({ size, root }: TreeHead): SavedRun {
    return {
      size,
      root,
      counted: this.#findings.counted.filter(([check]) => BY_ENTRY.has(check)),
      chains: [...this.chains].map(([executor, chain]) => [executor, chain.save()]),
      states: [...this.states].map(([executor, state]) => [executor, state.save()]),
      tasks: this.tasks.save(),
      epochs: this.epochs.save(),
    };
  }

  /** Goes on where another verification ended. What is restored has the form that `save` gave it, or this throws. */
  restore(saved: SavedRun): void {
    for (const [check, verified] of saved.counted) this.#findings.pass(check, verified);
    for (const [executor, chain] of saved.chains)
      this.#chainOf(executor).restore(chain as Parameters<ExecutorChain["restore"]>[0]);
    for (const [executor, state] of saved.states)
      this.states.get(executor)!.restore(state as Parameters<ExecutorState["restore"]>[0]);
    this.tasks.restore(saved.tasks as Parameters<TaskBook["restore"]>[0]);
    this.epochs.restore(saved.epochs as Parameters<EpochBook["restore"]>[0]);
  }

  /** The entries, each checked as it passes; the first `known` were checked before and are only hashed. */
  async *reading(entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, known = 0): AsyncGenerator<Uint8Array> {
    let index = 0;
    for await (const bytes of entries) {
      if (index >= known) await this.#take(bytes, index);
      index += 1;
      yield bytes;
    }
  }

  async #take(bytes: Uint8Array, index: number): Promise<void> {
    const entry = this.#findings.valueOf("entries", readEntry(bytes, this.#trust), { index });
    if (entry === null) return;
    this.#findings.pass("entries");
    if (entry.kind === "epoch") return this.epochs.take(entry, index, this.leaves, [...this.states.values()]);
    const chain = this.#chainOf(entry.executor);
    if (entry.kind === "records") chain.takeRecords(entry.records, index);
    else
      for (const released of await chain.takeStatement(entry, index)) await this.#takeRecord(entry.executor, released);
  }

  async #takeRecord(executor: string, { record, where }: Released): Promise<void> {
    const state = this.states.get(executor)!;
    const { task, atMs, events, prev } = record;
    if (task !== null) return this.tasks.take({ ...record, task }, state, where);
    for (const event of events) await state.take(event as ExecutorEvent, atMs, where, prev);
  }

  #chainOf(executor: string): ExecutorChain {
    const known = this.chains.get(executor);
    if (known !== undefined) return known;
    const chain = new ExecutorChain(executor, this.#trust, this.#findings);
    this.chains.set(executor, chain);
    this.states.set(executor, new ExecutorState(this.#trust, this.#findings));
    return chain;
  }

  /** What can only be said after the last entry. */
  async finish(
    log: TreeHead,
    more: {
      readonly earlier?: TreeHead;
      readonly checkpoint: Uint8Array | string;
      readonly resume?: SavedRun;
      readonly tiles?: ReadTile;
      readonly witnesses?: readonly WitnessHead[];
      readonly effects?: EffectsAround;
    },
  ): Promise<void> {
    for (const chain of this.chains.values()) chain.finish();
    await this.#checkSigner(more.checkpoint);
    this.#checkHistory(log);
    if (more.earlier !== undefined) this.#checkEarlier(log, more.earlier, more.resume !== undefined);
    if (more.tiles !== undefined) await checkTiles(this.leaves, more.tiles, this.#findings);
    if (more.witnesses !== undefined)
      await checkWitnesses(
        more.witnesses,
        log,
        (size) => this.leaves.rootsAt([size]).get(size) ?? null,
        this.chains,
        this.#trust,
        this.#findings,
      );
    if (more.effects !== undefined) checkEffects(more.effects, this.tasks.claimed, this.#findings);
  }

  /** What was verified here before is a witness too. An epoch may have ended that log; what was kept in mind of it is then worth nothing. */
  #checkEarlier(log: TreeHead, { size, root }: TreeHead, isResumed: boolean): void {
    const isPast =
      size <= log.size && size <= this.leaves.size && equalBytes(this.leaves.rootsAt([size]).get(size)!, root);
    const hasEnded = this.epochs.verified.some(({ oldSize, newSize }) => newSize < size && size <= oldSize);
    if (isPast || (hasEnded && !isResumed)) this.#findings.pass("history");
    else
      this.#findings.fail(
        "history",
        "checkpoint-inconsistent",
        `A log of ${size} entries was verified here before, and this one does not continue it.`,
      );
  }

  /** A checkpoint over a record that revokes a key was signed after that key had been revoked. */
  async #checkSigner(checkpoint: Uint8Array | string): Promise<void> {
    const revoked = new Set([...this.states.values()].flatMap((state) => [...state.revoked]));
    if (revoked.size > 0)
      this.#findings.valueOf("checkpoint", await openLogCheckpoint(checkpoint, this.#trust, revoked), {});
  }

  /** A fork, or a past that was rewritten, shows here even where whoever did it can sign checkpoints. */
  #checkHistory(log: TreeHead): void {
    const seen = [...this.states.values()].flatMap((state) => state.seen);
    const within = seen.filter(({ size }) => size <= this.leaves.size);
    const roots = this.leaves.rootsAt(within.map(({ size }) => size));
    for (const { size, root, where, settledBy } of seen) {
      const agrees = size <= this.leaves.size && size <= log.size && equalBytes(roots.get(size)!, root);
      // People said of this checkpoint that the log it belongs to has ended.
      if (!agrees && settledBy !== null && this.epochs.settles(settledBy, { size, root }))
        this.#findings.pass("history");
      else if (size > log.size || size > this.leaves.size)
        this.#findings.fail(
          "history",
          "checkpoint-inconsistent",
          `The executor saw a log of size ${size}; this one has ${log.size} entries.`,
          where,
        );
      else if (!equalBytes(roots.get(size)!, root))
        this.#findings.fail(
          "history",
          "checkpoint-inconsistent",
          `The executor saw another root at size ${size} than this log has.`,
          where,
        );
      else this.#findings.pass("history");
    }
  }
}
