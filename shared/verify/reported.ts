/**
 * A reported outcome in the record: it must be of a task that was opened, and of its automation. Whether it is true nobody can verify. Of a
 * task that is over its id alone is kept (V4).
 */
import { Fault, misplaced, type At } from "./fault.ts";
import type { EventOf, TaskState } from "./task-state.ts";

export function checkReported(event: EventOf<"outcome-reported">, task: TaskState | undefined, at: At): void {
  if (task === undefined) return;
  const { automation, subjects } = task.opened;
  if (event.automation !== automation) throw misplaced("The reported outcome is of another automation.");
  if (subjects?.some((key) => at.executor.erased.has(key)) === true)
    throw new Fault("actions", "subject-erased", "An outcome was reported after the person was erased.");
}
