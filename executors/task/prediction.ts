/**
 * Predicted against actual: what a step's signed prediction says, and what was read back once the action was applied.
 *
 *  O4  Each prediction of an applied action gets one verdict, before its task ends: `matched`, `mismatched`, or `unobserved` with the reason.
 *  O5  A verdict changes nothing: not the action, not the steps after it, not how the task ends. The read-back may be repeated, the effect not.
 *      Neither a planner nor a target can say so much that the record of the action itself would not fit any more.
 *  O6  Only the fields that were predicted are kept, sealed beside the record; the record has their names where they differ.
 */
import { bindExpectation, differences } from "../../shared/expectation.ts";
import type { OutcomeVerdict } from "../../shared/events.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type ProblemCode } from "../../shared/problems.ts";
import { err, type Result } from "../../shared/result.ts";
import type { Capability } from "../adapters/types.ts";
import type { Draft } from "./draft.ts";
import { plainResults, type StepState, type TaskState } from "./state.ts";

/** `expect` null: the words were erased. */
export type Prediction = { readonly commitment: string; readonly expect: JsonObject | null };
export type Observed = {
  readonly verdict: OutcomeVerdict;
  readonly fields: readonly string[];
  readonly code: ProblemCode | null;
  /** What was expected and what was read, of the fields that were predicted; null where nothing was read. */
  readonly values: { readonly expected: Json; readonly observed: Json } | null;
  readonly atMs: number;
};

/** The action is applied, a prediction was signed with it, and nothing was read back yet. */
export const awaitsObservation = (step: StepState): boolean =>
  step.phase.at === "applied" && step.predicted !== null && step.observed === null;

/** Whether any step's outcome is still to be read: until then the task does not end (O4). */
export const isObserving = (state: TaskState): boolean => [...state.steps.values()].some(awaitsObservation);

export const notObservable = (): Result<never> =>
  err(problem("not-observable", "Nothing is read back after this capability's actions."));

/** What was read back of an applied step, or why nothing was. Changes nothing where a verdict stands already. */
export function stepObserved(draft: Draft, stepId: string, reading: Result<JsonObject>): void {
  const step = draft.state.steps.get(stepId);
  if (step === undefined || step.phase.at !== "applied" || !awaitsObservation(step)) return;
  const { commitment, expect } = step.predicted!;
  const from = {
    args: step.resolvedArgs ?? step.args,
    result: step.phase.result.value,
    results: plainResults(draft.state),
  };
  const expected =
    expect === null
      ? err(problem("disclosure-missing", "What was predicted was erased."))
      : bindExpectation(expect, from);
  const about = { type: "outcome-observed", step: stepId, action: step.action, predicted: commitment } as const;
  const unobserved = (code: ProblemCode): void =>
    draft.emit({ ...about, verdict: "unobserved", fields: [], values: null, code });
  if (!reading.ok) return unobserved(reading.problem.code);
  if (!expected.ok) return unobserved(expected.problem.code);
  const observed = Object.fromEntries(
    Object.entries(reading.value).filter(([field]) => Object.hasOwn(expected.value, field)),
  );
  if (JSON.stringify(observed).length > LIMITS.outcomeChars) return unobserved("task-limit");
  const fields = differences(expected.value, observed);
  draft.emit({
    ...about,
    verdict: fields.length === 0 ? "matched" : "mismatched",
    fields,
    values: draft.seal({ expected: expected.value, observed }),
    code: null,
  });
}

/**
 * After `step-applied`: the verdict, where it needs no I/O. `observed` is what the adapter read in the effect's own transaction; undefined
 * where it has read nothing, and then it is asked (`effectsOf`).
 */
export function observeApplied(
  draft: Draft,
  stepId: string,
  capability: Capability | undefined,
  observed: JsonObject | undefined,
): void {
  if (!awaitsObservation(draft.state.steps.get(stepId)!)) return;
  if (observed !== undefined) stepObserved(draft, stepId, { ok: true, value: observed });
  else if (!canObserve(capability)) stepObserved(draft, stepId, notObservable());
}

export const canObserve = (capability: Capability | undefined): boolean =>
  capability !== undefined && capability.kind !== "wait" && capability.observe !== undefined;
