/**
 * Attestations: what a person signs to approve or reject a step. The signature covers a subject digest over exactly what the executor
 * will do and exactly what was shown, so an approval of one thing cannot be used for another.
 */
import * as z from "zod";
import { digestOf } from "./canonical.ts";
import { Digest, ReviewId, RecordedStepId, TaskId, TenantId } from "./ids.ts";
import type { Json } from "./json.ts";
import { Envelope } from "./signing.ts";

export const Attestation = z.strictObject({
  version: z.literal(1),
  /** Chosen by the signer; single use: it is burned in the transaction of the effect. */
  id: z.string().regex(/^att_[a-z2-7]{26}$/),
  tenant: TenantId,
  task: TaskId,
  step: RecordedStepId,
  review: ReviewId,
  /** {@link subjectDigest} of what waits. */
  subject: Digest,
  decision: z.enum(["approve", "reject"]),
  reason: z.string().max(1_000).nullable(),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Attestation = z.infer<typeof Attestation>;

/** The parts that a decision binds. A reviewer's device receives them, shows `shown`, recomputes the digest and signs it. */
export type Subject = {
  /** Random, from the executor: hides low-entropy values behind the digest and makes each request for review distinct. */
  readonly challenge: string;
  /** Digest of the signed step, as it stands in the plan. */
  readonly step: string;
  /** Resolved arguments, in the clear. */
  readonly args: Json;
  readonly premises: Json;
  /** What the reviewer is shown: summary, changes, reason, rule. */
  readonly shown: Json;
};

/** H(step digest, resolved arguments, premises, what was shown). */
export const subjectDigest = (s: Subject): string =>
  digestOf({ version: 1, challenge: s.challenge, step: s.step, args: s.args, premises: s.premises, shown: s.shown });

/** A decision as it travels: the signed attestation and the enrolments that lead from its key to the root. */
export const SignedAttestation = z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3) });
export type SignedAttestation = z.infer<typeof SignedAttestation>;
