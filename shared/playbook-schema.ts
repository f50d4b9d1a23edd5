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
 * `{"$ref": "steps.lookup.result#/orders/0"}` (kept in the plan, resolved by the executor). In a fan-out also `{"$each": "/sku"}`, a part of
 * its element; in a sub-playbook also `{"$param": "orderId"}`. They may stand inside lists and objects; other keys that start with `$` are
 * refused.
 */
export const ArgExpr: z.ZodType<Json> = z.json();

/** A name in CEL. */
const CelName = z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/);
const When = z.string().min(1).max(LIMITS.celChars);

/** The step once for each element of a list. */
export const FanOut = z.strictObject({
  /** A path to the list: `intent.input.lines`, or `results.order.items`, which is known later. */
  each: z.string().min(1).max(200),
  /** What CEL calls the element; `item` where absent. Its position is `index`. */
  as: CelName.optional(),
  /** Elements at most: a longer list is refused, never cut. */
  max: z.int().min(1).max(LIMITS.planSteps),
  /** So many elements may fail without failing the task or what stands after; none where absent. */
  mayFail: z.int().min(1).max(LIMITS.planSteps).optional(),
});
export type FanOut = z.infer<typeof FanOut>;

/** A sub-playbook with its version: `tell-customer@1.2.0`. */
export const SubPlaybookName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}@(?:0|[1-9][0-9]{0,5})\.(?:0|[1-9][0-9]{0,5})\.(?:0|[1-9][0-9]{0,5})$/);

/** A step that is one action, or one that stands for the steps of a sub-playbook. */
export const PlaybookEntry = z
  .strictObject({
    id: StepId,
    capability: CapabilityName.optional(),
    args: z.record(z.string().max(100), ArgExpr).optional(),
    use: SubPlaybookName.optional(),
    /** Parameter → value, written as an argument is. */
    with: z.record(CelName, ArgExpr).optional(),
    for: FanOut.optional(),
    /** Steps that must have ended before this one; a reference implies its step. */
    after: z.array(StepId).max(LIMITS.planSteps).optional(),
    /** CEL over `intent`, `features` and `results`. Without `results` it is decided when the plan is derived, else by the executor. */
    when: When.optional(),
    /**
     * What the capability's `observe` is expected to read after the action, by field. Values as arguments are written, and besides them
     * `{"$arg": "orderId"}` and `{"$result": "/version"}` of the action itself.
     */
    expect: z.record(ObservedField, ArgExpr).optional(),
  })
  .refine(({ capability, use }) => (capability === undefined) !== (use === undefined), "either `capability` or `use`")
  .refine(
    ({ capability, args }) => (capability === undefined) === (args === undefined),
    "`args` goes with `capability`",
  )
  .refine((entry) => entry.use !== undefined || entry.with === undefined, "`with` goes with `use`")
  .refine((entry) => entry.use === undefined || entry.expect === undefined, "`expect` goes with `capability`");
export type PlaybookEntry = z.infer<typeof PlaybookEntry>;

const Steps = z.array(PlaybookEntry).min(1).max(LIMITS.planSteps);

/** A graph of its own within the release, used by name and exact version. */
export const SubPlaybook = z.strictObject({
  /** Each must be given where it is used. */
  params: z.array(CelName).max(20).optional(),
  steps: Steps,
});
export type SubPlaybook = z.infer<typeof SubPlaybook>;

export const Playbook = z.strictObject({
  version: z.literal(1),
  playbooks: z.record(SubPlaybookName, SubPlaybook).optional(),
  steps: Steps,
});
export type Playbook = z.infer<typeof Playbook>;

/** One action as it may enter a plan: fan-outs and sub-playbooks are taken apart (shared/playbook-expand.ts). */
export type PlaybookStep = {
  readonly id: string;
  readonly capability: string;
  readonly args: { readonly [argument: string]: Json };
  readonly after?: string[] | undefined;
  readonly when?: string | undefined;
  readonly expect?: { readonly [field: string]: Json } | undefined;
};
