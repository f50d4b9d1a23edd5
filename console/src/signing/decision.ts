/**
 * A person's decision about a review, from what is on screen to a signed envelope. Pure apart from the platform's cryptography.
 *
 * D1  Nothing is signed unless the digest over the parts that are shown equals the subject that the executor asks about.
 * D2  What is signed is the review object that was shown, never one that arrived since.
 * D3  The same decision about the same subject is one attestation: sending it again sends the same bytes.
 */
import { Attestation, subjectDigest } from "../../../shared/attestation.ts";
import { parseReviewId, toBase32 } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { signEnvelope, type Envelope } from "../../../shared/signing.ts";
import type { ReviewView } from "../../../shared/views.ts";

export type Decision =
  | { readonly decision: "approve"; readonly reason: null }
  | { readonly decision: "reject"; readonly reason: string };

/** A signed decision as this device keeps it until the executor has answered. */
export type Kept = {
  readonly review: string;
  readonly subject: string;
  readonly kid: string;
  readonly decision: Decision;
  readonly expiresMs: number;
  readonly envelope: Envelope;
};

/** What this device found when it recomputed the subject. */
export type SubjectCheck = { readonly matches: boolean; readonly computed: string };

/** D1: recomputes the subject from the parts. */
export function checkSubject(review: ReviewView): SubjectCheck {
  const computed = subjectDigest(review.parts);
  return { matches: computed === review.subject && parseReviewId(review.id)?.task === review.task, computed };
}

/**
 * The statement to sign. `random` is 16 bytes. Refuses with `attestation-mismatch` (D1), `review-not-waiting`, `review-expired`, and
 * `invalid-request` where a rejection has no reason.
 */
export function attestationFor(
  review: ReviewView,
  tenant: string,
  decision: Decision,
  nowMs: number,
  random: Uint8Array,
): Result<Attestation> {
  if (!checkSubject(review).matches)
    return err(
      problem("attestation-mismatch", "What is shown here is not what the executor asks about. Nothing was signed."),
    );
  if (review.status !== "waiting") return err(problem("review-not-waiting", `The review is ${review.status}.`));
  const expiresMs = Date.parse(review.expiresAt);
  if (nowMs >= expiresMs) return err(problem("review-expired", "The deadline of this review has passed."));
  if (decision.decision === "reject" && decision.reason.trim() === "")
    return err(problem("invalid-request", "A rejection needs a reason."));
  return ok(
    Attestation.parse({
      version: 1,
      id: `att_${toBase32(random)}`,
      tenant,
      task: review.task,
      step: review.step,
      review: review.id,
      subject: review.subject,
      decision: decision.decision,
      reason: decision.reason === null ? null : decision.reason.trim(),
      atMs: nowMs,
      // As long as the review itself: a quorum may complete only then.
      expiresMs,
    }),
  );
}

/** Whether a kept decision is the one that is asked for again (D3). */
export const isSameDecision = (
  kept: Kept,
  review: ReviewView,
  kid: string,
  decision: Decision,
  nowMs: number,
): boolean =>
  kept.review === review.id &&
  kept.subject === review.subject &&
  kept.kid === kid &&
  kept.decision.decision === decision.decision &&
  (kept.decision.reason?.trim() ?? null) === (decision.reason?.trim() ?? null) &&
  nowMs < kept.expiresMs;

/** Signs a decision, or answers the kept one where it is the same. */
export async function signDecision(
  review: ReviewView,
  tenant: string,
  signer: Signer,
  decision: Decision,
  kept: Kept | null,
  nowMs: number,
  random: Uint8Array,
): Promise<Result<Kept>> {
  const attestation = attestationFor(review, tenant, decision, nowMs, random);
  if (!attestation.ok) return attestation;
  if (kept !== null && isSameDecision(kept, review, signer.kid, decision, nowMs)) return ok(kept);
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.attestation,
    payload: attestation.value,
    signers: [signer],
  });
  return ok({
    review: review.id,
    subject: review.subject,
    kid: signer.kid,
    decision,
    expiresMs: attestation.value.expiresMs,
    envelope,
  });
}
