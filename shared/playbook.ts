/**
 * Playbooks: a fixed list of steps, written by a person, from which a plan is derived by code alone.
 * The intent-manager derives the plan and signs it; the executor derives it again and demands the same bytes.
 */
import * as z from "zod";
import { CapabilityName } from "./capability.ts";
import { StepId } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import type { Declarations } from "./policy/index.ts";
import type { Provenance } from "./provenance.ts";
import type { Result } from "./result.ts";

/**
 * An argument is a JSON literal, `{"$cel": expression over intent}` (evaluated when the plan is derived), or
 * `{"$ref": "steps.lookup.result#/orders/0"}` (kept in the plan, resolved by the executor); the two may stand inside lists and objects.
 */
export const ArgExpr = z.json();
export type ArgExpr = Json;

export const PlaybookStep = z.strictObject({
  id: StepId,
  capability: CapabilityName,
  args: z.record(z.string().max(100), ArgExpr),
  after: z.array(StepId).max(LIMITS.planSteps).optional(),
  /** CEL over `intent` and `results`. Over the intent alone it is decided when the plan is derived. */
  when: z.string().min(1).max(LIMITS.celChars).optional(),
});
export type PlaybookStep = z.infer<typeof PlaybookStep>;

export const Playbook = z.strictObject({
  version: z.literal(1),
  steps: z.array(PlaybookStep).min(1).max(LIMITS.planSteps),
});
export type Playbook = z.infer<typeof Playbook>;

export type PlaybookIntent = {
  readonly automation: string;
  readonly input: Json;
  readonly region: string;
  readonly purpose: string;
};

/** A step as it enters the plan; the same bytes come out wherever it is derived. */
export type DerivedStep = {
  readonly id: string;
  readonly capability: string;
  /** Literals and `$ref`. */
  readonly args: JsonObject;
  readonly after: readonly string[];
  /** A condition over earlier results, for the executor. */
  readonly when: string | null;
  readonly provenance: { readonly [argument: string]: Provenance };
};
export interface CompiledPlaybook {
  readonly playbook: Playbook;
}
/** Errors: `playbook-invalid`. */
export declare function compilePlaybook(
  playbook: Playbook,
  declarations: Declarations,
): Result<CompiledPlaybook>;
/** Errors: `plan-invalid`. */
export declare function derivePlan(
  compiled: CompiledPlaybook,
  intent: PlaybookIntent,
  options: { readonly openedByAgent: boolean },
): Result<DerivedStep[]>;
/** Errors: `reference-unresolved`. */
export declare function resolveRefs(
  args: JsonObject,
  resultsByStep: { readonly [step: string]: Json },
): Result<JsonObject>;
/** The references in arguments. */
export declare function refsIn(args: Json): { readonly step: string; readonly pointer: string }[];
