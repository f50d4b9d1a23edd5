/**
 * What a model may choose from: the capabilities of the release as strictly typed choices. It sees a name, a sentence and the arguments, and
 * nothing of where a capability acts or with which credential. What only takes other actions back is not offered.
 *
 * In strict mode every property is required and a missing one is null, so optional arguments are offered as nullable and nulls are taken out
 * again. What the offer cannot say (lengths, dependencies) the capability's contract checks afterwards, as for any planner.
 */
import type { CapabilityContract } from "../../../shared/capability.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { Json, JsonObject } from "../../../shared/json.ts";
import { isObject } from "../../../shared/pointer.ts";
import type { ToolDefinition } from "./client.ts";

/** The capabilities that a model may propose, by name. */
export function offered(release: CompiledRelease): ReadonlyMap<string, CapabilityContract> {
  const all = Object.values(release.bundle.capabilities);
  const undos = new Set(all.flatMap(({ undo }) => (undo === undefined ? [] : [undo.capability])));
  return new Map(all.filter(({ name }) => !undos.has(name)).map((contract) => [contract.name, contract]));
}

/** Tool names hold no dots. */
export const toolName = (capability: string): string => capability.replaceAll(".", "__");

/** Of the planner `loop`: each capability is a tool, and `finish` ends the task. */
export const toolsOf = (capabilities: ReadonlyMap<string, CapabilityContract>): ToolDefinition[] => [
  ...[...capabilities.values()].map(({ name, summary, input }) => ({
    name: toolName(name),
    description: summary,
    input: strict(input) as JsonObject,
  })),
  {
    name: FINISH,
    description: "Nothing more has to be done, or nothing more can be done.",
    input: objectOf({ why: { type: "string" } }),
  },
];
export const FINISH = "finish";

/** Of the planner `model`: a list of steps, each with one capability and its arguments, or references to what earlier steps read. */
export const planSchema = (capabilities: ReadonlyMap<string, CapabilityContract>): JsonObject =>
  objectOf({
    steps: {
      type: "array",
      items: {
        anyOf: [...capabilities.values()].map(({ name, input }) =>
          objectOf({
            id: { type: "string", description: "A short name, lower case, different for each step." },
            capability: { type: "string", const: name },
            args: withReferences(strict(input) as JsonObject),
            after: {
              type: "array",
              items: { type: "string" },
              description: "Names of steps that must be done before.",
            },
            rationale: { type: "string", description: "One sentence for the person who reviews this." },
          }),
        ),
      },
    },
    confidence: {
      type: "number",
      description: "From 0 to 1: how sure you are that these steps are what was asked for.",
    },
  });

/** Of a classifier: one of the release's labels, and where a text is read its fields. */
export const labelSchema = (
  labels: readonly string[],
  fields: { readonly [name: string]: "text" | "cents" } | null,
): JsonObject =>
  objectOf({
    label: { type: "string", enum: [...labels] },
    ...(fields === null
      ? {}
      : {
          fields: objectOf(
            Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, type === "cents" ? CENTS : TEXT])),
          ),
        }),
    confidence: { type: "number", description: "From 0 to 1: how sure you are that all of this is right." },
  });
const TEXT = {
  type: "string",
  description: "As it stands in the text; dates as YYYY-MM-DD. Empty where it is not there.",
};
const CENTS = { type: "integer", description: "In cents, as it stands in the text. 0 where it is not there." };

/** An object in strict mode: every property required, no other. */
export const objectOf = (properties: JsonObject): JsonObject => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** What strict mode understands; the rest is left to the contract. */
const KEPT = new Set([
  "type",
  "enum",
  "const",
  "description",
  "anyOf",
  "oneOf",
  "items",
  "properties",
  "$defs",
  "$ref",
]);

function strict(schema: Json): Json {
  if (Array.isArray(schema)) return (schema as readonly Json[]).map(strict);
  if (!isObject(schema)) return schema;
  const kept: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!KEPT.has(key)) continue;
    if (key === "enum" || key === "const" || key === "type" || key === "description" || key === "$ref")
      kept[key] = value;
    else if (key === "properties" || key === "$defs")
      kept[key] = Object.fromEntries(Object.entries(value as JsonObject).map(([name, inner]) => [name, strict(inner)]));
    else kept[key === "oneOf" ? "anyOf" : key] = strict(value);
  }
  if (isObject(kept["properties"]!)) {
    const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as string[]) : []);
    kept["properties"] = Object.fromEntries(
      Object.entries(kept["properties"] as JsonObject).map(([name, inner]) => [
        name,
        required.has(name) ? inner : { anyOf: [inner, { type: "null" }] },
      ]),
    );
    kept["required"] = Object.keys(kept["properties"] as JsonObject);
    kept["additionalProperties"] = false;
  }
  return kept;
}

const REFERENCE = {
  type: "object",
  description: "What an earlier step of this plan will have read: its name, and a JSON pointer into its result.",
  properties: { fromStep: { type: "string" }, pointer: { type: "string" } },
  required: ["fromStep", "pointer"],
  additionalProperties: false,
};
function withReferences(schema: JsonObject): JsonObject {
  const properties = schema["properties"];
  if (properties === undefined || !isObject(properties)) return schema;
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, inner]) => [name, { anyOf: [inner, REFERENCE] }]),
    ),
  };
}

/** Arguments as a contract takes them: references in the protocol's form, and no null where a property may be missing. */
export function argsOf(written: JsonObject, contract: CapabilityContract): JsonObject {
  const required = new Set(Array.isArray(contract.input["required"]) ? (contract.input["required"] as string[]) : []);
  return Object.fromEntries(
    Object.entries(written)
      .filter(([name, value]) => value !== null || required.has(name))
      .map(([name, value]) => [name, referenceOf(value) ?? withoutNulls(value, propertyOf(contract.input, name))]),
  );
}

function referenceOf(value: Json): Json | null {
  if (!isObject(value) || Object.keys(value).length !== 2) return null;
  const { fromStep, pointer } = value;
  return typeof fromStep === "string" && typeof pointer === "string"
    ? { $ref: `steps.${fromStep}.result#${pointer}` }
    : null;
}

const propertyOf = (schema: Json | undefined, name: string): Json | undefined =>
  schema !== undefined && isObject(schema) && isObject(schema["properties"] ?? null)
    ? (schema["properties"] as JsonObject)[name]
    : undefined;

function withoutNulls(value: Json, schema: Json | undefined): Json {
  if (schema === undefined || !isObject(schema)) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => withoutNulls(item, schema["items"]));
  if (!isObject(value)) return value;
  const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as string[]) : []);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => inner !== null || required.has(name))
      .map(([name, inner]) => [name, withoutNulls(inner, propertyOf(schema, name))]),
  );
}
