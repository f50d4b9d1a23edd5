/**
 * What an automatic write owes to people afterwards: a notice where policy or the tier said so, and a judgement where it was drawn for the audit
 * sample. What people approved owes neither, nor what takes something back.
 */
import { dueOf } from "../../shared/sampling.ts";
import type { TaskDeps } from "./deps.ts";
import type { StepState, TaskState } from "./state.ts";

export type Owed = { readonly notify?: true; readonly sampled?: { readonly rate: number; readonly dueMs: number } };

export function owedBy(state: TaskState, { id }: StepState, deps: TaskDeps): Owed {
  const step = state.steps.get(id)!;
  const { bundle } = deps.release;
  if (step.undoes !== null || bundle.capabilities[step.capability]?.effect !== "write") return {};
  if (step.decision.answer !== "allow" && step.decision.answer !== "notify") return {};
  const { sampling } = bundle;
  const isDrawn =
    sampling !== undefined && deps.drawOf !== undefined && deps.drawOf(step.action, state.release) < sampling.rate;
  return {
    ...(step.decision.answer === "notify" ? { notify: true } : {}),
    ...(isDrawn ? { sampled: { rate: sampling.rate, dueMs: dueOf(sampling, deps.nowMs) } } : {}),
  };
}
