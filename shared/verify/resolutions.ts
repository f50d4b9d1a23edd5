/** Whether a person's word on an effect in doubt may stand where it stands: signature, enrolment, attempt, role, separation of duty. */
import { LIMITS } from "../limits.ts";
import { openSignedByMember } from "../members.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { problem } from "../problems.ts";
import { Resolution, resolvingRoles } from "../resolution.ts";
import { err, ok, type Result } from "../result.ts";
import type { ExecutorState } from "./executor-events.ts";
import { holds, requestersOf, type EventOf, type StepState, type TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

/**
 * The signed resolution behind a `doubt-resolved` event, or the first reason why it may not stand there.
 * @param used ids of signatures that stood earlier in the log
 */
export async function checkResolution(
  event: EventOf<"doubt-resolved">,
  task: TaskState,
  step: StepState,
  atMs: number,
  trust: VerifierTrust,
  executor: ExecutorState,
  used: ReadonlySet<string>,
): Promise<Result<Resolution>> {
  const { anchor } = trust;
  const { envelope, chain } = event;
  const opened = await openSignedByMember(
    envelope,
    chain,
    Resolution,
    PAYLOAD_TYPES.resolution,
    anchor,
    atMs,
    executor.revoked,
  );
  if (!opened.ok) return opened;
  const { payload, member } = opened.value;
  if (payload.tenant !== anchor.tenant || payload.task !== task.task || payload.step !== event.step)
    return err(problem("audience-mismatch", "The resolution is for another tenant, task or step."));
  if (
    payload.action !== step.action ||
    payload.attempt !== (step.claim?.attempt ?? Math.max(1, step.attempts)) ||
    payload.digest !== step.digest
  )
    return err(problem("attestation-mismatch", "The resolution is over another action or attempt than was in doubt."));
  const agrees =
    payload.id === event.resolution &&
    payload.outcome === event.outcome &&
    payload.retry === event.retry &&
    payload.action === event.action &&
    payload.attempt === event.attempt &&
    member.member === event.member &&
    member.roles.join() === event.roles.join();
  if (!agrees) return err(problem("attestation-mismatch", "The event says something else than what was signed."));
  if (payload.outcome === "applied" && payload.retry)
    return err(problem("attestation-mismatch", "What was applied is not tried again."));
  if (used.has(payload.id)) return err(problem("replayed", "The resolution was used before."));
  if (payload.atMs > atMs + LIMITS.clockSkewMs)
    return err(problem("not-yet-valid", "The resolution is dated after it was used."));
  if (atMs >= payload.expiresMs + LIMITS.clockSkewMs) return err(problem("expired", "The resolution had expired."));
  if (requestersOf(task, event.step).includes(member.member))
    return err(problem("approver-is-requester", "Whoever asked resolved."));
  if (!resolvingRoles(step.decision.reviews).some((role) => holds(member.roles, role)))
    return err(problem("role-missing", "The member has none of the roles that may resolve this."));
  return ok(payload);
}
