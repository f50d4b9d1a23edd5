/**
 * Resolutions: what a person signs to say what became of an effect in doubt. Binds the action, the signed step and the attempt, so that
 * a word about one attempt cannot be used for another.
 */
import * as z from "zod";
import { commit, type Disclosure } from "./commitments.ts";
import { Digest, RecordedStepId, TaskId, TenantId, toBase32 } from "./ids.ts";
import { Envelope } from "./signing.ts";
import type { DoubtView } from "./views.ts";

export const ResolutionId = z.string().regex(/^res_[a-z2-7]{26}$/);

export const Resolution = z.strictObject({
  version: z.literal(1),
  /** Chosen by the signer; single use. */
  id: ResolutionId,
  tenant: TenantId,
  task: TaskId,
  step: RecordedStepId,
  action: z.string().max(60),
  /** Digest of the signed step, as it stands in the plan. */
  digest: Digest,
  /** The claim that is in doubt. */
  attempt: z.int().min(1),
  outcome: z.enum(["applied", "not-applied"]),
  /** Whether another attempt follows `not-applied`; false with `applied`. */
  retry: z.boolean(),
  /** Commitment to the result that references will see; null for none. */
  result: z.string().max(60).nullable(),
  /** How the signer knows. */
  reason: z.string().min(1).max(1_000),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Resolution = z.infer<typeof Resolution>;

/** What a person found out about an effect in doubt; a result stands with `applied` alone. */
export type Finding = Pick<Resolution, "outcome" | "retry" | "reason"> & { readonly result: Disclosure | null };

/** The statement that a person signs about a doubt as it was shown to them. `random` is 16 bytes. */
export const resolutionOf = (
  { task, step, action, digest, attempt }: Pick<DoubtView, "task" | "step" | "action" | "digest" | "attempt">,
  tenant: string,
  { outcome, retry, result, reason }: Finding,
  { random, atMs, expiresMs }: { readonly random: Uint8Array; readonly atMs: number; readonly expiresMs: number },
): Resolution => ({
  version: 1,
  id: `res_${toBase32(random)}`,
  tenant,
  task,
  step,
  action,
  digest,
  attempt,
  outcome,
  retry,
  result: result === null ? null : commit(result.salt, result.value),
  reason,
  atMs,
  expiresMs,
});

/** As it travels: the signature, the enrolments that lead from its key to the root, and the value behind `result`. */
export const SignedResolution = z.strictObject({
  envelope: Envelope,
  chain: z.array(Envelope).max(3),
  result: z.strictObject({ salt: z.string().length(22), value: z.json() }).nullable(),
});
export type SignedResolution = z.infer<typeof SignedResolution>;

/**
 * Roles of which a signer needs one: `operator`, or a role that the step's own decision sent it to; `approver` where it named none.
 * @param reviews the reviews of the step's recorded decision
 */
export const resolvingRoles = (reviews: readonly { readonly role: string }[]): readonly string[] => [
  ...new Set(["operator", ...(reviews.length === 0 ? ["approver"] : reviews.map(({ role }) => role))]),
];
