/** How a step ends without an effect, and what stands fixed for a task as policy sees it. */
import type { StepDecision } from "../../shared/events.ts";
import type { TaskFacts } from "../../shared/facts.ts";
import { whyDenied } from "../../shared/policy/index.ts";
import type { Problem } from "../../shared/problems.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import type { TaskState } from "./state.ts";

/** What stands fixed for a task, as policy sees it. */
export const taskFacts = (state: TaskState): TaskFacts => ({
  task: state.id,
  region: state.region,
  input: state.input.value,
  purpose: state.purpose,
  principal: state.principal,
  unusual: state.unusual,
});

/** Ends a step that policy denies. The rules' own words stand beside the record, as every other detail. */
export function deny(draft: Draft, step: string, decision: StepDecision, deps: TaskDeps): void {
  draft.details[step] = whyDenied(decision, deps.release.bundle.policy);
  draft.emit({ type: "step-denied", step, rules: decision.rules, byDefault: decision.byDefault });
}

/** Ends a step that did nothing. */
export function fail(draft: Draft, step: string, problem: Problem): void {
  draft.details[step] = problem.detail;
  draft.emit({ type: "step-failed", step, code: problem.code });
}
