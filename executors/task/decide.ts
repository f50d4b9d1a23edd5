/**
 * decide(state, command, now) → events | refusal. Every way in which a task changes, as pure functions over a draft.
 * A refusal leaves the draft empty: nothing is written for it.
 */
import type { Attestation } from "../../shared/attestation.ts";
import type { Principal, StepDecision } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Member } from "../../shared/members.ts";
import { isRetryable, problem, type Problem } from "../../shared/problems.ts";
import type { Plan } from "../../shared/proposal.ts";
import type { Disclosure, Disclosures } from "../../shared/commitments.ts";
import type { Envelope } from "../../shared/signing.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Prepared } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import { decideAndAct } from "./act.ts";
import { advance, resolvedArgs } from "./advance.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { deny, fail } from "./endings.ts";
import { movedPremise } from "./premises.ts";
import { refused } from "./outcome.ts";
import type { Permits } from "./permits.ts";
import { isIdle, isLive, type StepState, type TaskState } from "./state.ts";
import { windowsToClose } from "./undo.ts";
import { endDueWait } from "./waits.ts";

/** What opening a task records. Everything in it was checked by the shell. */
export type Opening = {
  readonly automation: string;
  readonly release: string;
  readonly region: string;
  readonly input: Disclosure;
  readonly inputCommitment: string;
  readonly requestDigest: string;
  readonly principal: Principal;
  readonly trigger: { readonly kind: string; readonly id: string } | null;
  readonly purpose: string | null;
  readonly traceparent: string | null;
  /** Keys of the data subjects whom it is about. */
  readonly subjects?: readonly string[];
  /** Anomaly gates that send its writes to people. */
  readonly unusual?: readonly string[] | undefined;
};

/** A plan that passed admission (task/admit.ts): verified, disclosed, decided. */
export type AdmittedPlan = {
  readonly plan: Plan;
  readonly envelope: Envelope;
  readonly disclosures: Disclosures;
  readonly decisions: { readonly [step: string]: StepDecision };
  readonly provenance: { readonly [step: string]: { readonly [argument: string]: string } };
  readonly requestDigest: string;
  readonly requestKey: string;
  /** When it was decided. */
  readonly decidedMs: number;
};

/** Opens a task and, where a plan travels with it, admits that plan in the same record. */
export function openTask(draft: Draft, opening: Opening, admitted: AdmittedPlan | null, deps: TaskDeps): void {
  draft.requestDigest = opening.requestDigest;
  draft.values[opening.inputCommitment] = { salt: opening.input.salt, value: opening.input.value };
  draft.emit({
    type: "task-opened",
    automation: opening.automation,
    release: opening.release,
    region: opening.region,
    input: opening.inputCommitment,
    principal: opening.principal,
    trigger: opening.trigger,
    purpose: opening.purpose,
    traceparent: opening.traceparent,
    deadlineMs: deps.nowMs + deps.release.bundle.deadlines.taskMs,
    autonomy: {
      tier: deps.release.bundle.tier,
      reason: deps.release.bundle.tierReason ?? null,
      owner: deps.release.bundle.owner,
    },
    ...(deps.release.bundle.sla === undefined ? {} : { slaMs: deps.release.bundle.sla.cycleMs }),
    ...(opening.subjects === undefined || opening.subjects.length === 0 ? {} : { subjects: [...opening.subjects] }),
    ...(opening.unusual === undefined ? {} : { unusual: [...opening.unusual] }),
  });
  if (admitted !== null) admitPlan(draft, admitted, deps);
}

/**
 * Admits a plan into an open task: one plan per round, step names unique in the task.
 * Refuses with task-settled, round-closed, replayed, task-limit or plan-invalid.
 */
