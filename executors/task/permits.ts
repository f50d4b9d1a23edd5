/**
 * What an action needs beside a decision that allows it: permits of its capability's gate, and room under the aggregate limits of its
 * release. Pure: what is needed follows from state and release; the shell asks for it (executors/permits/) and comes back with what it got.
 *
 * P1  An action that needs permits is not claimed without them, nor with permits that were asked for something else or too long ago.
 * P2  A step that gets none says so in its record, with when it tries again; deadlines and a count end that.
 * P3  Where nothing is declared, nothing is asked: the hot path has no call.
 */
import { ceilingMs } from "../../shared/backoff.ts";
import type { StepDecision, UsedPermit } from "../../shared/events.ts";
import { policyFacts } from "../../shared/facts.ts";
import type { GateSettings } from "../../shared/gate-settings.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { limitDemands, mayBeLimited, type Demand } from "../../shared/policy/index.ts";
import type { Problem, ProblemCode } from "../../shared/problems.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Prepared } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { evidenceFacts } from "./evidence.ts";
import { fail, taskFacts } from "./endings.ts";
import { consentFacts } from "./subjects.ts";
import { isIdle, isLive, resultsOf, type StepState, type TaskState } from "./state.ts";

/** What a step asks for. */
export type Wanted = {
  readonly gate: GateSettings | null;
  readonly demands: readonly (Demand & { readonly approved: boolean })[];
  /** Only ask whether the limits would be exceeded: people decide about the step first. */
  readonly peek: boolean;
};

/** What the shell got for it. */
export type Permits = {
  readonly wanted: Wanted;
  readonly untilMs: number;
  readonly used: readonly UsedPermit[];
  /** Ids of limits that the action would exceed. */
  readonly exceeded: readonly string[];
};

/** Steps of an undo are exempt from stops: what was done must be possible to take back. No planner of today makes them. */
export const isUndo = (step: Pick<StepState, "undoes">): boolean => step.undoes !== null;

/** The gate of a step's capability as the release has it, or null. */
export const gateOf = (step: StepState, deps: TaskDeps): GateSettings | null =>
  deps.release.bundle.capabilities[step.capability]?.gate ?? null;

const isLimited = (step: StepState, deps: TaskDeps): boolean =>
  !isUndo(step) &&
  deps.registry.get(step.capability)?.kind !== "wait" &&
  mayBeLimited(deps.release.policy.limits, step.capability);

/** Whether the step may need permits: then it acts through an effect, never inside a round alone. */
export const mayNeedPermits = (step: StepState, deps: TaskDeps): boolean =>
  isLimited(step, deps) || (isGated(step, deps) && gateOf(step, deps) !== null);

/** Reads have passed the gate before they were read; what lives in the executor has none. */
const isGated = (step: StepState, deps: TaskDeps): boolean =>
  deps.registry.get(step.capability)?.kind === "external" &&
  deps.release.bundle.capabilities[step.capability]?.effect === "write";

/** Whether the gate is asked before the target is read. */
export const isGatedRead = (step: StepState, deps: TaskDeps): boolean =>
  deps.registry.get(step.capability)?.kind === "external" &&
  deps.release.bundle.capabilities[step.capability]?.effect === "read" &&
  gateOf(step, deps) !== null;

/** The limits that the action falls under. Errors: policy-denied where one cannot be evaluated. */
export function demandsOf(
  state: TaskState,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  deps: TaskDeps,
): Result<readonly Demand[]> {
  if (!isLimited(step, deps)) return ok([]);
  const { round, planner, agent, capability, provenance, claimedConfidence, classified, memory, toggles } = step;
  const facts = policyFacts(
    deps.release,
    taskFacts(state),
    {
      round,
      planner,
      agent,
      capability,
      args,
      provenance,
      claimedConfidence,
      classified,
      memory,
      toggles,
      results: resultsOf(state),
      preview: prepared?.preview ?? {},
      premises: (prepared?.premises ?? []).map((premise) => premise.class),
      consent: consentFacts(state, step, deps),
      ...evidenceFacts(state, step, deps.release, deps.nowMs),
    },
    deps.nowMs,
  );
  return limitDemands(deps.release.policy.limits, facts, deps.release.declarations);
}

