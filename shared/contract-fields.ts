/**
 * The subset of JSON Schema 2020-12 that contracts are written in, and the fields that a schema declares.
 *
 * Accepted: type, const, enum (scalars), properties, required, additionalProperties:false, items, minItems, maxItems, uniqueItems,
 * minLength, maxLength, pattern, format, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, anyOf, oneOf, `$ref` to
 * `#/$defs/…`, `$defs` at the root, and annotations. Every object is closed. Whatever else stands in a schema is refused, not ignored:
 * a keyword that means nothing here would mean something to whoever reads the contract.
 *
 * `x-any: true` alone stands for any JSON: content of somebody, of which nothing is known.
 * x-origin, x-subject and x-trusted hold for the parts of a field too, unless a part declares its own. `x-subject-id: KIND` says that a
 * string is the id of the person whom the whole is about.
 */
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { analysePattern } from "./pattern.ts";
import { escapeSegment, isObject } from "./pointer.ts";
import { SUBJECT_KIND } from "./subjects.ts";

export type Origin = "principal" | "content";
export type JsonType = "string" | "integer" | "number" | "boolean" | "null" | "object" | "array";

/** One field with its parts; the branches of a union are merged, the weaker statement holding. */
export type Field = {
  readonly types: ReadonlySet<JsonType>;
  readonly origin: Origin;
  readonly personal: boolean;
  readonly trusted: boolean;
  /** Source of the pattern of an id type (x-id). */
  readonly id: string | undefined;
  /** Kind of the data subject whose id this is (x-subject-id). */
  readonly subjectKind: string | undefined;
  /** One of a closed list (const or enum). */
  readonly closed: boolean;
  readonly properties: ReadonlyMap<string, Field>;
  readonly items: Field | undefined;
  /** Any JSON value (x-any): every place below it is the same field. */
  readonly any: boolean;
};

type Inherited = { readonly origin: Origin; readonly personal: boolean; readonly trusted: boolean };
type Walk = {
  readonly defs: JsonObject;
  readonly path: string;
  readonly open: readonly string[];
  readonly budget: { nodes: number };
};

/** Why a schema is refused, and where in it. */
export class SchemaRefused extends Error {
  readonly path: string;
  constructor(path: string, why: string) {
    super(why);
    this.path = path;
  }
}

const TYPES = new Set<string>(["string", "integer", "number", "boolean", "null", "object", "array"]);
const FORMATS = new Set(["date", "date-time", "email", "uri", "uuid"]);
const COUNTS = ["minItems", "maxItems", "minLength", "maxLength"] as const;
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] as const;
/** Every keyword that a contract may hold. */
export const KEYWORDS: ReadonlySet<string> = new Set<string>(
  `$schema $comment title description examples deprecated x-origin x-subject x-subject-id x-trusted x-id x-any
   type const enum properties required additionalProperties items uniqueItems pattern format anyOf oneOf $ref $defs
   ${COUNTS.join(" ")} ${NUMBERS.join(" ")}`.split(/\s+/),
);

/** The fields of a schema. Throws SchemaRefused. */
export function readFields(schema: JsonObject): Field {
  const defs = schema.$defs ?? {};
  if (!isObject(defs)) throw new SchemaRefused("/$defs", "$defs must be an object");
  const budget = { nodes: 0 };
  const nothing: Inherited = { origin: "content", personal: false, trusted: false };
  for (const name of Object.keys(defs))
    read(defs[name]!, nothing, {
      defs,
      path: `/$defs/${escapeSegment(name)}`,
      open: [name],
      budget,
    });
  return read(schema, nothing, { defs, path: "", open: [], budget });
}

