/** The evidence that a step rests on, from a task's applied steps; absent where no rule of the release asks for it. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { type EvidenceFacts, evidenceOf, type Ground } from "../../shared/grounds.ts";
import type { StepState, TaskState } from "./state.ts";

export function evidenceFacts(
  state: TaskState,
  step: StepState,
  release: CompiledRelease,
  nowMs: number,
): { readonly evidence?: EvidenceFacts } {
  const declared = release.declarations.capabilities.get(step.capability);
  if (!release.policy.asksEvidence || declared === undefined) return {};
  return { evidence: evidenceOf(step.args, declared.input, groundsOf(state, release), nowMs) };
}

const groundsOf = (state: TaskState, release: CompiledRelease): Ground[] =>
  [...state.steps.values()].flatMap(({ id, capability, phase }) => {
    const declared = release.declarations.capabilities.get(capability);
    if (phase.at !== "applied" || declared === undefined) return [];
    const { contract, output: outputContract } = declared;
    const isRead = contract.effect === "read";
    const { result, atMs } = phase;
    return [
      { step: id, source: capability, version: contract.version, atMs, isRead, result: result.value, outputContract },
    ];
  });