/** What the step needs now; null for nothing. `isPending` where people have yet to decide. */
export function wantedOf(
  step: StepState,
  demands: readonly Demand[],
  isPending: boolean,
  deps: TaskDeps,
): Wanted | null {
  const gate = !isPending && isGated(step, deps) ? gateOf(step, deps) : null;
  if (gate === null && demands.length === 0) return null;
  const overrun = new Set(overrunsOf(step, deps));
  return {
    gate,
    demands: demands.map((demand) => ({ ...demand, approved: !isPending && overrun.has(demand.limit) })),
    peek: isPending,
  };
}

/** P1 */
export const permitsHold = (permits: Permits, wanted: Wanted, nowMs: number): boolean =>
  GUARDS["permit-not-over"](permits, nowMs) && GUARDS["permit-for-this"](permits, wanted);

/** Limits whose overrun the step's review was asked to cover. */
export const overrunsOf = (step: StepState, deps: TaskDeps): string[] =>
  step.review === null
    ? []
    : step.decision.reviews
        .map(({ rule }) => rule)
        .filter((rule) => deps.release.policy.limits.some(({ limit }) => limit.id === rule));

/** The decision with the reviews of limits that would be exceeded, once each and in the policy's order; or a denial. */
export function withExceeded(
  decision: StepDecision,
  exceeded: readonly string[],
  deps: Pick<TaskDeps, "release">,
): StepDecision {
  const limits = deps.release.policy.limits.map(({ limit }) => limit).filter(({ id }) => exceeded.includes(id));
  if (limits.length === 0 || decision.answer === "deny") return decision;
  const denying = limits.filter((limit) => limit.exceeded === "deny").map(({ id }) => id);
  if (denying.length > 0)
    return { ...decision, answer: "deny", final: true, rules: denying, reviews: [], byDefault: false };
  const known = new Set(decision.reviews.map(({ rule }) => rule));
  const reviews = limits.filter(({ id }) => !known.has(id)).map(({ id, reviewers }) => ({ rule: id, ...reviewers! }));
  const before = decision.answer === "review" ? decision.rules.filter((rule) => !exceeded.includes(rule)) : [];
  return {
    ...decision,
    answer: "review",
    rules: [...before, ...limits.map(({ id }) => id)].slice(0, LIMITS.decisionRules),
    reviews: [...decision.reviews, ...reviews].slice(0, LIMITS.decisionReviews),
    byDefault: false,
  };
}

/** P2: the step waits, visibly, and tries again by itself; after many times it ends. */
export function stepHeld(draft: Draft, stepId: string, why: Problem, retryAfterMs: number, deps: TaskDeps): void {
  const step = draft.state.steps.get(stepId);
  if (step === undefined || !isLive(draft.state, step) || !isIdle(step) || step.phase.at === "awaiting_review") return;
  if (step.holds >= LIMITS.stepHolds) return fail(draft, stepId, why);
  const policy = { baseMs: LIMITS.heldBaseMs, factor: 2, capMs: LIMITS.heldCapMs };
  const pause = Math.max(retryAfterMs, Math.floor(draft.chance() * ceilingMs(policy, Math.min(step.holds + 1, 30))));
  draft.details[stepId] = why.detail;
  draft.emit({
    type: "step-held",
    step: stepId,
    code: why.code,
    holds: step.holds + 1,
    retryAtMs: deps.nowMs + Math.ceil(pause),
  });
}

/** What is said of each reason to wait. */
export const heldBecause = (code: ProblemCode, capability: string): Problem => {
  switch (code) {
    case "breaker-open":
      return { code, detail: `${capability} failed too often and is left alone for a while.` };
    case "rate-exceeded":
      return { code, detail: `As many actions of ${capability} as its rate allows have started.` };
    case "concurrency-full":
      return { code, detail: `As many actions of ${capability} as may are under way.` };
    default:
      return { code, detail: "Whoever permits this action gave no answer; it is asked again." };
  }
};
