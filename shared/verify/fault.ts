/** What ends the following of a task: the first event that may not stand where it stands, and the checks that raise it. */
import type { CheckName, FindingCode } from "./checks.ts";
import type { ExecutorState } from "./executor-events.ts";
import type { Where } from "./findings.ts";
import type { StepPhase, StepState, TaskState } from "./task-state.ts";

/** What the record around an event says about it. */
export type At = { readonly where: Where; readonly atMs: number; readonly executor: ExecutorState };

/** One fault ends the following of its task (V3). Thrown below the task book, which catches it. */
export class Fault {
  readonly check: CheckName;
  readonly code: FindingCode;
  readonly detail: string;
  constructor(check: CheckName, code: FindingCode, detail: string) {
    this.check = check;
    this.code = code;
    this.detail = detail;
  }
}
export const misplaced = (detail: string): Fault => new Fault("actions", "order-invalid", detail);

export function stepOf(task: TaskState, id: string): StepState {
  const step = task.steps.get(id);
  if (step === undefined) throw misplaced("No plan of the task has this step.");
  return step;
}

export function allow(step: StepState, ...phases: readonly StepPhase[]): void {
  if (!phases.includes(step.phase)) throw misplaced(`The step is ${step.phase}.`);
}
