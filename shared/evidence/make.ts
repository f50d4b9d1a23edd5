/** Makes evidence out of a whole log: chooses the entries and proves each of them towards the checkpoint. Pure; the log is read once. */
import { fromUtf8, toBase64 } from "../bytes.ts";
import { Entry } from "../entry.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { readCheckpointLines } from "../tlog/checkpoint.ts";
import { parseNote } from "../tlog/note.ts";
import { consistencyProof, hashAtLeaves, inclusionProof, leafHash } from "../tlog/tree.ts";
import type { Trust } from "../trust.ts";
import type { Evidence, EvidenceEntry, Scope } from "./evidence.ts";
import { FILE_BOUNDS, selectEntries } from "./select.ts";

/** What evidence says of itself, and the keys that it rests on. */
type About = { readonly tenant: string; readonly trust: Trust; readonly scope: Scope; readonly nowMs: number };
/** The part of evidence that comes out of the log. */
export type LogPart = Pick<Evidence, "checkpoint" | "entries" | "proofs">;

/**
 * @param log.trust what is pinned; only the tenant's own part goes into the evidence
 * @returns what `selectEntries` refuses with; note-malformed; proof-invalid where the entries are not as many as the checkpoint says
 */
export async function makeEvidence(
  log: About & {
    readonly checkpoint: string;
    readonly entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
    /** See `Bounds`. */
    readonly wholeChain?: number;
  },
): Promise<Result<Evidence>> {
  const { checkpoint, scope, wholeChain = FILE_BOUNDS.wholeChain } = log;
  const note = parseNote(checkpoint);
  const lines = note.ok ? readCheckpointLines(note.value.text) : note;
  if (!lines.ok) return lines;
  const { size } = lines.value;
  const leaves: Uint8Array[] = [];
  const selected = await selectEntries(hashing(log.entries, leaves), scope, { ...FILE_BOUNDS, wholeChain });
  if (!selected.ok) return selected;
  if (leaves.length !== size)
    return err(problem("proof-invalid", `There are ${leaves.length} entries, and the checkpoint says ${size}.`));
  const entries = selected.value;
  const hashAt = hashAtLeaves(leaves);
  const inclusion = entries.map(({ index }) => inclusionProof(index, size, hashAt).map(toBase64));
  const consistency = Object.fromEntries(
    seenSizes(entries, size).map((seen) => [String(seen), consistencyProof(seen, size, hashAt).map(toBase64)]),
  );
  return ok(evidenceOf(log, { checkpoint, entries, proofs: { inclusion, consistency } }));
}

/** Evidence out of its part of the log. */
export const evidenceOf = ({ tenant, trust, scope, nowMs }: About, part: LogPart): Evidence => ({
  about: { version: 1, tenant, scope, madeAtMs: nowMs },
  trust: { ...trust, tenants: { [tenant]: trust.tenants[tenant]! } },
  ...part,
});

async function* hashing(
  entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  leaves: Uint8Array[],
): AsyncGenerator<EvidenceEntry> {
  for await (const bytes of entries) {
    const index = leaves.push(leafHash(bytes)) - 1;
    yield { index, body: fromUtf8(bytes) ?? "" };
  }
}

/** The sizes of the newest checkpoints that executors wrote into the chosen entries: the log of `size` is to continue each of them. */
export function seenSizes(entries: readonly EvidenceEntry[], size: number): number[] {
  const sizeByExecutor = new Map<string, number>();
  for (const { body } of entries) {
    const entry = Entry.safeParse(JSON.parse(body));
    if (!entry.success || !("records" in entry.data.data)) continue;
    for (const { executor, events } of entry.data.data.records)
      for (const event of events) {
        if (event.type !== "checkpoint-seen") continue;
        const note = parseNote(event.note);
        const lines = note.ok ? readCheckpointLines(note.value.text) : note;
        if (lines.ok) sizeByExecutor.set(executor, lines.value.size);
      }
  }
  return [...new Set(sizeByExecutor.values())].filter((seen) => seen > 0 && seen <= size);
}
