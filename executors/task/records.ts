/** Records that a task has read, with how well each was named: from them trust passes to the fields of what they returned. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { keyProvenanceForAgent, type Provenance, type RecordView } from "../../shared/provenance.ts";
import type { TaskContext } from "../../shared/rpc.ts";
import type { TaskState } from "./state.ts";

/** Every applied read step with its result, as an intent-manager needs it. */
export const recordsOf = (state: TaskState, release: CompiledRelease): TaskContext["records"] =>
  recordViewsOf(state, release).map(({ step, capability, keyProvenance, result }) => ({
    step,
    capability,
    keyProvenance,
    result,
  }));

/** The same for provenance, with the contract of what each returned. */
export function recordViewsOf(state: TaskState, release: CompiledRelease): RecordView[] {
  return [...state.steps.values()].flatMap((step) => {
    const declaration = release.declarations.capabilities.get(step.capability);
    if (step.phase.at !== "applied" || declaration === undefined || declaration.contract.effect !== "read") return [];
    const provenance = step.provenance as { readonly [argument: string]: Provenance };
    return [
      {
        step: step.id,
        capability: step.capability,
        keyProvenance: keyProvenanceForAgent(step.resolvedArgs ?? step.args, declaration, provenance),
        result: step.phase.result.value,
        outputContract: declaration.output,
      },
    ];
  });
}
