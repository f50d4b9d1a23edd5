/**
 * Batches: which of the waiting deliveries join the log next, and what the log is afterwards. Pure.
 *
 * Recovery needs no code of its own: after a lost answer the same deliveries are cut again against what the database holds, and those
 * that had landed come out as repeats.
 */
import { GENESIS_HASH } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { sha256Hex } from "../shared/sha256.ts";
import type { ArrivedEntry, Arrival } from "./arrival.ts";
import { GUARDS } from "./guards.ts";

/** The last record of an executor's chain that the log holds. */
export type Cursor = { readonly seq: number; readonly hash: string };
export const NO_RECORDS: Cursor = { seq: 0, hash: GENESIS_HASH };

export type Place =
  /** Continues the chain: its entries join the log. */
  | { readonly at: "next" }
  /** Ends where the log stands, with the same hash: nothing is written. */
  | { readonly at: "repeat" }
  /** Ends before where the log stands: what is recorded there decides. */
  | { readonly at: "older" }
  | { readonly at: "refused"; readonly problem: Problem };

const refused = (p: Problem): Place => ({ at: "refused", problem: p });

/** Where a delivery stands relative to its executor's cursor. Refuses with chain-gap (`facts.cursor`: deliver from the record after it) or chain-fork. */
export function placeOf(
  cursor: Cursor,
  { from, to, prev, head }: Pick<Arrival, "from" | "to" | "prev" | "head">,
): Place {
  if (to < cursor.seq) return { at: "older" };
  if (to === cursor.seq) return GUARDS["delivery-repeats"](head, cursor.hash) ? { at: "repeat" } : refused(fork(to));
  if (!GUARDS["delivery-follows"](from, cursor.seq))
    return refused(
      problem("chain-gap", `The ledger holds this chain up to record ${cursor.seq}.`, { cursor: cursor.seq }),
    );
  return GUARDS["delivery-continues"](prev, cursor.hash) ? { at: "next" } : refused(fork(cursor.seq));
}

export const fork = (seq: number): Problem =>
  problem("chain-fork", `Another record ${seq} of this chain is recorded.`, { seq });

/** What a cut found out about one waiting delivery. */
export type Placed<Waiting> = { readonly waiting: Waiting; readonly place: Place };

export type Cut<Waiting> = {
  readonly placed: readonly Placed<Waiting>[];
  /** Entries that join the log, in order, with their executor. */
  readonly entries: readonly (ArrivedEntry & { readonly executor: string })[];
  readonly leaves: readonly Uint8Array[];
  /** New cursors of the executors that the batch moves. */
  readonly moved: ReadonlyMap<string, Cursor>;
};

/**
 * Takes deliveries in their order until the batch is full, at least one. Each is placed behind those before it, so several deliveries
 * of one executor may share a batch. A delivery whose checkpoint is larger than this log (`size`) is refused: the log has lost its end.
 */
export function cut<Waiting extends { readonly arrival: Arrival }>(
  queue: readonly Waiting[],
  cursors: ReadonlyMap<string, Cursor>,
  size: number,
): Cut<Waiting> {
  const placed: Placed<Waiting>[] = [];
  const entries: (ArrivedEntry & { executor: string })[] = [];
  const leaves: Uint8Array[] = [];
  const moved = new Map<string, Cursor>();
  let chars = 0;

  for (const waiting of queue) {
    const { arrival } = waiting;
    const { executor } = arrival;
    if (
      placed.length > 0 &&
      (entries.length + arrival.entries.length > LIMITS.batchEntries || chars + arrival.chars > LIMITS.batchChars)
    )
      break;
    const place = GUARDS["log-not-shorter"](arrival.seenSize, size)
      ? placeOf(moved.get(executor) ?? cursors.get(executor) ?? NO_RECORDS, arrival)
      : refused(
          problem("checkpoint-inconsistent", "The log is smaller than a checkpoint that this executor verified.", {
            size,
            seenSize: arrival.seenSize,
          }),
        );
    placed.push({ waiting, place });
    if (place.at !== "next") continue;
    chars += arrival.chars;
    moved.set(executor, { seq: arrival.to, hash: arrival.head });
    arrival.entries.forEach((entry, i) => {
      entries.push({ ...entry, executor });
      leaves.push(arrival.leaves.subarray(i * 32, (i + 1) * 32));
    });
  }
  return { placed, entries, leaves, moved };
}

/** The head of a log: its newest batch. */
export type Head = {
  readonly seq: number;
  readonly hash: string;
  readonly size: number;
  /** Root of the tree, base64. */
  readonly root: string;
  /** The signed checkpoint. */
  readonly note: string;
};

/** The hash of a batch: names its predecessor, so a tenant's batches form one chain. `prevHash` is null for the first. */
export const batchHash = (tenant: string, seq: number, prevHash: string | null, size: number, root: string): string =>
  sha256Hex(`countersign-batch-v1\n${tenant}\n${seq}\n${prevHash ?? ""}\n${size}\n${root}\n`);
