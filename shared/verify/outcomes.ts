/**
 * Whether the verdict about a prediction may stand where it stands: after its action, about the prediction that was signed, once; and with
 * what its words need. Whether it is true nobody can say from the record alone: it holds a commitment to what was read.
 */
import type { FindingCode } from "./checks.ts";
import type { EventOf, StepState } from "./task-state.ts";

/** The step is applied, a prediction was signed with it, and no verdict stands: no task ends so. */
export const awaitsVerdict = ({ phase, proposed, observed }: StepState): boolean =>
  phase === "applied" && proposed.predicted !== null && !observed;

/** Why this verdict may not stand here, or null. */
export function faultOfObserving(
  step: StepState,
  { action, predicted, verdict, fields, values, code }: EventOf<"outcome-observed">,
): { readonly code: FindingCode; readonly detail: string } | null {
  if (step.phase !== "applied")
    return { code: "order-invalid", detail: `An outcome was read of a step that is ${step.phase}.` };
  if (step.observed) return { code: "replayed", detail: "The outcome of the step was read before." };
  if (action !== step.action) return { code: "action-mismatch", detail: "The outcome is that of another action." };
  if (predicted !== step.proposed.predicted?.$commit)
    return { code: "action-mismatch", detail: "The outcome is held against a prediction that was not signed." };
  const wasRead = verdict !== "unobserved";
  const agrees =
    wasRead === (values !== null) && wasRead === (code === null) && (verdict === "mismatched") === fields.length > 0;
  return agrees ? null : { code: "order-invalid", detail: "The verdict is not the one that its own words give." };
}
