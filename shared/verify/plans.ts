/** Whether an admitted plan may stand where it stands: signature, audience, time, names, and a decision for each of its steps. */
import { proposalId, planId } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { problem } from "../problems.ts";
import { Plan } from "../proposal.ts";
import { err, ok, type Result } from "../result.ts";
import { openEnvelope } from "../signing.ts";
import type { ExecutorState } from "./executor-events.ts";
import type { EventOf, TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

/** The plan of the event's envelope, or the first reason why it may not stand in this task now. */
export async function checkPlan(
  event: EventOf<"plan-admitted">,
  task: TaskState,
  atMs: number,
  trust: VerifierTrust,
  executor: ExecutorState,
): Promise<Result<Plan>> {
  const opened = await openEnvelope(event.envelope, {
    payloadType: PAYLOAD_TYPES.plan,
    keys: trust.proposalKeys,
    schema: Plan,
  });
  if (!opened.ok) return opened;
  const { payload: plan, kids } = opened.value;
  const revoked = kids.find((kid) => executor.revoked.has(kid));
  if (revoked !== undefined) return err(problem("key-revoked", `The proposal key ${revoked} was revoked before.`));

  const { opened: intent } = task;
  const isOurs = plan.tenant === trust.anchor.tenant && plan.region === intent.region && plan.task === task.task;
  if (!isOurs || plan.automation !== intent.automation || plan.input !== intent.input)
    return err(problem("audience-mismatch", "The plan is for another tenant, region, task, automation or input."));
  if (plan.release !== intent.release)
    return err(problem("release-mismatch", "The plan names another release than the task."));
  if (atMs + LIMITS.clockSkewMs < plan.notBeforeMs)
    return err(problem("not-yet-valid", "The plan was admitted before it was valid."));
  if (atMs >= plan.expiresMs + LIMITS.clockSkewMs)
    return err(problem("expired", "The plan was admitted after it had expired."));

  const agrees =
    plan.round === event.round &&
    plan.plan === event.plan &&
    plan.last === event.last &&
    plan.agent.planner === event.planner &&
    plan.agent.id === event.agent;
  if (!agrees || plan.plan !== planId(task.task, plan.round))
    return err(problem("plan-mismatch", "The event says something else than the plan that it holds."));
  if (plan.round !== task.round + 1 || task.last)
    return err(problem("round-closed", `Round ${plan.round} does not follow round ${task.round}.`));
  return checkSteps(plan, event, task);
}

function checkSteps(plan: Plan, event: EventOf<"plan-admitted">, task: TaskState): Result<Plan> {
  const seen = new Set<string>();
  for (const [index, step] of plan.steps.entries()) {
    if (seen.has(step.id) || task.steps.has(step.id))
      return err(problem("plan-invalid", `Two steps of the task are named ${step.id}.`));
    if (step.proposal !== proposalId(task.task, plan.round, index))
      return err(problem("plan-invalid", `The proposal id of ${step.id} does not follow from its place.`));
    if (step.after.some((id) => !seen.has(id)))
      return err(problem("plan-invalid", `${step.id} waits for a step that does not come before it.`));
    if (!Object.hasOwn(event.decisions, step.id))
      return err(problem("plan-mismatch", `There is no decision about ${step.id}.`));
    seen.add(step.id);
  }
  return Object.keys(event.decisions).length === seen.size
    ? ok(plan)
    : err(problem("plan-mismatch", "There is a decision about a step that the plan does not have."));
}
