/**
 * A person's word on an effect in doubt, from what is on screen to a signed envelope. Pure apart from the platform's cryptography.
 *
 * N1  What is signed is the doubt that was shown when the form was opened: a word about one attempt is none about another.
 * N2  The same finding about the same attempt is one resolution: sending it again sends the same bytes.
 */
import { toBase64Url } from "../../../shared/bytes.ts";
import { SALT_BYTES } from "../../../shared/commitments.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { parseStrictJson, type Json } from "../../../shared/json.ts";
import type { Signer } from "../../../shared/keys.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { problem } from "../../../shared/problems.ts";
import { Resolution, resolutionOf, type Finding } from "../../../shared/resolution.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { signEnvelope, type Envelope } from "../../../shared/signing.ts";
import type { DoubtView } from "../../../shared/views.ts";

/** What the form holds: the result as text, because half a JSON is not a value. */
export type Draft = {
  readonly outcome: "applied" | "not-applied" | null;
  readonly retry: boolean;
  readonly result: string;
  readonly reason: string;
};
export const EMPTY_DRAFT: Draft = { outcome: null, retry: false, result: "", reason: "" };

/** A finding before its salt is drawn. */
export type Found = Omit<Finding, "result"> & { readonly result: { readonly value: Json } | null };

/** What a filled form says, or the first thing that it lacks: `invalid-request`, or `invalid-json` of the result. */
export function foundIn({ outcome, retry, result, reason }: Draft): Result<Found> {
  if (outcome === null) return err(problem("invalid-request", "Say whether it happened."));
  if (reason.trim() === "") return err(problem("invalid-request", "Say how you know."));
  const word = { outcome, retry: outcome === "not-applied" && retry, reason: reason.trim() };
  if (outcome === "not-applied" || result.trim() === "") return ok({ ...word, result: null });
  const value = parseStrictJson(result);
  return value.ok ? ok({ ...word, result: { value: value.value } }) : value;
}

/** A signed word as this device keeps it until the executor has answered. */
export type KeptResolution = {
  readonly action: string;
  readonly attempt: number;
  readonly kid: string;
  readonly finding: Finding;
  readonly expiresMs: number;
  readonly envelope: Envelope;
};

/** Whether a kept word is the one that is given again (N2). */
export const isSameWord = (
  kept: KeptResolution,
  doubt: Pick<DoubtView, "action" | "attempt">,
  kid: string,
  found: Found,
  nowMs: number,
): boolean =>
  kept.action === doubt.action &&
  kept.attempt === doubt.attempt &&
  kept.kid === kid &&
  kept.finding.outcome === found.outcome &&
  kept.finding.retry === found.retry &&
  kept.finding.reason === found.reason &&
  canonicalize(kept.finding.result?.value ?? null) === canonicalize(found.result?.value ?? null) &&
  (kept.finding.result === null) === (found.result === null) &&
  nowMs < kept.expiresMs;

/** Signs a word, or answers the kept one where it is the same. `random` draws so many bytes. */
export async function signResolution(
  doubt: DoubtView,
  tenant: string,
  signer: Signer,
  found: Found,
  kept: KeptResolution | null,
  nowMs: number,
  random: (bytes: number) => Uint8Array,
): Promise<KeptResolution> {
  if (kept !== null && isSameWord(kept, doubt, signer.kid, found, nowMs)) return kept;
  const result = found.result === null ? null : { salt: toBase64Url(random(SALT_BYTES)), value: found.result.value };
  const finding = { ...found, result };
  const expiresMs = nowMs + LIMITS.personSignatureMs;
  const payload = Resolution.parse(
    resolutionOf(doubt, tenant, finding, { random: random(16), atMs: nowMs, expiresMs }),
  );
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.resolution, payload, signers: [signer] });
  return { action: doubt.action, attempt: doubt.attempt, kid: signer.kid, finding, expiresMs, envelope };
}
