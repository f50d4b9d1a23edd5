/** One entry's place in the log: its bytes, its proof and the checkpoint, checked together. */
import { equalBytes, fromBase64, toBase64, utf8 } from "../bytes.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { openCheckpoint } from "../tlog/checkpoint.ts";
import { leafHash, verifyInclusion } from "../tlog/tree.ts";
import { readEntry } from "./entry-form.ts";
import { openLogCheckpoint } from "./open-checkpoint.ts";
import type { VerifierTrust } from "./trust.ts";

export type PlaceClaim = {
  readonly index: number;
  readonly size: number;
  /** Base64, as `proof` and what follows are in answers of the API. */
  readonly leafHash: string;
  readonly proof: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
};

export type Place = {
  readonly index: number;
  readonly size: number;
  readonly root: string;
  readonly leafHash: string;
  /** The log's key that signed: `name+hash`. */
  readonly key: string;
  /** Whether the entry itself was hashed here; otherwise only the server's word says what the leaf is of. */
  readonly hasEntry: boolean;
};

/**
 * Whether an entry stands where a proof says, in the log of a checkpoint that a pinned key signed.
 * @param body the entry's text, or null for whoever may not read it
 * @returns what `openLogCheckpoint` and `readEntry` refuse with; proof-invalid (another entry, index, size or tree)
 */
export async function verifyPlace(
  claim: PlaceClaim,
  body: string | null,
  trust: VerifierTrust,
): Promise<Result<Place>> {
  const opened = await openLogCheckpoint(claim.checkpoint, trust);
  if (!opened.ok) return opened;
  const { size, root } = opened.value;
  if (size !== claim.size) return err(problem("proof-invalid", "The proof is for another size than the checkpoint's."));
  const said = fromBase64(claim.leafHash);
  const leaf = body === null ? said : leafHash(utf8(body));
  if (said === null || leaf === null || !equalBytes(said, leaf))
    return err(problem("proof-invalid", "The leaf is not the hash of this entry."));
  if (body !== null) {
    const entry = readEntry(utf8(body), trust);
    if (!entry.ok) return entry;
  }
  const proof = claim.proof.map((hash) => fromBase64(hash) ?? new Uint8Array());
  const included = verifyInclusion({ leafHash: leaf, index: claim.index, size, root, proof });
  if (!included.ok)
    return err(problem("proof-invalid", "The proof does not lead from this entry to the root of the checkpoint."));
  for (const key of trust.logKeys)
    if ((await openCheckpoint(claim.checkpoint, key)).ok)
      return ok({
        index: claim.index,
        size,
        root: toBase64(root),
        leafHash: claim.leafHash,
        key: `${key.name}+${key.keyHash}`,
        hasEntry: body !== null,
      });
  return err(problem("key-unknown", "No key of the log is pinned."));
}
