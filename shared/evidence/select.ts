/**
 * Which entries of a log are the evidence of a task or a period: the deliveries with records of its tasks, everything that the same executor
 * wrote between them, so that nothing can be left out unseen, and what its tasks rest on from before: releases, stops, revoked keys, erasures, consent and epochs.
 *
 * S1  A delivery (the records of one executor and the statement that signs for them) is taken whole, with the statement before it.
 * S2  Between the first and the last delivery of an executor's shown tasks nothing is left out; of a task that goes on, nothing up to the end.
 * S3  A short chain is taken from its first record.
 * S4  What is chosen out of a part of the log is what would be chosen out of the whole, where the part holds the deliveries above.
 */
import { ENTRY_TYPES } from "../entry.ts";
import { LIMITS } from "../limits.ts";
import { problem, type Problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import type { EvidenceEntry, Scope } from "./evidence.ts";

/** As much of an entry as the choice needs. The entries come from a log that is verified anyway. */
type Read = {
  readonly type: string;
  readonly source: string;
  readonly data: {
    readonly records?: readonly {
      readonly task: string | null;
      readonly atMs: number;
      readonly events: readonly { readonly type: string }[];
    }[];
  };
};
type Delivery = {
  /** The statement before it. */
  readonly before: EvidenceEntry | null;
  readonly entries: EvidenceEntry[];
  /** It holds what later tasks are judged by. */
  isLasting: boolean;
  isShown: boolean;
};

/** What later tasks are judged by. */
const LASTING = new Set([
  "release-learned",
  "stop-set",
  "stop-lifted",
  "key-revoked",
  "subject-erased",
  "consent-recorded",
  "epoch-accepted",
  "alarm-raised",
]);

/** Whether a record of an executor itself is one that later tasks are judged by. */
export const isLasting = (events: readonly { readonly type: string }[]): boolean =>
  events.some(({ type }) => LASTING.has(type));

const newDelivery = (before: EvidenceEntry | null): Delivery => ({
  before,
  entries: [],
  isLasting: false,
  isShown: false,
});

class Executor {
  readonly #wholeChain: number;
  #delivery = newDelivery(null);
  /** Deliveries since the last shown one; before the first, those since the first record, or only what lasts where they are too many. */
  #between: Delivery[] = [];
  #betweenEntries = 0;
  readonly #kept: Delivery[] = [];
  readonly #open = new Set<string>();
  readonly #settled = new Set<string>();

  constructor(wholeChain: number) {
    this.#wholeChain = wholeChain;
  }

  take(entry: EvidenceEntry, read: Read, isShown: (task: string, opens: boolean, atMs: number) => boolean): void {
    this.#delivery.entries.push(entry);
    for (const { task, atMs, events } of read.data.records ?? []) {
      if (task === null) this.#delivery.isLasting ||= isLasting(events);
      else if (isShown(task, events[0]?.type === "task-opened", atMs)) {
        this.#delivery.isShown = true;
        if (!this.#settled.has(task)) this.#open.add(task);
        if (!events.some(({ type }) => type === "task-settled")) continue;
        this.#open.delete(task);
        this.#settled.add(task);
      }
    }
    if (read.type !== ENTRY_TYPES.statement) return;
    this.#close(this.#delivery);
    this.#delivery = newDelivery(entry);
  }

  #close(delivery: Delivery): void {
    if (delivery.isShown) {
      this.#keepBetween();
      this.#kept.push(delivery);
      return;
    }
    this.#between.push(delivery);
    this.#betweenEntries += delivery.entries.length;
    if (!this.#hasShown && this.#betweenEntries > this.#wholeChain)
      this.#between = this.#between.filter(({ isLasting }) => isLasting);
  }

  get #hasShown(): boolean {
    return this.#kept.length > 0;
  }

  #keepBetween(): void {
    this.#kept.push(...this.#between);
    this.#between = [];
    this.#betweenEntries = 0;
  }

  /** The entries that are shown; none where no task of the scope ran here. */
  finish(): EvidenceEntry[] {
    if (!this.#hasShown) return [];
    if (this.#open.size > 0) this.#keepBetween();
    return this.#kept.flatMap(({ before, entries }) => (before === null ? entries : [before, ...entries]));
  }
}

/** How large evidence may become, and how short a chain is. */
export type Bounds = {
  readonly entries: number;
  readonly chars: number;
  /** Entries before the first shown one, up to which a chain is taken from its first record. */
  readonly wholeChain: number;
};
export const FILE_BOUNDS: Bounds = {
  entries: LIMITS.evidenceEntries,
  chars: LIMITS.evidenceChars,
  wholeChain: LIMITS.evidenceWholeChain,
};

/**
 * The entries of the scope, in the order of the log.
 * @param entries the log, or a part of it (S4), in its order
 * @returns not-found where no task of the scope is in the log; entry-too-large where the evidence would pass its limits.
 */
export async function selectEntries(
  entries: AsyncIterable<EvidenceEntry> | Iterable<EvidenceEntry>,
  scope: Scope,
  bounds: Bounds = FILE_BOUNDS,
): Promise<Result<EvidenceEntry[]>> {
  const executors = new Map<string, Executor>();
  const shown = new Set<string>(scope.kind === "task" ? [scope.task] : []);
  const isShown = (task: string, opens: boolean, atMs: number): boolean => {
    if (scope.kind === "period" && opens && atMs >= scope.fromMs && atMs < scope.toMs) shown.add(task);
    return shown.has(task);
  };
  for await (const entry of entries) {
    const read = readOf(entry.body);
    if (read === null) continue;
    const executor = executors.get(read.source) ?? new Executor(bounds.wholeChain);
    executors.set(read.source, executor);
    executor.take(entry, read, isShown);
  }
  const byIndex = new Map<number, EvidenceEntry>();
  let chars = 0;
  for (const executor of executors.values())
    for (const entry of executor.finish()) {
      if (byIndex.has(entry.index)) continue;
      byIndex.set(entry.index, entry);
      chars += entry.body.length;
    }
  if (byIndex.size === 0) return err(problem("not-found", "The log holds no task of this scope."));
  if (byIndex.size > bounds.entries || chars > bounds.chars) return err(tooLarge(byIndex.size, bounds));
  return ok([...byIndex.values()].toSorted((a, b) => a.index - b.index));
}

export const tooLarge = (entries: number, { entries: most }: Pick<Bounds, "entries">): Problem =>
  problem("entry-too-large", `The evidence would hold ${entries} entries or more: choose a shorter period.`, {
    entries,
    most,
  });

/** Null for an entry that no executor wrote. */
function readOf(body: string): Read | null {
  try {
    const read = JSON.parse(body) as Read;
    return typeof read.source === "string" && read.source.startsWith("/executors/") ? read : null;
  } catch {
    return null;
  }
}
