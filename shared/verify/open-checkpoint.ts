/** Opens a signed checkpoint with the pinned keys of the log. */
import { toBase64Url } from "../bytes.ts";
import { keyId } from "../keys.ts";
import { problem } from "../problems.ts";
import { err, type Result } from "../result.ts";
import { openCheckpoint, type OpenedCheckpoint } from "../tlog/checkpoint.ts";
import type { VerifierTrust } from "./trust.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * The checkpoint that one of the log's keys signed. While a key is being replaced two of them sign, and one that counts is enough.
 * @param revoked ids of keys that were revoked before the place where the checkpoint stands
 * @returns note-malformed, signature-invalid, key-unknown, key-revoked, audience-mismatch: the strongest refusal of any key.
 */
export async function openLogCheckpoint(
  note: Uint8Array | string,
  trust: Pick<VerifierTrust, "logKeys">,
  revoked: ReadonlySet<string> = NONE,
): Promise<Result<OpenedCheckpoint>> {
  let refusal: Result<OpenedCheckpoint> = err(problem("key-unknown", "No key of the log is pinned."));
  for (const key of trust.logKeys) {
    const kid = keyId({ x: toBase64Url(key.publicKey) });
    const opened = await openCheckpoint(note, key);
    if (opened.ok && !revoked.has(kid)) return opened;
    // A false signature of a pinned key, or one of a revoked key, says more than the absence of another pinned key's.
    if (opened.ok) refusal = err(problem("key-revoked", `The checkpoint key ${kid} was revoked before.`));
    else if (refusal.ok || refusal.problem.code === "key-unknown") refusal = opened;
  }
  return refusal;
}