function read(schema: Json, above: Inherited, walk: Walk): Field {
  const refuse = (why: string, key = ""): never => {
    throw new SchemaRefused(key === "" ? walk.path : `${walk.path}/${escapeSegment(key)}`, why);
  };
  if (++walk.budget.nodes > LIMITS.contractNodes) refuse(`the schema has more than ${LIMITS.contractNodes} nodes`);
  if (!isObject(schema)) return refuse("must be an object schema");
  for (const key of Object.keys(schema)) {
    if (!KEYWORDS.has(key)) refuse("is not part of the accepted subset", key);
    if (key === "$defs" && walk.path !== "") refuse("stands at the root only", key);
  }
  checkValues(schema, refuse);
  const here = annotations(schema, above, refuse);
  if (schema["x-any"] !== undefined) return anything(schema, refuse);
  const types = typesOf(schema, refuse);
  const descend = (key: string, value: Json, open = walk.open) =>
    read(value, here, { ...walk, path: `${walk.path}/${key}`, open });

  const branches: Field[] = [];
  if (schema.$ref !== undefined) {
    const name =
      typeof schema.$ref === "string" ? /^#\/\$defs\/([A-Za-z0-9_-]{1,100})$/.exec(schema.$ref)?.[1] : undefined;
    if (name === undefined || !Object.hasOwn(walk.defs, name)) return refuse("must name an entry of #/$defs", "$ref");
    if (walk.open.includes(name)) return refuse("refers to itself", "$ref");
    branches.push(descend("$ref", walk.defs[name]!, [...walk.open, name]));
  }
  for (const key of ["anyOf", "oneOf"]) {
    const list = schema[key];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length === 0) return refuse("must be a non-empty list", key);
    list.forEach((branch, i) => branches.push(descend(`${key}/${i}`, branch)));
  }

  const properties = new Map<string, Field>();
  if (schema.properties !== undefined && !isObject(schema.properties)) refuse("must be an object", "properties");
  for (const [name, value] of Object.entries((schema.properties as JsonObject | undefined) ?? {})) {
    // `$` is how plans write references and commitments: data must not be able to look like one.
    if (name === "__proto__" || name.startsWith("$"))
      refuse("must not declare names that start with $, nor __proto__", "properties");
    properties.set(name, descend(`properties/${escapeSegment(name)}`, value));
  }
  if (types?.has("object") && schema.additionalProperties !== false)
    refuse("an object must say additionalProperties: false");
  if (types?.has("object") !== true && schema.properties !== undefined) refuse("properties need type: object");
  if (types?.has("array") && schema.items === undefined) refuse("an array must say what its items are");
  const items = schema.items === undefined ? undefined : descend("items", schema.items);
  for (const name of (schema.required as readonly string[] | undefined) ?? [])
    if (!properties.has(name)) refuse("names a property that is not declared", "required");

  if (types === undefined && branches.length === 0)
    refuse("must say its type, or use const, enum, anyOf, oneOf or $ref");
  const id = schema["x-id"] === true ? (schema.pattern as string) : undefined;
  const subjectKind = schema["x-subject-id"] as string | undefined;
  const closed = schema.const !== undefined || schema.enum !== undefined;
  const own: Field[] =
    types === undefined ? [] : [{ ...here, types, id, subjectKind, closed, properties, items, any: false }];
  return merge([...own, ...branches], here);
}

/** The statement that holds for all branches and all parts. */
function merge(branches: readonly Field[], here: Inherited): Field {
  const names = new Set(branches.flatMap((branch) => [...branch.properties.keys()]));
  const properties = new Map<string, Field>();
  for (const name of names) {
    const parts = branches.flatMap((branch) => branch.properties.get(name) ?? []);
    properties.set(name, parts.length === 1 ? parts[0]! : merge(parts, here));
  }
  const lists = branches.flatMap((branch) => branch.items ?? []);
  const items = lists.length <= 1 ? lists[0] : merge(lists, here);
  // Parts speak for a composite; where there are none, the branches themselves do.
  const composite = [...properties.values(), ...(items === undefined ? [] : [items])];
  const leaves = branches.filter(
    (branch) => branch.properties.size === 0 && branch.items === undefined && !isNull(branch),
  );
  const voices = [...composite, ...leaves];
  return {
    types: new Set(branches.flatMap((branch) => [...branch.types])),
    origin: voices.every((voice) => voice.origin === "principal") ? "principal" : "content",
    personal: here.personal || voices.some((voice) => voice.personal),
    trusted: voices.every((voice) => voice.trusted),
    id: branches.length === 1 ? branches[0]!.id : undefined,
    // Whoever one branch would name is meant by all: a subject is not overlooked.
    subjectKind: branches.find((branch) => branch.subjectKind !== undefined)?.subjectKind,
    closed: branches.every((branch) => branch.closed),
    properties,
    items,
    any: branches.length === 1 && branches[0]!.any,
  };
}

/** Any JSON, somebody's content, possibly personal: nothing is known of it and nothing else may be said. */
function anything(schema: JsonObject, refuse: Refuse): Field {
  if (schema["x-any"] !== true) return refuse("must be true", "x-any");
  const other = Object.keys(schema).find((key) => !["x-any", "title", "description"].includes(key));
  if (other !== undefined) return refuse("says nothing beside x-any", other);
  const types = new Set([...TYPES] as JsonType[]);
  const said = { origin: "content", personal: true, trusted: false } as const;
  return {
    ...said,
    types,
    id: undefined,
    subjectKind: undefined,
    closed: false,
    properties: new Map(),
    items: undefined,
    any: true,
  };
}

