/**
 * The last decision before an action: policy on the resolved values, then a denial, a review, or the act itself.
 *
 * E2 rests on this module: no path to `step-claimed` or to a resident `step-applied` leads around `decideAndAct`.
 */
import { renderTemplate } from "../../shared/capability.ts";
import { decideStep } from "../../shared/facts.ts";
import type { StepDecision, UsedPermit } from "../../shared/events.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Problem } from "../../shared/problems.ts";
import type { Demand } from "../../shared/policy/index.ts";
import type { Premise } from "../../shared/proposal.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { LIMITS } from "../../shared/limits.ts";
import { undoKey } from "../../shared/effect-keys.ts";
import type { ActionContext, Capability, Prepared } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import type { TaskDeps } from "./deps.ts";
import { deny, fail, taskFacts } from "./endings.ts";
import { evidenceFacts } from "./evidence.ts";
import type { Draft } from "./draft.ts";
import {
  demandsOf,
  heldBecause,
  isUndo,
  overrunsOf,
  type Permits,
  permitsHold,
  stepHeld,
  wantedOf,
  withExceeded,
} from "./permits.ts";
import { owedBy } from "./oversight.ts";
import { observeApplied } from "./prediction.ts";
import { movedPremise } from "./premises.ts";
import { isCovered, requestReview, staleApproval } from "./review.ts";
import { consentFacts, refusedBySubject } from "./subjects.ts";
import { startWait } from "./waits.ts";
import { resultsOf, type StepState, type TaskState } from "./state.ts";

/** The context that a capability acts in. `resumed`: an earlier call for this claim may have left. */
export const actionContext = (
  state: TaskState,
  step: StepState,
  deps: TaskDeps,
  resumed: boolean = false,
): ActionContext => ({
  tenant: deps.tenant,
  region: deps.region,
  task: state.id,
  step: step.id,
  capability: step.capability,
  action: step.action,
  attempt: step.attempts,
  effectKey: effectKeyOf(step, deps),
  ...(step.undoes === null ? {} : { undoes: { action: step.undoes.action, effectKey: step.undoes.effectKey } }),
  attestations: approvalsOf(step),
  premises: step.premises,
  resumed,
  traceparent: state.traceparent,
  deadlineMs: state.deadlineMs,
  nowMs: deps.nowMs,
  ...(step.predicted === null ? {} : { observes: true }),
});

/** Attestations that this act burns. */
const approvalsOf = (step: StepState): readonly string[] =>
  step.review?.approvals.map((approval) => approval.attestation) ?? [];

function effectKeyOf(step: StepState, deps: TaskDeps): string | null {
  const key = domainKey(step, deps);
  // Of an erased task the arguments are gone, and what the claim held is recorded.
  return key.ok ? key.value : step.effectKey;
}

/** The step's effect key, null where its contract has none. Errors: contract-violation, where the arguments give none. */
function domainKey(step: StepState, deps: TaskDeps): Result<string | null> {
  if (step.undoes !== null) return ok(undoKey(step.undoes.action));
  const template = deps.release.bundle.capabilities[step.capability]?.effectKey;
  return template === undefined ? ok(null) : renderTemplate(template, step.resolvedArgs ?? step.args);
}

/**
 * Decides a step whose arguments are resolved and whose target, where that is needed, was read.
 * Without `permits`, a step that needs some only says so (`draft.wanted`); it comes back with what it got.
 * Emits step-denied, review-requested, step-failed, step-held, step-claimed, or (resident capabilities and reads) step-applied.
 */
