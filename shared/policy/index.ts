/**
 * The policy engine: pure, the same in the intent-manager and in the executor.
 */
import type { CapabilityContract, Role } from "../capability.ts";
import type { Contract } from "../contracts.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Provenance } from "../provenance.ts";
import type { Result } from "../result.ts";
import type { Answer, Policy } from "./schema.ts";

/** Compiled contracts of one capability, and what of its contract policy needs. */
export type CapabilityDeclaration = {
  readonly contract: CapabilityContract;
  readonly input: Contract;
  readonly output: Contract;
  readonly preview?: Contract;
};
/** What a policy's expressions may speak of: the automation's input contract and the release's capabilities by name. */
export type Declarations = {
  readonly input: Contract;
  readonly capabilities: ReadonlyMap<string, CapabilityDeclaration>;
};

/** Everything a rule may see, as plain JSON; converted to CEL by the declared contracts. */
export type Facts = {
  readonly intent: {
    readonly automation: string;
    readonly input: Json;
    readonly region: string;
    readonly purpose: string;
  };
  readonly task: { readonly id: string; readonly region: string; readonly round: number };
  readonly principal: {
    readonly key: string;
    readonly role: string;
    readonly member: string;
    readonly person: boolean;
  };
  readonly agent: { readonly id: string; readonly planner: "playbook" | "agent" };
  /** Name of a declared capability; the other facts about it come from its contract. */
  readonly capability: string;
  readonly args: JsonObject;
  /** Rendered impact tags; computed from the contract's templates where absent. */
  readonly provenance: { readonly [argument: string]: Provenance };
  readonly preview?: Json;
  /** Results of earlier steps by step id. */
  readonly results?: {
    readonly [step: string]: { readonly capability: string; readonly result: Json };
  };
  readonly confidence: number;
  readonly claimedConfidence: number | null;
  readonly nowMs: number;
};

/** Facts that may not be there yet. A rule whose answer depends on one that is not is deferred. */
export type Available = {
  readonly args: boolean;
  readonly preview: boolean;
  readonly results: boolean;
};

export type Decision = {
  readonly answer: Answer;
  /** False while a deferred rule could still change the answer. */
  readonly final: boolean;
  /** The rules that decided: all matches of the strongest answer. */
  readonly rules: readonly { readonly id: string; readonly then: Answer }[];
  /** Every matching review; all must be satisfied. */
  readonly reviews: readonly {
    readonly rule: string;
    readonly role: string;
    readonly quorum: number;
  }[];
  readonly errors: readonly { readonly rule: string; readonly message: string }[];
  readonly deferred: readonly string[];
  readonly byDefault: boolean;
};

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly declarations: Declarations;
}

/** Errors: `policy-invalid`, with the ids of the rules at fault. */
export declare function compilePolicy(
  policy: Policy,
  declarations: Declarations,
): Result<CompiledPolicy>;
export declare function evaluatePolicy(
  compiled: CompiledPolicy,
  facts: Facts,
  options: { readonly available: Available },
): Decision;
/** The decision in words, for people. */
export declare function explainDecision(decision: Decision, policy: Policy): string;
export type { Role };
