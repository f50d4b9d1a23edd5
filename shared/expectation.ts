/**
 * The predicted outcome of a step: what its capability's `observe` is expected to read once the action is applied, field by field.
 *
 * A planner states it, the plan commits to it (`predicted`), the executor checks the disclosed words against the commitment, binds them to what
 * the action was given and gave back, and compares. A prediction decides nothing: whether it came true is recorded.
 */
import * as z from "zod";
import { equalJson, type Json, type JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { isObject, parsePointer, valueAt } from "./pointer.ts";
import { problem } from "./problems.ts";
import { asReference } from "./references.ts";
import { err, ok, type Result } from "./result.ts";

/** A field of what a capability observes. Stands in the record in the clear, so it is a name and no free text. */
export const ObservedField = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/);

/**
 * Field → the value expected there: JSON, in which may stand `{"$ref": "steps.lookup.result#/…"}` (an earlier step's result),
 * `{"$arg": "orderId"}` (an argument of the action) and `{"$result": "/version"}` (a part of what it gave back).
 */
export const Expectation = z
  .record(ObservedField, z.json())
  .refine((fields) => {
    const { length } = Object.keys(fields);
    return length > 0 && length <= LIMITS.expectedFields;
  }, `one to ${LIMITS.expectedFields} fields`)
  .refine(
    (fields) => isExpectation(fields as JsonObject),
    "a key that starts with $ is none of $ref, $arg and $result",
  );
export type Expectation = JsonObject;

type Source =
  | { readonly arg: string }
  | { readonly result: string }
  | { readonly step: string; readonly pointer: string };

/** Where a value comes from; null for a literal, a list or an object; undefined where a reserved key is misused. */
function sourceOf(value: Json): Source | null | undefined {
  if (!isObject(value)) return null;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith("$"))) return null;
  if (keys.length !== 1) return undefined;
  const reference = asReference(value);
  if (reference !== undefined) return reference ?? undefined;
  if (typeof value["$arg"] === "string") return { arg: value["$arg"] };
  const pointer = value["$result"];
  return typeof pointer === "string" && parsePointer(pointer) !== undefined ? { result: pointer } : undefined;
}

/** Whether every reserved key in a value stands where it may. */
export function isExpectation(value: Json): boolean {
  const source = sourceOf(value);
  if (source !== null) return source !== undefined;
  return typeof value !== "object" || value === null || Object.values(value as JsonObject).every(isExpectation);
}

/**
 * The expected values, with everything that they refer to put in place. Errors: `reference-unresolved`; `task-limit` where that would be more
 * than LIMITS.outcomeChars, however often the same value is referred to.
 */
export function bindExpectation(
  expect: Expectation,
  from: { readonly args: JsonObject; readonly result: Json; readonly results: { readonly [step: string]: Json } },
): Result<JsonObject> {
  let isMissing = false;
  let chars = 0;
  const found = (value: Json | undefined): Json => {
    if (value === undefined) isMissing = true;
    if (value === undefined || chars > LIMITS.outcomeChars) return null;
    chars += JSON.stringify(value).length;
    return value;
  };
  const bind = (value: Json): Json => {
    const source = sourceOf(value);
    if (source === undefined) return found(undefined);
    if (source !== null && "arg" in source) return found(own(from.args, source.arg));
    if (source !== null && "result" in source) return found(valueAt(from.result, source.result));
    if (source !== null) {
      const result = own(from.results, source.step);
      return found(result === undefined ? undefined : valueAt(result, source.pointer));
    }
    if (Array.isArray(value)) return value.map(bind);
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, bind(part)])) : value;
  };
  const bound = bind(expect) as JsonObject;
  if (chars > LIMITS.outcomeChars)
    return err(problem("task-limit", "What was predicted refers to more than is compared."));
  return isMissing
    ? err(problem("reference-unresolved", "A value that was predicted refers to nothing that is there."))
    : ok(bound);
}

const own = (object: { readonly [name: string]: Json }, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** The fields in which what was read is not what was expected, sorted. A field that was not read is one of them. */
export const differences = (expected: JsonObject, observed: JsonObject): string[] =>
  Object.keys(expected)
    .filter((field) => {
      const value = own(observed, field);
      return value === undefined || !equalJson(value, expected[field]!);
    })
    .toSorted();