export function decideAndAct(
  draft: Draft,
  stepId: string,
  args: JsonObject,
  given: Prepared | null,
  deps: TaskDeps,
  permits: Permits | null = null,
): void {
  const before = draft.state.steps.get(stepId)!;
  const refusal = refusedBySubject(draft.state, before, deps);
  if (refusal !== null) return fail(draft, stepId, refusal);
  const capability = deps.registry.get(before.capability)!;
  const read = given === null ? readHere(draft, before, args, capability, deps) : ok(given);
  if (!read.ok) return fail(draft, stepId, read.problem);
  const prepared = read.value;
  const demands = demandsOf(draft.state, before, args, prepared, deps);
  const decision = limitedDecision(
    finalDecision(draft.state, before, args, prepared, deps),
    before,
    demands,
    permits?.exceeded ?? [],
    deps,
  );
  const isPending = decision.answer === "review" && !isCovered(before, decision);
  const wanted = demands.ok && decision.answer !== "deny" ? wantedOf(before, demands.value, isPending, deps) : null;
  if (wanted !== null && permits === null) return draft.want(stepId, wanted);
  if (before.review === null && !sameParts(before, args, prepared, decision)) {
    if (deps.release.policy.asksConsent) {
      const consent = { ...draft.facts?.consent, [stepId]: consentFacts(draft.state, before, deps) };
      draft.facts = { ...draft.facts, consent };
    }
    draft.emit({
      type: "step-resolved",
      step: stepId,
      args: draft.seal(args),
      preview: prepared === null ? null : draft.seal(prepared.preview),
      premises: [...(prepared?.premises ?? [])],
      tags: tagsOf(capability, args),
      decision,
    });
  }
  const step = draft.state.steps.get(stepId)!;
  if (decision.answer === "deny") return deny(draft, stepId, decision, deps);
  if (before.review !== null && permits !== null && permits.exceeded.length > 0)
    return fail(draft, stepId, exceededAfterReview(permits.exceeded));
  const stale = staleApproval(draft.state, step, args, prepared, decision, deps);
  if (stale !== null) return fail(draft, stepId, stale);
  if (isPending) return requestReview(draft, step, args, prepared, decision, deps);
  const stopped = stopOf(draft.state, step, deps);
  if (!GUARDS["claim-not-stopped"](stopped))
    return fail(draft, stepId, { code: "stopped", detail: `Stopped by ${stopped}.` });
  // P1. What is asked for was changed while it was asked: the step comes back at once.
  if (wanted !== null && !permitsHold(permits!, wanted, deps.nowMs))
    return stepHeld(draft, stepId, heldBecause("permit-unanswered", step.capability), 0, deps);
  // An object that knows less than the ledger may have done this already.
  if (deps.isBehind === true)
    return stepHeld(
      draft,
      stepId,
      {
        code: "chain-fork",
        detail: "The ledger knows more of this executor than it does itself; nothing is done meanwhile.",
      },
      LIMITS.heldCapMs,
      deps,
    );
  act(draft, step, args, prepared, capability, permits?.used ?? [], deps);
}

/** A step is reviewed once: what people decided did not include this overrun. */
const exceededAfterReview = (limits: readonly string[]): Problem => ({
  code: "limit-exceeded",
  detail: `While people decided, ${limits.join(", ")} was used up; propose it again.`,
});

/** The policy's decision and what the aggregate limits make of it. */
function limitedDecision(
  decision: StepDecision,
  step: StepState,
  demands: Result<readonly Demand[]>,
  exceeded: readonly string[],
  deps: TaskDeps,
): StepDecision {
  if (!demands.ok) {
    const rule = String(demands.problem.facts?.["rule"] ?? "");
    const errors = [`${rule}: cannot be evaluated`];
    return { ...decision, answer: "deny", final: true, rules: [rule], reviews: [], errors, byDefault: false };
  }
  return withExceeded(decision, [...overrunsOf(step, deps), ...exceeded], deps);
}

/** What a resident capability reads, in the decision that acts; null where it reads nothing. */
function readHere(
  draft: Draft,
  step: StepState,
  args: JsonObject,
  capability: Capability,
  deps: TaskDeps,
): Result<Prepared | null> {
  if (capability.kind !== "resident" || capability.prepare === null) return ok(null);
  const prepared = capability.prepare(args, actionContext(draft.state, step, deps), draft.records);
  const moved = prepared.ok ? movedPremise(step, prepared.value) : null;
  return moved === null ? prepared : err(moved);
}

/** The decision over everything that is known now; where nothing was left open at admission, that decision stands. */
function finalDecision(
  state: TaskState,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  deps: TaskDeps,
): StepDecision {
  const { asksConsent, asksEvidence, asksMemory } = deps.release.policy;
  const isFixed = step.decision.final && !asksConsent && !asksEvidence && !asksMemory;
  if (isFixed && prepared === null && args === step.args) return step.decision;
  const facts = {
    round: step.round,
    planner: step.planner,
    agent: step.agent,
    capability: step.capability,
    args,
    provenance: step.provenance,
    claimedConfidence: step.claimedConfidence,
    classified: step.classified,
    memory: step.memory,
    toggles: step.toggles,
    results: resultsOf(state),
    preview: prepared?.preview ?? {},
    premises: (prepared?.premises ?? []).map((premise) => premise.class),
    consent: consentFacts(state, step, deps),
    ...evidenceFacts(state, step, deps.release, deps.nowMs),
    ...(step.undoes === null ? {} : { undo: { of: step.undoes.capability, kind: step.undoes.kind } }),
  };
  const decision = decideStep(
    deps.release,
    taskFacts(state),
    facts,
    { args: true, preview: true, results: true },
    deps.nowMs,
  );
  // Everything is available now; a rule that still cannot answer is a rule that failed, and what fails denies.
  return decision.final ? decision : { ...decision, answer: "deny", final: true, byDefault: true };
}

