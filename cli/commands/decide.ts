/**
 * `countersign approve ID` and `countersign reject ID`: shows exactly what will be signed, recomputes its digest, and signs with a key of
 * this device. What the server calls the subject is believed only when it is the digest of what was shown here.
 */
import { subjectDigest, type Attestation } from "../../shared/attestation.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { ReviewView } from "../../shared/views.ts";
import type { Answer, Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { deviceKey, newAttestationId, signerOf } from "../signing.ts";
import { reviewText } from "../views/review.ts";
import { status } from "../views/task.ts";

const signingKey = {
  type: "string",
  valueHint: "FILE",
  description: "Private JWK that signs (COUNTERSIGN_SIGNING_KEY); else the development approver's",
} as const;
const yes = { type: "boolean", description: "Sign without asking" } as const;

export const approve: Command = {
  name: "approve",
  summary: "Shows a review and signs its approval.",
  args: {
    id: { type: "positional", description: "The review" },
    yes,
    reason: { type: "string", description: "A remark for the record" },
    "signing-key": signingKey,
  },
  examples: ["countersign approve rev_eu_2_…", "countersign approve rev_eu_2_… --yes --signing-key ~/.keys/ada.json"],
  run: (call) => decide(call, "approve", call.args.text("reason") ?? null),
};

export const reject: Command = {
  name: "reject",
  summary: "Signs the rejection of a review, with a reason.",
  args: {
    id: { type: "positional", description: "The review" },
    reason: { type: "string", description: "Why not" },
    yes,
    "signing-key": signingKey,
  },
  examples: [`countersign reject rev_eu_2_… --reason "the customer withdrew"`],
  run: (call) => decide(call, "reject", call.args.required("reason")),
};

async function decide(call: Call, decision: Attestation["decision"], reason: string | null): Promise<Result<Answer>> {
  const key = deviceKey(call, "approver", "admin");
  const client = call.client("approver", "operator", "admin");
  if (!client.ok) return client;
  const tenant = await call.tenant(client.value);
  if (!tenant.ok) return tenant;
  const review = await client.value.readReview(call.args.text("id")!);
  if (!review.ok) return review;
  const refusal = refuse(review.value, call.args.text("id")!);
  if (refusal !== null) return refusal;
  if (!(await isConfirmed(call, review.value, decision)))
    return err(problem("review-not-waiting", "Nothing was signed."));

  const nowMs = call.platform.nowMs();
  const attestation: Attestation = {
    version: 1,
    id: newAttestationId(call),
    tenant: tenant.value,
    task: review.value.task,
    step: review.value.step,
    review: review.value.id,
    subject: review.value.subject,
    decision,
    reason,
    atMs: nowMs,
    expiresMs: nowMs + LIMITS.personSignatureMs,
  };
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.attestation,
    payload: attestation,
    signers: [await signerOf(key)],
  });
  const decided = await client.value.decideReview(review.value.id, { envelope });
  if (!decided.ok) return decided;
  // The own word counts, and others are missing: "waiting" alone reads as if nothing had happened.
  const others = decided.value.status === "waiting" ? "  your approval is recorded; more are needed" : "";
  return ok({ json: decided.value, text: `${decided.value.id}  ${status(decided.value.status)}${others}` });
}

function refuse(review: ReviewView, asked: string): Result<Answer> | null {
  if (review.id !== asked)
    return err(problem("attestation-mismatch", "The server answered with another review. Nothing was signed."));
  if (review.status !== "waiting")
    return err(problem("review-not-waiting", `The review is ${review.status}.`, { status: review.status }));
  // Exactly what is shown is what is signed: a server that shows one thing and names the digest of another is refused here.
  if (subjectDigest(review.parts) !== review.subject)
    return err(
      problem(
        "attestation-mismatch",
        "What the server shows is not what it asks to sign: the digests differ. Nothing was signed.",
      ),
    );
  return null;
}

async function isConfirmed(call: Call, review: ReviewView, decision: Attestation["decision"]): Promise<boolean> {
  const text = reviewText(review);
  if (call.args.flag("yes")) {
    call.note(text);
    return true;
  }
  if (!call.platform.isInteractive)
    throw new UsageError("Nobody can be asked here: read it with `countersign reviews ID`, then add --yes.");
  call.note(text);
  return /^y(es)?$/i.test((await call.platform.ask(`\nSign: ${decision}? [y/N] `)).trim());
}
