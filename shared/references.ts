/**
 * References: an argument that stands for a part of an earlier step's result, `{"$ref": "steps.lookup.result#/orders/0"}`.
 * They stay in the signed plan and are resolved by the executor from journaled results.
 */
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { isObject, parsePointer, valueAt } from "./pointer.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export type Reference = { readonly step: string; readonly pointer: string };

const REFERENCE = /^steps\.([a-z][a-z0-9_-]{0,63})\.result#((?:\/[^#]*)?)$/;

/** The reference that a JSON value is, or undefined; `null` for an object that has `$ref` and is none. */
export function asReference(value: Json): Reference | null | undefined {
  if (!isObject(value) || !Object.hasOwn(value, "$ref")) return undefined;
  const match = Object.keys(value).length === 1 && typeof value.$ref === "string" ? REFERENCE.exec(value.$ref) : null;
  return match !== null && parsePointer(match[2]!) !== undefined ? { step: match[1]!, pointer: match[2]! } : null;
}

/** Every reference inside a value, in the order of the text. What is malformed is no reference; resolving it fails. */
export function refsIn(value: Json): Reference[] {
  const reference = asReference(value);
  if (reference !== undefined) return reference === null ? [] : [reference];
  if (typeof value !== "object" || value === null) return [];
  return (Array.isArray(value) ? (value as readonly Json[]) : Object.values(value)).flatMap(refsIn);
}

/** The arguments with every reference replaced by what it names. Errors: `reference-unresolved`; `task-limit` where that would be more than a record holds. */
export function resolveRefs(args: JsonObject, resultsByStep: { readonly [step: string]: Json }): Result<JsonObject> {
  let missing: string | undefined;
  let chars = 0;
  const resolve = (value: Json): Json => {
    const reference = asReference(value);
    if (reference !== undefined) {
      const source =
        reference !== null && Object.hasOwn(resultsByStep, reference.step) ? resultsByStep[reference.step] : undefined;
      const found = source === undefined ? undefined : valueAt(source, reference!.pointer);
      if (found === undefined) missing ??= JSON.stringify((value as JsonObject).$ref);
      // However often a large result is referred to: what follows makes one text of it.
      if (found === undefined || chars > LIMITS.resolvedChars) return null;
      chars += typeof found === "string" ? found.length : JSON.stringify(found).length;
      return found;
    }
    if (Array.isArray(value)) return value.map(resolve);
    return isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolve(part)]))
      : value;
  };
  const resolved = resolve(args) as JsonObject;
  if (chars > LIMITS.resolvedChars)
    return err(problem("task-limit", "The arguments refer to more of earlier results than a record holds."));
  return missing === undefined
    ? ok(resolved)
    : err(problem("reference-unresolved", `Nothing stands at ${missing}`, { reference: missing }));
}

/** Whether a value has a key that starts with `$` anywhere: data that looks like a reference or a commitment would be taken for one. */
export function hasReservedKey(value: Json): boolean {
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasReservedKey);
  return isObject(value) && Object.entries(value).some(([key, part]) => key.startsWith("$") || hasReservedKey(part));
}
