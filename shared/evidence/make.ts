/** Makes evidence out of a whole log: chooses the entries and proves each of them towards the checkpoint. Pure; the log is read once. */
import { toBase64 } from "../bytes.ts";
import { Entry } from "../entry.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { readCheckpointLines } from "../tlog/checkpoint.ts";
import { parseNote } from "../tlog/note.ts";
import { consistencyProof, hashAtLeaves, inclusionProof, leafHash } from "../tlog/tree.ts";
import type { Trust } from "../trust.ts";
import type { Evidence, EvidenceEntry, Scope } from "./evidence.ts";
import { selectEntries } from "./select.ts";

/**
 * @param log.trust what is pinned; only the tenant's own part goes into the evidence
 * @returns what `selectEntries` refuses with; note-malformed; proof-invalid where the entries are not as many as the checkpoint says
 */
export async function makeEvidence(log: {
  readonly tenant: string;
  readonly trust: Trust;
  readonly checkpoint: string;
  readonly entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly scope: Scope;
  readonly nowMs: number;
  /** See `selectEntries`. */
  readonly wholeChain?: number;
}): Promise<Result<Evidence>> {
  const note = parseNote(log.checkpoint);
  const lines = note.ok ? readCheckpointLines(note.value.text) : note;
  if (!lines.ok) return lines;
  const { size } = lines.value;
  const leaves: Uint8Array[] = [];
  const selected = await selectEntries(hashing(log.entries, leaves), log.scope, log.wholeChain);
  if (!selected.ok) return selected;
  if (leaves.length !== size)
    return err(problem("proof-invalid", `There are ${leaves.length} entries, and the checkpoint says ${size}.`));
  const hashAt = hashAtLeaves(leaves);
  const proved = (proof: readonly Uint8Array[]): string[] => proof.map(toBase64);
  return ok({
    about: { version: 1, tenant: log.tenant, scope: log.scope, madeAtMs: log.nowMs },
    trust: { ...log.trust, tenants: { [log.tenant]: log.trust.tenants[log.tenant]! } },
    checkpoint: log.checkpoint,
    entries: selected.value,
    proofs: {
      inclusion: selected.value.map(({ index }) => proved(inclusionProof(index, size, hashAt))),
      consistency: Object.fromEntries(
        newestSeen(selected.value)
          .filter((seen) => seen > 0 && seen <= size)
          .map((seen) => [String(seen), proved(consistencyProof(seen, size, hashAt))]),
      ),
    },
  });
}

async function* hashing(
  entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  leaves: Uint8Array[],
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    leaves.push(leafHash(entry));
    yield entry;
  }
}

/** The size of the newest checkpoint that each executor wrote into the chosen entries. */
function newestSeen(entries: readonly EvidenceEntry[]): number[] {
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
  return [...new Set(sizeByExecutor.values())];
}
