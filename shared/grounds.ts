/**
 * What an action's arguments rest on: results of earlier steps that they refer to, and records that the task has read in which the same
 * whole value stands, trusted or not. Of each, its source, when it was read and under which contract: policy can demand that evidence is
 * fresh, or of a known kind. Pure; computed by the executor at the moment of the decision.
 */
import type { Contract } from "./contracts.ts";
import type { Json, JsonObject } from "./json.ts";
import { Sayings } from "./provenance.ts";
import { refsIn } from "./references.ts";

/** An applied step that an argument may rest on. */
export type Ground = {
  readonly step: string;
  /** Capability that gave the result, and the version of its contract. */
  readonly source: string;
  readonly version: string;
  /** When the result was recorded, ms since the epoch. */
  readonly atMs: number;
  readonly isRead: boolean;
  readonly result: Json;
  readonly outputContract: Contract;
};

/** The quality of evidence as policy sees it. */
export type EvidenceFacts = {
  /** Results that the arguments rest on; 0 where they rest on none. */
  readonly count: number;
  /** Age of the oldest, in milliseconds; 0 of none. */
  readonly maxAgeMs: number;
  /** Capabilities that gave them, sorted, each once. */
  readonly sources: readonly string[];
  /** The same with the version of the contract: `orders.get@1.2.0`. */
  readonly contracts: readonly string[];
};

export const NO_EVIDENCE: EvidenceFacts = { count: 0, maxAgeMs: 0, sources: [], contracts: [] };

/** `args` as they were proposed, references unresolved. */
export function evidenceOf(
  args: JsonObject,
  argsContract: Contract,
  grounds: readonly Ground[],
  nowMs: number,
): EvidenceFacts {
  const referred = new Set(refsIn(args).map(({ step }) => step));
  const found = grounds.filter(
    (ground) => referred.has(ground.step) || (ground.isRead && holds(ground, args, argsContract)),
  );
  if (found.length === 0) return NO_EVIDENCE;
  return {
    count: found.length,
    maxAgeMs: Math.max(0, ...found.map(({ atMs }) => nowMs - atMs)),
    sources: [...new Set(found.map(({ source }) => source))].toSorted(),
    contracts: [...new Set(found.map(({ source, version }) => `${source}@${version}`))].toSorted(),
  };
}

/** Some part of the arguments stands in the result as a whole value. */
function holds({ result, outputContract }: Ground, args: JsonObject, argsContract: Contract): boolean {
  const sayings = new Sayings();
  sayings.collect(result, outputContract.root, "", () => true);
  return Object.entries(args).some(([name, value]) =>
    sayings.saysPart(value, argsContract.root.properties.get(name), name, argsContract.ids),
  );
}
