/**
 * What follows from a target's answer: applied, refused (proved not executed: only this is tried again), or in doubt (E5).
 *
 *  O1  An attempt in doubt is asked about under its own key, a bounded number of times, and never sent again where that could double it.
 *  O2  Only the answer for the attempt that is under way counts; what comes later or twice changes nothing.
 *  O3  Against a person's word, a late answer is recorded as a contradiction and changes nothing.
 */
import { pauseMs, type RetryPolicy } from "../../shared/backoff.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Disclosure } from "../../shared/commitments.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Problem } from "../../shared/problems.ts";
import type { Capability, Outcome, Prepared } from "../adapters/types.ts";
import { leftBy, reversibleUntil, tagsOf } from "./act.ts";
import { advance } from "./advance.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { owedBy } from "./oversight.ts";
import { observeApplied } from "./prediction.ts";
import { isCancelled, type StepState } from "./state.ts";

const DOUBT: RetryPolicy = {
  baseMs: LIMITS.doubtBaseMs,
  factor: 2,
  capMs: LIMITS.doubtCapMs,
  attempts: LIMITS.doubtAsks,
  totalMs: LIMITS.doubtTotalMs,
};

/** Whether the target can be asked what became of an action. */
export const canAsk = (capability: Capability | undefined): boolean =>
  capability?.kind === "external" && (capability.contract.delivery !== "at-most-once" || capability.reconcile !== null);

/** An adapter answered for the claim number `attempt` of a step. */
export function stepOutcome(
  draft: Draft,
  stepId: string,
  attempt: number,
  outcome: Outcome,
  prepared: Prepared | null,
  deps: TaskDeps,
): void {
  const step = draft.state.steps.get(stepId);
  if (step === undefined) return;
  const isUnderWay = step.phase.at === "applying" || step.phase.at === "in_doubt";
  if (!isUnderWay || step.attempts !== attempt) return contradicted(draft, step, attempt, outcome);
  switch (outcome.kind) {
    case "applied":
      applied(draft, step, outcome, prepared, deps);
      break;
    case "refused":
      // Another attempt reads the target again and decides again; an approval holds only if nothing it showed has changed.
      refused(draft, step, outcome, deps);
      break;
    case "in-doubt":
      return inDoubt(draft, step, outcome.problem, deps);
  }
  advance(draft, deps);
}

/** @param known a result that is committed to already */
export function applied(
  draft: Draft,
  step: StepState,
  outcome: { readonly result: Json; readonly replayed: boolean; readonly observed?: JsonObject | undefined },
  prepared: Prepared | null,
  deps: TaskDeps,
  known: (Disclosure & { readonly commitment: string }) | null = null,
): void {
  if (known !== null) draft.values[known.commitment] = { salt: known.salt, value: known.value };
  draft.emit({
    type: "step-applied",
    step: step.id,
    action: step.action,
    effectKey: step.effectKey,
    result: known?.commitment ?? draft.seal(outcome.result),
    premises: [...(prepared?.premises ?? step.premises)],
    attestations: step.review?.approvals.map((approval) => approval.attestation) ?? [],
    tags: tagsOf(deps.registry.get(step.capability)!, step.resolvedArgs ?? step.args),
    replayed: outcome.replayed,
    left: leftBy(deps.registry.get(step.capability)!, step.resolvedArgs ?? step.args, known?.value ?? outcome.result),
    reversibleUntilMs: reversibleUntil(step, deps),
    ...owedBy(draft.state, step, deps),
  });
  observeApplied(draft, step.id, deps.registry.get(step.capability), outcome.observed);
}

/** Proved not executed: tried again after a pause while the budgets of the step and of the task last, otherwise ended. */
export function refused(
  draft: Draft,
  step: StepState,
  why: { readonly problem: Problem; readonly retry: boolean; readonly retryAfterMs?: number },
  deps: TaskDeps,
): void {
  const { state } = draft;
  const pause =
    !why.retry || isCancelled(state, step) || state.retries >= LIMITS.taskRetries
      ? null
      : pauseMs(policyOf(step, deps), {
          tries: step.refusals + 1,
          elapsedMs: deps.nowMs - (step.refusedSinceMs ?? deps.nowMs),
          chance: draft.chance(),
          retryAfterMs: why.retryAfterMs,
        });
  const isInTime = pause !== null && (step.undoes !== null || deps.nowMs + pause < state.deadlineMs);
  draft.details[step.id] = why.problem.detail;
  draft.emit({
    type: "step-refused",
    step: step.id,
    code: why.problem.code,
    attempt: step.attempts,
    retryAtMs: isInTime ? deps.nowMs + pause : null,
  });
}

function policyOf(step: StepState, deps: TaskDeps): RetryPolicy {
  const declared = deps.release.bundle.capabilities[step.capability]?.retry;
  return {
    baseMs: LIMITS.retryBaseMs,
    factor: LIMITS.retryFactor,
    capMs: LIMITS.retryCapMs,
    attempts: declared?.attempts ?? LIMITS.effectAttempts,
    totalMs: declared?.totalMs ?? LIMITS.retryTotalMs,
  };
}

/** O1. The first doubt, or a question that brought no answer: the next question has its time, or a person has to say. */
function inDoubt(draft: Draft, step: StepState, why: Problem, deps: TaskDeps): void {
  const before = step.phase.at === "in_doubt" ? step.phase : null;
  // A person is asked already: a further late "I do not know" is no news.
  if (before !== null && before.askAtMs === null) return;
  const asked = before === null ? 0 : before.asked + 1;
  const pause = canAsk(deps.registry.get(step.capability))
    ? pauseMs(DOUBT, {
        tries: asked + 1,
        elapsedMs: before === null ? 0 : deps.nowMs - before.sinceMs,
        chance: draft.chance(),
      })
    : null;
  draft.details[step.id] = why.detail;
  draft.emit({
    type: "step-in-doubt",
    step: step.id,
    action: step.action,
    attempt: step.attempts,
    code: why.code,
    asked,
    askAtMs: pause === null ? null : deps.nowMs + pause,
    tags: tagsOf(deps.registry.get(step.capability)!, step.resolvedArgs ?? step.args),
  });
}

/** O3. Whoever decided decided with what was known; that the target says otherwise must not be lost. */
function contradicted(draft: Draft, step: StepState, attempt: number, outcome: Outcome): void {
  const { resolved } = step;
  if (resolved === null || resolved.attempt !== attempt || resolved.contradiction !== null) return;
  if (outcome.kind === "in-doubt" || (outcome.kind === "applied") === (resolved.outcome === "applied")) return;
  draft.emit({
    type: "answer-contradicted",
    step: step.id,
    action: step.action,
    attempt,
    resolution: resolved.resolution,
    answer: outcome.kind,
  });
}
