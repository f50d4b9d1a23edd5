/**
 * Undo (E6). The undo of an action is a step of its own, bound to the template that was signed with the action, and goes the way of every
 * step: policy, people, claim, effect, record.
 *
 *  U1  An action is undone at most once: while an undo is under way or applied, no other starts.
 *  U2  Compensation follows the reverse order of what was applied, one undo at a time, each durable before the next.
 *  U3  An undo that failed stops the compensation visibly: a person tries it again, did it by hand, or leaves the action as it is.
 *  U4  An undo relies on the versions at which its action left the records; where they have moved on it is refused.
 *  U5  Neither a stop, nor a cancellation, nor the task's deadline keeps an undo from running.
 */
import type { Envelope } from "../../shared/signing.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { bindUndo, undoneBy, undoStepId } from "../../shared/undo.ts";
import { GUARDS } from "../guards/index.ts";
import { reliesOn, type TakenBack } from "./relies.ts";
import { fail } from "./endings.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { isTerminal, isUnsuccessful, undoOf, type StepState, type TaskState } from "./state.ts";

export type UndoKind = "compensation" | "reversal";
/** Who asked for a reversal; null where it follows from the task's failure. */
export type UndoRequest = {
  readonly id: string;
  readonly by: string;
  readonly member: string | null;
  readonly envelope: Envelope;
  /** Later work of other tasks on the same records that was taken back. */
  readonly takenBack: readonly TakenBack[];
};

/**
 * Begins to undo an applied step. Refuses with not-reversible (nothing takes it back), not-applied, already-undone, or undo-attempts-spent.
 * An undo whose arguments cannot be bound begins and fails, so that it is seen.
 */
export function startUndo(
  draft: Draft,
  stepId: string,
  kind: UndoKind,
  request: UndoRequest | null,
  deps: TaskDeps,
): Result<null> {
  const refusal = wrongUndo(draft.state, stepId);
  if (refusal !== null) return err(refusal);
  const step = draft.state.steps.get(stepId)!;
  const before = undoOf(draft.state, stepId);
  const undo = undoStepId(stepId, before === null ? 1 : undoneBy(before.id)!.attempt + 1);
  const result = step.phase.at === "applied" ? step.phase.result.value : null;
  const bound = bindUndo(step.undo!, step.resolvedArgs ?? step.args, result);
  draft.emit({
    type: "undo-started",
    step: stepId,
    undo,
    kind,
    by: request?.by ?? "",
    member: request?.member ?? null,
    request: request?.id ?? null,
    args: draft.seal(bound.ok ? bound.value : {}),
    relies: reliesOn(draft.state, step, request?.takenBack ?? []),
    envelope: request?.envelope ?? null,
  });
  if (!bound.ok) fail(draft, undo, bound.problem);
  else {
    const checked = deps.release.declarations.capabilities.get(step.undo!.capability)!.input.check(bound.value);
    if (!checked.ok) fail(draft, undo, checked.problem);
  }
  return ok(null);
}

function wrongUndo(state: TaskState, stepId: string): Problem | null {
  const step = state.steps.get(stepId);
  if (step === undefined || step.undoes !== null) return problem("not-found", "There is no such step.");
  if (!GUARDS["undo-of-applied"](step.phase)) return problem("not-applied", "Only what was applied can be taken back.");
  if (step.undo === null)
    return problem("not-reversible", "Nothing in this task's release takes this action back.", {
      capability: step.capability,
    });
  const before = undoOf(state, stepId);
  if (before === null) return null;
  if (!GUARDS["undo-once"](!isUnsuccessful(before.phase)))
    return problem("already-undone", "This action is taken back already, or is being taken back.", {
      undo: before.id,
    });
  if (undoneBy(before.id)!.attempt >= LIMITS.undoAttempts)
    return problem("undo-attempts-spent", `This undo has failed ${LIMITS.undoAttempts} times.`);
  return null;
}

/** Whether the window in which a person may ask for the reversal of a step has passed, or there is none. */
export const isWindowClosed = (step: StepState, nowMs: number): boolean =>
  step.phase.at !== "applied" ||
  step.undo === null ||
  step.undo.windowMs === null ||
  step.windowClosed ||
  nowMs >= step.phase.atMs + step.undo.windowMs;

/** Applied steps whose window has passed without anybody saying so yet. */
export const windowsToClose = (state: TaskState, nowMs: number): StepState[] =>
  [...state.steps.values()].filter(
    (step) =>
      step.phase.at === "applied" &&
      step.undo !== null &&
      step.undo.windowMs !== null &&
      !step.windowClosed &&
      isWindowClosed(step, nowMs),
  );

/**
 * Takes the next step of a compensation (U2). Null while it goes on or waits for a person; otherwise what came of it: `incomplete` names an
 * action that stays, because nothing takes it back or a person left it so.
 */
export function compensate(draft: Draft, why: string, deps: TaskDeps): { readonly incomplete: string | null } | null {
  if (!draft.state.compensating) draft.emit({ type: "compensation-started", why });
  let incomplete: string | null = null;
  for (const step of changesToUndo(draft.state)) {
    const undo = undoOf(draft.state, step.id);
    if (step.undo === null) incomplete ??= step.id;
    else if (undo === null) {
      const started = startUndo(draft, step.id, "compensation", null, deps);
      if (!started.ok) incomplete ??= step.id;
      else return null;
    } else if (!isTerminal(undo.phase)) return null;
    else if (undo.phase.at === "applied") {
      // The next undo starts once this one is durable.
      if (undo.phase.seq >= draft.durableBelow) return null;
    } else if (undo.resolved?.outcome === "not-applied") incomplete ??= step.id;
    else return null;
  }
  return { incomplete };
}

/** What the task changed, the last change first. */
const changesToUndo = (state: TaskState): StepState[] =>
  [...state.steps.values()]
    .filter((step) => step.undoes === null && step.phase.at === "applied" && step.left !== null)
    .toSorted((a, b) => seqOf(b) - seqOf(a) || b.index - a.index);
const seqOf = (step: StepState): number => (step.phase.at === "applied" ? step.phase.seq : 0);

/** Whether a failed undo holds its task's compensation up until a person has decided (U3). */
export const stopsCompensation = (state: TaskState, step: StepState): boolean =>
  state.compensating &&
  state.settled === null &&
  step.undoes !== null &&
  isUnsuccessful(step.phase) &&
  step.resolved?.outcome !== "not-applied" &&
  undoOf(state, step.undoes.step)?.id === step.id;
