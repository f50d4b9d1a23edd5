/** What a task has read so far, as the provenance of a planner's words needs it. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { Provenance, RecordView } from "../../shared/provenance.ts";
import type { TaskContext } from "../../shared/rpc.ts";

/** What the task has read so far, each with the contract that says which of its fields are the tenant's own data. */
export const recordsOf = (context: TaskContext, release: CompiledRelease): RecordView[] =>
  context.records.flatMap(({ step, capability, keyProvenance, result }) => {
    const declared = release.declarations.capabilities.get(capability);
    return declared === undefined
      ? []
      : [{ step, capability, keyProvenance: keyProvenance as Provenance, result, outputContract: declared.output }];
  });
