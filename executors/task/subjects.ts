/**
 * What data subjects have the last word on: a task whose subject was erased ends, and one whose purpose a subject has withdrawn consent to
 * does nothing more. Undo steps go on after a withdrawal: what was done must be possible to take back. After an erasure nothing is left to
 * take back with.
 */
import { problem, type Problem } from "../../shared/problems.ts";
import { GUARDS } from "../guards/index.ts";
import type { TaskDeps } from "./deps.ts";
import type { StepState, TaskState } from "./state.ts";

/** Who a task says has cancelled it when its subject was erased. */
export const BY_ERASURE = "subject-erased";

export const isErasedNow = (state: TaskState, deps: Pick<TaskDeps, "isErased">): boolean =>
  state.subjects.length > 0 && !GUARDS["subject-not-erased"](state.erased || deps.isErased(state.subjects));

/** What policy sees of consent at the moment of the act. Taking back needs none: of an undo both are true. */
export function consentFacts(
  { subjects, purpose }: TaskState,
  step: Pick<StepState, "undoes">,
  deps: TaskDeps,
): { readonly recorded: boolean; readonly given: boolean } {
  if (step.undoes !== null) return { recorded: true, given: true };
  const { recorded, given } = deps.consentOf(subjects, purpose);
  return { recorded, given };
}

/** Why this step must not be done any more: a subject keeps it from that, or its values are lost. Null where nothing does. Problems: subject-erased, consent-withdrawn, restored. */
export function refusedBySubject(state: TaskState, step: Pick<StepState, "undoes">, deps: TaskDeps): Problem | null {
  if (state.restored) return restored(state);
  if (state.subjects.length === 0) return null;
  if (isErasedNow(state, deps))
    return problem("subject-erased", "The person whom this is about was erased; nothing more is done.");
  if (step.undoes !== null || state.purpose === null) return null;
  const { withdrawn } = deps.consentOf(state.subjects, state.purpose);
  return GUARDS["consent-not-withdrawn"](withdrawn)
    ? null
    : problem("consent-withdrawn", `Consent to ${state.purpose} was withdrawn.`);
}

/** What is said of a task whose values were lost with its executor's storage. */
export const restored = ({ id }: TaskState): Problem =>
  problem("restored", "What this needs was lost when the executor was restored; a person has to look.", { task: id });

/** Why nothing more may be asked of a task; null where it may. Problems: subject-erased, restored. */
export const beyondReach = (state: TaskState): Problem | null =>
  state.erased ? erased(state) : state.restored ? restored(state) : null;

/** What a request into an erased task is answered: whether it is the same request as before, nobody can tell any more. */
export const erased = ({ id }: TaskState): Problem =>
  problem("subject-erased", "The person whom this task was about was erased.", { task: id });
