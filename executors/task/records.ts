/** Records that a task has read, with how well each was named: from them trust passes to the fields of what they returned. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { RecordView } from "../../shared/provenance.ts";
import { keyProvenance } from "../../shared/playbook.ts";
import type { TaskContext } from "../../shared/rpc.ts";
import type { TaskState } from "./state.ts";

/** Every applied step with its result; whether it was a read follows from its contract. */
export const recordsOf = (state: TaskState): TaskContext["records"] =>
  [...state.steps.values()].flatMap((step) =>
    step.phase.at === "applied"
      ? [
          {
            step: step.id,
            capability: step.capability,
            keyProvenance: keyProvenance(step),
            result: step.phase.result.value,
          },
        ]
      : [],
  );

/** The same for provenance: reads only, with the contract of what they return. */
export function recordViewsOf(state: TaskState, release: CompiledRelease): RecordView[] {
  return [...state.steps.values()].flatMap((step) => {
    const declaration = release.declarations.capabilities.get(step.capability);
    if (step.phase.at !== "applied" || declaration === undefined || declaration.contract.effect !== "read") return [];
    return [
      {
        step: step.id,
        capability: step.capability,
        keyProvenance: keyProvenance(step),
        result: step.phase.result.value,
        outputContract: declaration.output,
      },
    ];
  });
}
