/**
 * Provenance along a plan that a model or an agent wrote: what a step refers to was read by a step before it, and is trusted as far as that
 * step named its record. Only reads vouch; what a write returns is nobody's record yet.
 */
import type { JsonObject } from "./json.ts";
import type { Declarations } from "./policy/facts.ts";
import { type AgentView, keyProvenanceForAgent, provenanceForAgent, type SourceView } from "./provenance.ts";
import type { Provenance } from "./provenance-order.ts";

export type WrittenStep = { readonly id: string; readonly capability: string; readonly args: JsonObject };

/** Step → argument → provenance. Steps stand in an order in which each comes after those that it refers to; capabilities must be declared. */
export function provenanceOfPlan(
  steps: readonly WrittenStep[],
  declarations: Declarations,
  view: Omit<AgentView, "args" | "argsContract" | "sources">,
): Record<string, Record<string, Provenance>> {
  const sources = new Map<string, SourceView>();
  const all: Record<string, Record<string, Provenance>> = {};
  for (const { id, capability, args } of steps) {
    const declared = declarations.capabilities.get(capability)!;
    const provenance = provenanceForAgent({ ...view, args, argsContract: declared.input, sources });
    all[id] = provenance;
    if (declared.contract.effect === "read" && !view.openedByAgent)
      sources.set(id, {
        keyProvenance: keyProvenanceForAgent(args, declared, provenance, sources),
        outputContract: declared.output,
      });
  }
  return all;
}
