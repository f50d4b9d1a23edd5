/** Opens a signed checkpoint with the pinned keys of the log. */
import { problem } from "../problems.ts";
import { err, type Result } from "../result.ts";
import { openCheckpoint, type OpenedCheckpoint } from "../tlog/checkpoint.ts";
import type { VerifierTrust } from "./trust.ts";

/**
 * The checkpoint that one of the log's keys signed.
 * @returns note-malformed, signature-invalid, key-unknown, audience-mismatch: the strongest refusal of any key.
 */
export async function openLogCheckpoint(
  note: Uint8Array | string,
  trust: VerifierTrust,
): Promise<Result<OpenedCheckpoint>> {
  let refusal: Result<OpenedCheckpoint> = err(problem("key-unknown", "No key of the log is pinned."));
  for (const key of trust.logKeys) {
    const opened = await openCheckpoint(note, key);
    if (opened.ok) return opened;
    // A false signature of a pinned key says more than the absence of another pinned key's.
    if (refusal.ok || refusal.problem.code === "key-unknown") refusal = opened;
  }
  return refusal;
}