export function proposePlan(draft: Draft, admitted: AdmittedPlan, deps: TaskDeps): Result<"admitted" | "duplicate"> {
  const { state } = draft;
  const made = state.planByRequest.get(admitted.requestKey);
  if (made !== undefined)
    return GUARDS["request-same"](made.digest, admitted.requestDigest) ? ok("duplicate") : err(conflict());
  const refusal = refusePlan(state, admitted.plan);
  if (refusal !== null) return err(refusal);
  draft.requestDigest = admitted.requestDigest;
  draft.requestKey = admitted.requestKey;
  admitPlan(draft, admitted, deps);
  return ok("admitted");
}

export const conflict = (): Problem =>
  problem("idempotency-conflict", "This idempotency key was used with another request.");

function refusePlan(state: TaskState, plan: Plan): Problem | null {
  if (!GUARDS["task-takes-plans"](state)) return problem("task-settled", "The task takes no further plan.");
  if (!GUARDS["task-not-complete"](state))
    return problem("round-closed", "The last plan of this task was admitted already.");
  if (!GUARDS["round-not-used"](plan, state))
    return problem("round-closed", `Round ${plan.round} has its plan; the next is ${state.round + 1}.`, {
      next: state.round + 1,
    });
  if (!GUARDS["round-next"](plan, state))
    return problem("plan-invalid", `The next round is ${state.round + 1}.`, { next: state.round + 1 });
  if (plan.round > LIMITS.taskRounds) return problem("task-limit", `A task has at most ${LIMITS.taskRounds} rounds.`);
  if (!GUARDS["steps-limited"](plan, state))
    return problem("task-limit", `A task has at most ${LIMITS.taskSteps} steps.`);
  return GUARDS["step-new"](plan, state) ? null : problem("plan-invalid", "The task already has a step of this name.");
}

function admitPlan(draft: Draft, admitted: AdmittedPlan, deps: TaskDeps): void {
  Object.assign(draft.values, admitted.disclosures);
  draft.plan = admitted.plan;
  if (admitted.decidedMs !== deps.nowMs) draft.facts = { ...draft.facts, decidedMs: admitted.decidedMs };
  draft.emit({
    type: "plan-admitted",
    round: admitted.plan.round,
    plan: admitted.plan.plan,
    planner: admitted.plan.agent.planner,
    agent: admitted.plan.agent.id,
    last: admitted.plan.last,
    envelope: admitted.envelope,
    decisions: admitted.decisions,
    provenance: admitted.provenance,
  });
  draft.plan = undefined;
  for (const step of admitted.plan.steps) {
    const decision = admitted.decisions[step.id]!;
    if (decision.final && decision.answer === "deny") deny(draft, step.id, decision, deps);
  }
  advance(draft, deps);
}

/**
 * The target of a step was read, or could not be; null where there is nothing to read. Where the step needs permits, the first call leaves
 * them in `draft.wanted` and the second brings what was got.
 */
export function stepPrepared(
  draft: Draft,
  stepId: string,
  result: Result<Prepared | null>,
  deps: TaskDeps,
  permits: Permits | null = null,
): void {
  const step = draft.state.steps.get(stepId);
  if (step === undefined || !isLive(draft.state, step) || !isIdle(step) || isElsewhere(step.phase)) return;
  const args = resolvedArgs(draft.state, step, deps);
  if (!args.ok) fail(draft, stepId, args.problem);
  else if (!result.ok) refused(draft, step, { problem: result.problem, retry: isRetryable(result.problem.code) }, deps);
  else {
    const moved = result.value === null ? null : movedPremise(step, result.value);
    if (moved !== null) fail(draft, stepId, moved);
    else decideAndAct(draft, stepId, args.value, result.value, deps, permits);
  }
  advance(draft, deps);
}

/** Its target is not what it waits for. */
const isElsewhere = ({ at }: StepState["phase"]): boolean => at === "awaiting_review" || at === "waiting";

/**
 * A person's decision, verified by the shell. Refuses with review-not-waiting, review-expired, attestation-mismatch, approver-is-requester,
 * role-missing or already-decided; racing and repeated decisions are harmless.
 */
