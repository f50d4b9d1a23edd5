/** The result that a contract promises, for whoever types one by hand. Pure. */
import type { Json, JsonObject } from "../../../shared/json.ts";

type Property = { readonly name: string; readonly type: string; readonly isRequired: boolean };

const isObject = (value: Json | undefined): value is JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** The properties of an object schema; none where it is no such schema. */
export function propertiesOf(schema: Json): readonly Property[] {
  if (!isObject(schema) || !isObject(schema["properties"])) return [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(schema["properties"]).map(([name, inner]) => {
    const type = isObject(inner) ? (inner["type"] ?? "value") : "value";
    return { name, type: Array.isArray(type) ? type.join(" or ") : String(type), isRequired: required.includes(name) };
  });
}

const BLANKS: { readonly [type: string]: Json } = {
  string: "",
  integer: 0,
  number: 0,
  boolean: false,
  array: [],
  object: {},
};

/** A result to fill in: every required property, empty. */
export const blankOf = (schema: Json): string =>
  JSON.stringify(
    Object.fromEntries(
      propertiesOf(schema)
        .filter(({ isRequired }) => isRequired)
        .map(({ name, type }) => [name, BLANKS[type] ?? null]),
    ),
    null,
    2,
  );
