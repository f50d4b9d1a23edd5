/** A request to take an applied action back, verified by the shell: the undo begins, inside its window or where a compensation waits for a person. */
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { GUARDS } from "../guards/index.ts";
import { advance } from "./advance.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { undoOf, type StepState, type TaskState } from "./state.ts";
import { isWindowClosed, startUndo, stopsCompensation, type UndoRequest } from "./undo.ts";

/**
 * The same request again changes nothing, also when its undo has failed since.
 * Refuses with not-found, task-not-settled, reversal-window-closed, not-applied, not-reversible, already-undone or undo-attempts-spent.
 */
export function reverseTask(draft: Draft, stepId: string, request: UndoRequest, deps: TaskDeps): Result<null> {
  const { state } = draft;
  const step = state.steps.get(stepId);
  if (step === undefined || step.undoes !== null) return err(problem("not-found", "There is no such step."));
  const requests = [...state.steps.values()].map(({ undoes }) => undoes?.request ?? null);
  if (!GUARDS["reversal-new"](request.id, requests)) return ok(null);
  const refusal = notNow(state, step, deps.nowMs);
  if (refusal !== null) return err(refusal);
  const begun = startUndo(draft, stepId, "reversal", request, deps);
  if (begun.ok) advance(draft, deps);
  return begun;
}

function notNow(state: TaskState, step: StepState, nowMs: number): Problem | null {
  if (state.settled === null) {
    const failed = undoOf(state, step.id);
    // U2: of a compensation only the undo that stops it is tried again, whatever the window says.
    if (failed !== null && (stopsCompensation(state, failed) || failed.phase.at === "applied")) return null;
    return problem("task-not-settled", "Actions of a task are taken back once it has ended.");
  }
  // What is taken back already, or cannot be, is said by its own name whatever the time.
  if (step.phase.at !== "applied" || step.undo === null || isTakenBack(state, step.id)) return null;
  if (GUARDS["reversal-in-window"](isWindowClosed(step, nowMs))) return null;
  return problem(
    "reversal-window-closed",
    step.undo.windowMs === null
      ? "This automation gives no time in which an action may be reversed."
      : "The time in which this action could be reversed is over.",
  );
}

function isTakenBack(state: TaskState, step: string): boolean {
  return undoOf(state, step)?.phase.at === "applied";
}
