/**
 * Which entries of a log are the evidence of a task or a period: the deliveries with records of its tasks, everything that the same executor
 * wrote between them, so that nothing can be left out unseen, and what its tasks rest on from before: releases, stops, revoked keys, erasures, consent and epochs.
 *
 * S1  A delivery (the records of one executor and the statement that signs for them) is taken whole, with the statement before it.
 * S2  Between the first and the last delivery of an executor's shown tasks nothing is left out; of a task that goes on, nothing up to the end.
 * S3  A short chain is taken from its first record.
 */
import { fromUtf8 } from "../bytes.ts";
import { ENTRY_TYPES } from "../entry.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
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

  constructor(wholeChain: number) {
    this.#wholeChain = wholeChain;
  }

  take(entry: EvidenceEntry, read: Read, isShown: (task: string, opens: boolean, atMs: number) => boolean): void {
    this.#delivery.entries.push(entry);
    for (const { task, atMs, events } of read.data.records ?? []) {
      if (task === null) this.#delivery.isLasting ||= events.some(({ type }) => LASTING.has(type));
      else if (isShown(task, events[0]?.type === "task-opened", atMs)) {
        this.#delivery.isShown = true;
        this.#open.add(task);
        if (events.some(({ type }) => type === "task-settled")) this.#open.delete(task);
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

/**
 * The entries of the scope, in the order of the log.
 * @param wholeChain entries before the first shown one, up to which a chain is taken from its first record
 * @returns not-found where no task of the scope is in the log; entry-too-large where the evidence would pass its limits.
 */
export async function selectEntries(
  entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  scope: Scope,
  wholeChain: number = LIMITS.evidenceWholeChain,
): Promise<Result<EvidenceEntry[]>> {
  const executors = new Map<string, Executor>();
  const shown = new Set<string>(scope.kind === "task" ? [scope.task] : []);
  const isShown = (task: string, opens: boolean, atMs: number): boolean => {
    if (scope.kind === "period" && opens && atMs >= scope.fromMs && atMs < scope.toMs) shown.add(task);
    return shown.has(task);
  };
  let index = 0;
  for await (const bytes of entries) {
    const body = fromUtf8(bytes) ?? "";
    const read = readOf(body);
    if (read !== null) {
      const executor = executors.get(read.source) ?? new Executor(wholeChain);
      executors.set(read.source, executor);
      executor.take({ index, body }, read, isShown);
    }
    index += 1;
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
  if (byIndex.size > LIMITS.evidenceEntries || chars > LIMITS.evidenceChars)
    return err(
      problem("entry-too-large", `The evidence would hold ${byIndex.size} entries: choose a shorter period.`, {
        entries: byIndex.size,
        most: LIMITS.evidenceEntries,
      }),
    );
  return ok([...byIndex.values()].toSorted((a, b) => a.index - b.index));
}

/** Null for an entry that no executor wrote. */
function readOf(body: string): Read | null {
  try {
    const read = JSON.parse(body) as Read;
    return typeof read.source === "string" && read.source.startsWith("/executors/") ? read : null;
  } catch {
    return null;
  }
}
