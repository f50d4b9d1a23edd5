/**
 * Provenance: whose words an argument repeats, computed by code and never claimed.
 */
import type { Contract } from "./contracts.ts";
import type { Json, JsonObject } from "./json.ts";

/** From most to least trusted. */
export const PROVENANCE = ["release", "principal", "record", "content", "model"] as const;
export type Provenance = (typeof PROVENANCE)[number];

/** A result of an earlier applied read step of the same task. */
export type RecordView = {
  readonly step: string;
  readonly capability: string;
  /** Weakest provenance of the arguments under which it was read. */
  readonly keyProvenance: Provenance;
  readonly result: Json;
  readonly outputContract: Contract;
};

export type AgentArgs = {
  readonly args: JsonObject;
  readonly argsContract: Contract;
  readonly input: Json;
  readonly inputContract: Contract;
  readonly records: readonly RecordView[];
  /** The agent opened the task itself: nothing in it is a principal's word. */
  readonly openedByAgent: boolean;
};

/** Argument name → the strongest statement that holds for all of its parts. */
export declare function provenanceForAgent(view: AgentArgs): Record<string, Provenance>;