export function attest(
  draft: Draft,
  stepId: string,
  decision: Attestation,
  member: Member,
  signed: { envelope: Envelope; chain: readonly Envelope[] },
  deps: TaskDeps,
): Result<null> {
  const { state } = draft;
  const step = state.steps.get(stepId);
  const review = step?.review ?? null;
  if (step === undefined || review === null || !GUARDS["attestation-review"](decision, review.id))
    return err(problem("review-not-waiting", "There is no such review."));
  if (review.approvals.some((approval) => approval.attestation === decision.id)) return ok(null);
  if (!GUARDS["review-waits"](step.phase))
    return err(problem("review-not-waiting", `The review is ${review.status}.`, { status: review.status }));
  if (!GUARDS["review-in-time"](review, deps.nowMs))
    return err(problem("review-expired", "The deadline of this review has passed."));
  if (!GUARDS["attestation-subject"](decision, review) || !GUARDS["attestation-step"](decision, stepId))
    return err(problem("attestation-mismatch", "The signature is over something else than what waits here."));
  if (!GUARDS["not-by-requester"](member.member, requestersOf(state, step)))
    return err(problem("approver-is-requester", "Whoever asked for this may not decide it."));
  if (!GUARDS["approver-role"](member.roles, review.required))
    return err(
      problem("role-missing", `This decision needs the role ${review.required.map((r) => r.role).join(" or ")}.`),
    );
  if (!GUARDS["approver-once"](member.member, review.approvals))
    return err(problem("already-decided", "This person has decided already."));
  if (decision.reason !== null) draft.details[stepId] = decision.reason;
  draft.emit({
    type: "attested",
    step: stepId,
    review: review.id,
    attestation: decision.id,
    member: member.member,
    roles: [...member.roles],
    decision: decision.decision,
    envelope: signed.envelope,
    chain: [...signed.chain],
  });
  if (decision.decision === "reject") draft.emit({ type: "review-rejected", step: stepId, review: review.id });
  else if (isSatisfied(draft.state.steps.get(stepId)!))
    draft.emit({ type: "review-approved", step: stepId, review: review.id });
  advance(draft, deps);
  return ok(null);
}

/** The members who may not approve: whoever the task names as its requester or its cause, and whoever is behind the agent that proposed. */
export const requestersOf = (state: TaskState, step: StepState): string[] => [
  ...(state.principal.member === null ? [] : [state.principal.member]),
  ...(state.trigger?.kind === "person" ? [state.trigger.id] : []),
  ...(step.agentMember === null ? [] : [step.agentMember]),
];

function isSatisfied(step: StepState): boolean {
  const { required, approvals } = step.review!;
  return required.every((requirement) => GUARDS["review-quorum"](approvals, requirement));
}

/** Ends what is not under way; what is, ends as it ends. */
export function cancelTask(draft: Draft, by: string, deps: TaskDeps): Result<null> {
  if (draft.state.settled !== null)
    return draft.state.settled.status === "cancelled"
      ? ok(null)
      : err(problem("task-settled", `The task has ${draft.state.settled.status}.`));
  if (draft.state.cancelledBy === null) draft.emit({ type: "cancel-requested", by });
  advance(draft, deps);
  return ok(null);
}

/** Timers: a review's deadline, the task's deadline, the end of a pause. Early and doubled alarms change nothing. */
export function timePassed(draft: Draft, deps: TaskDeps): void {
  for (const step of windowsToClose(draft.state, deps.nowMs))
    draft.emit({ type: "reversal-window-closed", step: step.id });
  for (const step of draft.state.steps.values()) {
    if (!isLive(draft.state, step)) continue;
    if (step.phase.at === "awaiting_review" && deps.nowMs >= step.review!.expiresMs)
      draft.emit({ type: "review-expired", step: step.id, review: step.review!.id });
    else if (step.undoes === null && deps.nowMs >= draft.state.deadlineMs && isIdle(step))
      draft.emit({ type: "step-expired", step: step.id });
    else endDueWait(draft, step, deps);
  }
  advance(draft, deps);
}
