/**
 * Undo. A capability's contract says which capability takes an action back, and from what its arguments come; where a release holds both,
 * the undo is planned and signed as a template with every action. When it is used, its arguments are bound to what the action was
 * given and gave back, and policy decides about it as about any other step.
 *
 * Names below an undone step derive from it: the undo step `cancel~undo`, its action, proposal and review ids. `~` stands in no name that
 * a playbook or an agent may choose. A second attempt, after one that failed, is `cancel~undo2`.
 */
import * as z from "zod";
import { digestOf } from "./canonical.ts";
import type { CapabilityContract } from "./capability.ts";
import { Digest } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { isObject, parsePointer, valueAt } from "./pointer.ts";
import { problem } from "./problems.ts";
import { weakest, type Provenance } from "./provenance-order.ts";
import { err, ok, type Result } from "./result.ts";

/** One argument of an undo: `{"$arg": "orderId"}`, `{"$result": "/refundId"}`, or a literal without keys that start with `$`. */
const UndoArg: z.ZodType<Json> = z.json();

/** What takes an action back, as a contract declares it. */
export const UndoDeclaration = z.strictObject({
  capability: z.string().max(100),
  args: z.record(z.string().max(100), UndoArg),
});
export type UndoDeclaration = z.infer<typeof UndoDeclaration>;

/** The undo of one action, as it is signed with it. `windowMs`: for how long after the action a person may ask for it; null for not at all. */
export const UndoTemplate = z.strictObject({
  capability: z.string().max(100),
  contract: Digest,
  args: z.record(z.string().max(100), UndoArg),
  windowMs: z.int().min(1).max(LIMITS.reversalWindowMs).nullable(),
});
export type UndoTemplate = z.infer<typeof UndoTemplate>;

type Source = { readonly arg: string } | { readonly result: string } | null;

/** Where an argument comes from, null for a literal, undefined where it is neither. */
function sourceOf(value: Json): Source | undefined {
  if (!isObject(value)) return holdsReserved(value) ? undefined : null;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith("$"))) return holdsReserved(value) ? undefined : null;
  if (keys.length !== 1) return undefined;
  if (typeof value["$arg"] === "string") return { arg: value["$arg"] };
  if (typeof value["$result"] === "string" && parsePointer(value["$result"]) !== undefined)
    return { result: value["$result"] };
  return undefined;
}

const holdsReserved = (value: Json): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value as JsonObject).some(([key, part]) => key.startsWith("$") || holdsReserved(part));

/** What is wrong with a declaration beside the contracts of both capabilities; null for nothing. */
export function wrongUndo(action: CapabilityContract, undo: CapabilityContract | undefined): string | null {
  const { undo: declared } = action;
  if (declared === undefined) return null;
  if (action.effect !== "write") return "a read has nothing to undo";
  for (const [name, value] of Object.entries(declared.args)) {
    const source = sourceOf(value);
    if (source === undefined) return `the argument ${name} is neither {"$arg": …}, {"$result": "/…"} nor a literal`;
    if (source !== null && "arg" in source && !declares(action.input, source.arg))
      return `the argument ${name} comes from ${source.arg}, which the action does not take`;
    if (undo !== undefined && !declares(undo.input, name)) return `${undo.name} takes no argument ${name}`;
  }
  if (undo !== undefined && undo.effect !== "write") return `${undo.name} changes nothing`;
  return null;
}

const declares = (schema: JsonObject, name: string): boolean =>
  isObject(schema["properties"] ?? null) && Object.hasOwn(schema["properties"] as JsonObject, name);

/** The template that is signed with an action; null where its contract declares none or the release does not hold it. */
export function undoTemplate(
  action: CapabilityContract,
  release: {
    readonly contractDigestByName: ReadonlyMap<string, string>;
    readonly bundle: { readonly reversal?: { readonly windowMs: number } | undefined };
  },
): UndoTemplate | null {
  const { undo } = action;
  const contract = undo === undefined ? undefined : release.contractDigestByName.get(undo.capability);
  if (undo === undefined || contract === undefined) return null;
  return {
    capability: undo.capability,
    contract,
    args: undo.args,
    windowMs: release.bundle.reversal?.windowMs ?? null,
  };
}

/**
 * The undo's arguments, bound to the action's arguments and result. An argument that the action was not given is left out.
 * Errors: `reference-unresolved` where the result has nothing at a pointer.
 */
export function bindUndo(template: UndoTemplate, args: JsonObject, result: Json): Result<JsonObject> {
  const bound: Record<string, Json> = {};
  for (const [name, value] of Object.entries(template.args)) {
    const source = sourceOf(value);
    if (source === null) bound[name] = value;
    else if (source !== undefined && "arg" in source) {
      if (Object.hasOwn(args, source.arg)) bound[name] = args[source.arg]!;
    } else {
      const found = source === undefined ? undefined : valueAt(result, source.result);
      if (found === undefined)
        return err(
          problem("reference-unresolved", `The result has nothing for the undo's ${name}.`, { argument: name }),
        );
      bound[name] = found;
    }
  }
  return ok(bound);
}

/** Whose words the undo's arguments are: those of the action's arguments; what the action's own result says is a record. */
export function undoProvenance(
  template: UndoTemplate,
  action: { readonly [argument: string]: Provenance },
): Record<string, Provenance> {
  const provenance: Record<string, Provenance> = {};
  for (const [name, value] of Object.entries(template.args)) {
    const source = sourceOf(value);
    if (source === null) provenance[name] = "release";
    else if (source !== undefined && "arg" in source) provenance[name] = action[source.arg] ?? "model";
    else provenance[name] = weakest(["record", ...Object.values(action)]);
  }
  return provenance;
}

const UNDO = /^([a-z][a-z0-9_-]{0,63})~undo([2-9])?$/;

/** Name of the `attempt`-th undo of a step, from 1. */
export const undoStepId = (step: string, attempt: number): string => `${step}~undo${attempt === 1 ? "" : attempt}`;

/** The step that an undo step takes back, and which attempt it is; null for an ordinary step. */
export function undoneBy(step: string): { readonly step: string; readonly attempt: number } | null {
  const match = UNDO.exec(step);
  return match === null ? null : { step: match[1]!, attempt: Number(match[2] ?? 1) };
}

/** What stands for the signed step where an undo is reviewed or resolved: the template that was signed with the action, bound to that action. */
export const undoDigest = (action: string, attempt: number, template: UndoTemplate): string =>
  digestOf({ undoes: action, attempt, template });

/** Ids of an undo's proposal and action follow from those of the action that it takes back. */
export const undoIdOf = (id: string, attempt: number): string => `${id}_u${attempt}`;