/** Null says nothing, whoever says it. */
const isNull = (field: Field): boolean => field.types.size === 1 && field.types.has("null");

type Refuse = (why: string, key?: string) => never;

function annotations(schema: JsonObject, above: Inherited, refuse: Refuse): Inherited {
  const origin = schema["x-origin"] ?? above.origin;
  if (origin !== "principal" && origin !== "content") return refuse('must be "principal" or "content"', "x-origin");
  if (schema["x-subject"] !== undefined && schema["x-subject"] !== "customer")
    refuse('must be "customer"', "x-subject");
  const trusted = schema["x-trusted"] ?? above.trusted;
  if (typeof trusted !== "boolean") return refuse("must be true or false", "x-trusted");
  return { origin, personal: above.personal || schema["x-subject"] !== undefined, trusted };
}

/** The types that a schema declares itself; undefined where it leaves that to its branches. */
function typesOf(schema: JsonObject, refuse: Refuse): ReadonlySet<JsonType> | undefined {
  if (schema.type !== undefined) {
    const list = Array.isArray(schema.type) ? schema.type : [schema.type];
    if (list.length === 0 || !list.every((type) => typeof type === "string" && TYPES.has(type)))
      refuse("is not a JSON type", "type");
    return new Set(list as JsonType[]);
  }
  if (schema.const !== undefined) return new Set([typeOfValue(schema.const)]);
  if (schema.enum !== undefined) return new Set((schema.enum as Json[]).map(typeOfValue));
  return undefined;
}

const typeOfValue = (value: Json): JsonType =>
  value === null
    ? "null"
    : typeof value === "number"
      ? Number.isInteger(value)
        ? "integer"
        : "number"
      : (typeof value as JsonType);

function checkValues(schema: JsonObject, refuse: Refuse): void {
  const isScalar = (value: Json) => value === null || typeof value !== "object";
  const has = (key: string) => schema[key] !== undefined;
  if (has("const") && !isScalar(schema.const!)) refuse("must be a scalar", "const");
  if (has("enum") && !(Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.every(isScalar)))
    refuse("must list scalars", "enum");
  if (has("additionalProperties") && schema.additionalProperties !== false)
    refuse("must be false", "additionalProperties");
  if (has("format") && !FORMATS.has(schema.format as string))
    refuse(`must be one of ${[...FORMATS].join(", ")}`, "format");
  if (has("$schema") && schema.$schema !== "https://json-schema.org/draft/2020-12/schema")
    refuse("must be 2020-12", "$schema");
  for (const key of COUNTS)
    if (has(key) && !(Number.isSafeInteger(schema[key]) && (schema[key] as number) >= 0))
      refuse("must be a count", key);
  for (const key of NUMBERS) if (has(key) && typeof schema[key] !== "number") refuse("must be a number", key);
  if (has("multipleOf") && (schema.multipleOf as number) <= 0) refuse("must be positive", "multipleOf");
  if (has("required") && !(Array.isArray(schema.required) && schema.required.every((name) => typeof name === "string")))
    refuse("must list names", "required");
  if (has("uniqueItems") && typeof schema.uniqueItems !== "boolean") refuse("must be true or false", "uniqueItems");
  // Comparing all pairs is quadratic.
  if (schema.uniqueItems === true && ((schema.maxItems as number | undefined) ?? Infinity) > LIMITS.factElements)
    refuse(`needs maxItems of at most ${LIMITS.factElements}`, "uniqueItems");
  checkPattern(schema, refuse);
}

function checkPattern(schema: JsonObject, refuse: Refuse): void {
  if (schema["x-id"] !== undefined && schema["x-id"] !== true) refuse("must be true", "x-id");
  const kind = schema["x-subject-id"];
  if (kind !== undefined && !(typeof kind === "string" && SUBJECT_KIND.test(kind)))
    refuse("must be the kind of the subject, in lower case", "x-subject-id");
  if (kind !== undefined && ![schema.type].flat().includes("string")) refuse("is for strings", "x-subject-id");
  if (schema.pattern === undefined) {
    if (schema["x-id"] === true) refuse("needs a pattern", "x-id");
    return;
  }
  if (typeof schema.pattern !== "string") return refuse("must be a string", "pattern");
  const facts = analysePattern(schema.pattern);
  if ("refused" in facts) return refuse(facts.refused, "pattern");
  if (schema["x-id"] === true && !facts.distinctive) refuse("the pattern also matches bare numbers or words", "x-id");
}
