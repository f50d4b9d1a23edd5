/** An input as a trigger writes it: literals and CEL, computed over what set the trigger off. */
import type { Json, JsonObject } from "../json.ts";
import { isObject } from "../pointer.ts";
import { type Bindings, compileExpression, type Expression, isCelError } from "../policy/expression.ts";
import { fromCelValue } from "../policy/values.ts";
import { hasReservedKey } from "../references.ts";

type Node =
  | { readonly kind: "literal"; readonly value: Json }
  | { readonly kind: "cel"; readonly expression: Expression }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, Node])[] };
export type Mapping = readonly (readonly [string, Node])[];

/** Thrown inside this module only. */
class Refused extends Error {}

/** Compiles a mapping whose expressions may mention the declared roots; says what is wrong with it otherwise. */
export function compileMapping(input: JsonObject, roots: readonly string[]): Mapping | string {
  try {
    return entriesOf(input, roots);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

const entriesOf = (value: JsonObject, roots: readonly string[]): Mapping =>
  Object.entries(value).map(([key, part]) => {
    if (key.startsWith("$")) throw new Refused(`the key ${key} is reserved`);
    return [key, nodeOf(part, roots)] as const;
  });

function nodeOf(value: Json, roots: readonly string[]): Node {
  if (Array.isArray(value))
    return { kind: "list", items: (value as readonly Json[]).map((item) => nodeOf(item, roots)) };
  if (!isObject(value)) return { kind: "literal", value };
  if (!Object.hasOwn(value, "$cel")) return { kind: "object", entries: entriesOf(value, roots) };
  if (Object.keys(value).length > 1 || typeof value["$cel"] !== "string")
    throw new Refused("$cel stands alone and holds an expression");
  const compiled = compileExpression(value["$cel"], roots);
  if (!compiled.ok) throw new Refused(compiled.problem.detail);
  return { kind: "cel", expression: compiled.value };
}

/** The input; null where a part of it cannot be computed, or would be taken for a reference. */
export function mapped(mapping: Mapping, bindings: Bindings): JsonObject | null {
  try {
    return Object.fromEntries(mapping.map(([key, node]) => [key, valueOf(node, bindings)]));
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function valueOf(node: Node, bindings: Bindings): Json {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "list":
      return node.items.map((item) => valueOf(item, bindings));
    case "object":
      return Object.fromEntries(node.entries.map(([key, part]) => [key, valueOf(part, bindings)]));
    case "cel": {
      const value = node.expression.evaluate(bindings);
      const json = isCelError(value) ? undefined : fromCelValue(value);
      if (json === undefined || hasReservedKey(json)) throw new Refused("a value cannot be computed");
      return json;
    }
  }
}