const sameParts = (step: StepState, args: JsonObject, prepared: Prepared | null, decision: StepDecision): boolean =>
  prepared === null && args === step.args && decision === step.decision;

export function tagsOf(capability: Capability, args: JsonObject): string[] {
  return capability.contract.tags.flatMap((template) => {
    const rendered = renderTemplate(template, args);
    return rendered.ok ? [rendered.value] : [];
  });
}

/** The first stop in force that lets no action of this step be claimed. An undo is exempt. */
export function stopOf(state: TaskState, step: StepState, deps: TaskDeps): string | null {
  // U5: what stops new harm must not keep done harm from being undone.
  if (isUndo(step)) return null;
  return (
    deps.stoppedBy("tenant", deps.tenant) ??
    deps.stoppedBy("automation", state.automation) ??
    deps.stoppedBy("release", state.release) ??
    deps.stoppedBy("key", state.principal.key) ??
    deps.stoppedBy("key", step.agent) ??
    deps.stoppedBy("agent", step.agent) ??
    deps.stoppedBy("capability", step.capability)
  );
}

function act(
  draft: Draft,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  capability: Capability,
  used: readonly UsedPermit[],
  deps: TaskDeps,
): void {
  const context = actionContext(draft.state, step, deps);
  const tags = tagsOf(capability, args);
  const permits = used.length === 0 ? {} : { permits: [...used] };
  // Whoever leaves an optional argument out must not get around the key that keeps the same thing from being done twice.
  const key = domainKey(step, deps);
  if (!key.ok) return fail(draft, step.id, key.problem);
  if (capability.kind === "wait") return startWait(draft, step, args, capability, context.attestations, deps);
  const done = { args, capability, permits, deps };
  if (prepared?.outcome.kind === "read")
    return applied(draft, step, prepared.outcome.result, context, prepared.premises, tags, done);
  if (capability.kind === "resident") {
    const result = capability.apply(args, prepared, context, draft.records);
    if (!result.ok) return fail(draft, step.id, result.problem);
    return applied(draft, step, result.value, context, prepared?.premises ?? [], tags, done);
  }
  draft.emit({
    type: "step-claimed",
    step: step.id,
    action: step.action,
    delivery: capability.contract.delivery,
    effectKey: context.effectKey,
    attempt: step.attempts + 1,
    attestations: [...context.attestations],
    ...permits,
  });
}

/** What an applied action says of where it left things; null for a read. */
export const leftBy = (capability: Capability, args: JsonObject, result: Json): Premise[] | null =>
  capability.contract.effect === "read"
    ? null
    : [...(result === null ? [] : (capability.leaves?.(args, result) ?? []))];

export const reversibleUntil = (step: StepState, deps: TaskDeps): number | null =>
  step.undo === null || step.undo.windowMs === null ? null : deps.nowMs + step.undo.windowMs;

function applied(
  draft: Draft,
  step: StepState,
  result: Json,
  context: ActionContext,
  premises: Prepared["premises"],
  tags: string[],
  done: {
    readonly args: JsonObject;
    readonly capability: Capability;
    readonly permits: { readonly permits?: UsedPermit[] };
    readonly deps: TaskDeps;
  },
): void {
  draft.emit({
    type: "step-applied",
    step: step.id,
    action: step.action,
    effectKey: context.effectKey,
    result: draft.seal(result),
    premises: [...premises],
    attestations: [...context.attestations],
    tags,
    replayed: false,
    ...done.permits,
    left: leftBy(done.capability, done.args, result),
    reversibleUntilMs: reversibleUntil(step, done.deps),
    ...owedBy(draft.state, step, done.deps),
  });
  observeApplied(draft, step.id, done.capability, readBackHere(draft, done.capability, done.args, result));
}

/** What stands in the executor's own storage after the act, as the same transaction will write it. */
const readBackHere = (draft: Draft, capability: Capability, args: JsonObject, result: Json): JsonObject | undefined =>
  capability.kind === "resident" ? capability.observe?.(args, result, draft.records) : undefined;
