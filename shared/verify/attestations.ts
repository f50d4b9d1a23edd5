/** Whether a person's decision may stand where it stands: signature, enrolment, subject, role, and the separation of duty. */
import { Attestation } from "../attestation.ts";
import { LIMITS } from "../limits.ts";
import { openSignedByMember } from "../members.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import type { ExecutorState } from "./executor-events.ts";
import {
  mayDecide,
  requestersOf,
  type Approval,
  type EventOf,
  type ReviewState,
  type TaskState,
} from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

/**
 * The approval that an `attested` event adds, or the first reason why it may not stand there.
 * @param used ids of attestations that stood earlier in the log
 */
export async function checkAttestation(
  event: EventOf<"attested">,
  task: TaskState,
  review: ReviewState,
  atMs: number,
  trust: VerifierTrust,
  executor: ExecutorState,
  used: ReadonlySet<string>,
): Promise<Result<Approval>> {
  const { anchor } = trust;
  const opened = await openSignedByMember(
    event.envelope,
    event.chain,
    Attestation,
    PAYLOAD_TYPES.attestation,
    anchor,
    atMs,
    executor.revoked,
  );
  if (!opened.ok) return opened;
  const { payload, member } = opened.value;
  const isOurs =
    payload.tenant === anchor.tenant &&
    payload.task === task.task &&
    payload.step === event.step &&
    payload.review === review.id;
  if (!isOurs || event.review !== review.id)
    return err(problem("audience-mismatch", "The attestation is for another tenant, task, step or review."));
  if (payload.subject !== review.subject)
    return err(problem("attestation-mismatch", "The signature is over something else than what waited."));
  if (
    payload.id !== event.attestation ||
    payload.decision !== event.decision ||
    member.member !== event.member ||
    !sameRoles(member.roles, event.roles)
  )
    return err(problem("attestation-mismatch", "The event says something else than what was signed."));
  if (used.has(payload.id)) return err(problem("replayed", "The attestation was used before."));
  if (payload.atMs > atMs + LIMITS.clockSkewMs)
    return err(problem("not-yet-valid", "The attestation is dated after it was used."));
  if (atMs >= payload.expiresMs + LIMITS.clockSkewMs) return err(problem("expired", "The attestation had expired."));
  if (atMs >= review.expiresMs) return err(problem("review-expired", "The review's deadline had passed."));
  if (requestersOf(task, event.step).includes(member.member))
    return err(problem("approver-is-requester", "Whoever asked decided."));
  if (!mayDecide(review.required, member.roles))
    return err(problem("role-missing", "The member has none of the roles that the review asks for."));
  if (review.approvals.some((approval) => approval.member === member.member))
    return err(problem("already-decided", "This member had decided already."));
  return ok({ attestation: payload.id, member: member.member, roles: member.roles });
}

const sameRoles = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((role, i) => role === b[i]);
