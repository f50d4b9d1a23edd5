/**
 * The form of a playbook, as it stands in a release.
 */
import * as z from "zod";
import { CapabilityName } from "./capability.ts";
import { ObservedField } from "./expectation.ts";
import { StepId } from "./ids.ts";
import type { Json } from "./json.ts";
import { LIMITS } from "./limits.ts";

/**
 * One argument: a JSON literal, `{"$cel": "intent.input.orderId"}` (evaluated when the plan is derived) or
 * `{"$ref": "steps.lookup.result#/orders/0"}` (kept in the plan, resolved by the executor). Both may stand inside lists and objects;
 * other keys that start with `$` are refused.
 */
export const ArgExpr: z.ZodType<Json> = z.json();

export const PlaybookStep = z.strictObject({
  id: StepId,
  capability: CapabilityName,
  args: z.record(z.string().max(100), ArgExpr),
  /** Steps that must have ended before this one; a reference implies its step. */
  after: z.array(StepId).max(LIMITS.planSteps).optional(),
  /** CEL over `intent` and `results`. Over the intent alone it is decided when the plan is derived, else by the executor. */
  when: z.string().min(1).max(LIMITS.celChars).optional(),
  /**
   * What the capability's `observe` is expected to read after the action, by field. Values as arguments are written, and besides them
   * `{"$arg": "orderId"}` and `{"$result": "/version"}` of the action itself.
   */
  expect: z.record(ObservedField, ArgExpr).optional(),
});
export type PlaybookStep = z.infer<typeof PlaybookStep>;

export const Playbook = z.strictObject({
  version: z.literal(1),
  steps: z.array(PlaybookStep).min(1).max(LIMITS.planSteps),
});
export type Playbook = z.infer<typeof Playbook>;
