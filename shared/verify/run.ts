/** One pass over the entries of a log: what is known so far about its chains, executors and tasks. */
import { equalBytes } from "../bytes.ts";
import type { ExecutorEvent } from "../events.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import { checkEffects, type EffectsAround } from "./effects.ts";
import { readEntry } from "./entry-form.ts";
import { ExecutorChain, type Released } from "./executor-chain.ts";
import { ExecutorState } from "./executor-events.ts";
import type { Findings } from "./findings.ts";
import { LeafHashes } from "./leaf-hashes.ts";
import { TaskBook } from "./task-book.ts";
import { checkTiles, type ReadTile } from "./tiles.ts";
import type { VerifierTrust } from "./trust.ts";
import { checkWitnesses, type WitnessHead } from "./witnesses.ts";

export class Run {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly leaves = new LeafHashes();
  readonly chains = new Map<string, ExecutorChain>();
  readonly states = new Map<string, ExecutorState>();
  readonly tasks: TaskBook;

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
    this.tasks = new TaskBook(trust, findings);
  }

  /** The entries, each checked as it passes. */
  async *reading(entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let index = 0;
    for await (const bytes of entries) {
      await this.#take(bytes, index);
      index += 1;
      yield bytes;
    }
  }

  async #take(bytes: Uint8Array, index: number): Promise<void> {
    const entry = this.#findings.valueOf("entries", readEntry(bytes, this.#trust), { index });
    if (entry === null) return;
    this.#findings.pass("entries");
    const chain = this.#chainOf(entry.executor);
    if (entry.kind === "records") chain.takeRecords(entry.records, index);
    else
      for (const released of await chain.takeStatement(entry, index)) await this.#takeRecord(entry.executor, released);
  }

  async #takeRecord(executor: string, { record, where }: Released): Promise<void> {
    const state = this.states.get(executor)!;
    const { task, atMs, events } = record;
    if (task !== null) return this.tasks.take({ ...record, task }, state, where);
    for (const event of events) await state.take(event as ExecutorEvent, atMs, where);
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
    more: { readonly tiles?: ReadTile; readonly witnesses?: readonly WitnessHead[]; readonly effects?: EffectsAround },
  ): Promise<void> {
    for (const chain of this.chains.values()) chain.finish();
    this.#checkHistory(log);
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

  /** A fork, or a past that was rewritten, shows here even where whoever did it can sign checkpoints. */
  #checkHistory(log: TreeHead): void {
    const seen = [...this.states.values()].flatMap((state) => state.seen);
    const within = seen.filter(({ size }) => size <= this.leaves.size);
    const roots = this.leaves.rootsAt(within.map(({ size }) => size));
    for (const { size, root, where } of seen) {
      if (size > log.size || size > this.leaves.size)
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
