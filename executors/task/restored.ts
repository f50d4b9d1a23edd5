/**
 * The end of a task whose values were lost when its executor was restored. What is known of it is the record: nothing of it is done again.
 *
 * L1  What was claimed and has no recorded outcome is in doubt, and only a person can say: what would be asked in is lost.
 * L2  What was not claimed fails with `restored`, and the task ends so; what it did is not taken back by itself.
 */
import { err } from "../../shared/result.ts";
import type { Draft } from "./draft.ts";
import { awaitsObservation, stepObserved } from "./prediction.ts";
import { isIdle, isLive, isQuiet, isTerminal, type StepState, type TaskState } from "./state.ts";
import { restored } from "./subjects.ts";

/** L1 */
export function endRestored(draft: Draft): void {
  const why = restored(draft.state);
  for (const { id } of draft.state.steps.values()) {
    const step = draft.state.steps.get(id)!;
    stepObserved(draft, id, err(why));
    const { phase } = step;
    if (!isUnanswered(step) || (phase.at !== "applying" && phase.at !== "in_doubt")) continue;
    draft.details[id] = why.detail;
    draft.emit({
      type: "step-in-doubt",
      step: id,
      action: step.action,
      attempt: phase.attempt,
      code: "restored",
      asked: phase.at === "in_doubt" ? phase.asked : 0,
      askAtMs: null,
      tags: [...step.tags],
    });
  }
}

/** Claimed, and somebody or something else than a person is still expected to answer. */
const isUnanswered = ({ phase }: StepState): boolean =>
  phase.at === "applying" || (phase.at === "in_doubt" && phase.askAtMs !== null);

/** Whether a restored task has anything that nobody has ended yet. */
export function hasLostSomethingToEnd(state: TaskState): boolean {
  if (!state.restored || isQuiet(state)) return false;
  const steps = [...state.steps.values()];
  return (
    steps.some((step) => awaitsObservation(step) || isUnanswered(step) || (isLive(state, step) && isIdle(step))) ||
    (state.settled === null && steps.every(({ phase }) => isTerminal(phase)))
  );
}
