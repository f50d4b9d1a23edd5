/**
 * Contracts: the shapes that inputs, arguments and results must have, and where each field of them comes from.
 * A contract is a JSON Schema in the subset of shared/contract-fields.ts, compiled once and checked without coercion.
 */
import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { canonicalize } from "./canonical.ts";
import { type Field, type JsonType, type Origin, readFields, SchemaRefused } from "./contract-fields.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { isIndex, parsePointer } from "./pointer.ts";
import { type Problem, problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { hasSubjectField } from "./subjects.ts";

export type { Field, Origin } from "./contract-fields.ts";
/** `union`: more than one type besides null. */
export type FieldType = JsonType | "union";

export interface Contract {
  readonly schema: JsonObject;
  /** The fields as a tree, for code that walks a value beside its declaration. */
  readonly root: Field;
  /** Patterns of the id types (x-id) that the contract declares. */
  readonly ids: readonly RegExp[];
  /** Some field names a data subject (x-subject-id). */
  readonly namesSubjects: boolean;
  /** The same value when it satisfies the contract; nothing is coerced. Errors: `contract-violation`. */
  check(value: Json): Result<Json>;
  /** The declaration of a field; index segments resolve through `items`. */
  field(pointer: string): Field | undefined;
  /** Whose words a field holds; `content` where the pointer names no field. A composite takes its weakest part. */
  originOf(pointer: string): Origin;
  /** Whether a field or any part of it is personal (x-subject): committed, never signed. True where the pointer names no field. */
  isPersonal(pointer: string): boolean;
  /** Whether a field with all its parts is the tenant's own data (x-trusted). */
  isTrusted(pointer: string): boolean;
  /** The declared type of a field, null aside; undefined where the pointer names none. */
  typeOf(pointer: string): FieldType | undefined;
}

/** Compiles a schema. Errors: `invalid-contract`, with the place in the schema. */
export function compileContract(schema: JsonObject): Result<Contract> {
  try {
    const text = canonicalize(schema);
    if (text.length > LIMITS.contractChars)
      throw new SchemaRefused("", `the schema is longer than ${LIMITS.contractChars} characters`);
    const root = readFields(schema);
    return ok(new CompiledContract(schema, root, validatorOf(schema)));
  } catch (error) {
    if (!(error instanceof SchemaRefused)) throw error;
    return err(
      problem("invalid-contract", `${error.path || "/"}: ${error.message}`, {
        pointer: error.path,
      }),
    );
  }
}

/** The validator of a schema that has been read, or of a part of one with its `$defs`. It marks what it is given, so it gets a copy. */
export function validatorOf(schema: JsonObject): Validator {
  const copy = structuredClone(schema) as Schema;
  boundIntegers(copy);
  return new Validator(copy, "2020-12", true);
}

class CompiledContract implements Contract {
  readonly schema: JsonObject;
  readonly root: Field;
  readonly ids: readonly RegExp[];
  readonly namesSubjects: boolean;
  readonly #validator: Validator;
  readonly #fields = new Map<string, Field | undefined>();

  constructor(schema: JsonObject, root: Field, validator: Validator) {
    this.schema = schema;
    this.root = root;
    this.ids = [...idsOf(root)].map((pattern) => new RegExp(pattern, "u"));
    this.namesSubjects = hasSubjectField(root);
    this.#validator = validator;
  }

  check(value: Json): Result<Json> {
    const { valid, errors } = this.#validator.validate(value);
    return valid ? ok(value) : err(violation(errors));
  }

  field(pointer: string): Field | undefined {
    if (this.#fields.has(pointer)) return this.#fields.get(pointer);
    const segments = parsePointer(pointer);
    const field = segments?.reduce<Field | undefined>(
      (f, s) => (f?.any === true ? f : undefined) ?? f?.properties.get(s) ?? (isIndex(s) ? f?.items : undefined),
      this.root,
    );
    // Bounded: indexes are endless, names are not.
    if (this.#fields.size < LIMITS.contractNodes) this.#fields.set(pointer, field);
    return field;
  }

  originOf(pointer: string): Origin {
    return this.field(pointer)?.origin ?? "content";
  }

  isPersonal(pointer: string): boolean {
    return this.field(pointer)?.personal ?? true;
  }

  isTrusted(pointer: string): boolean {
    return this.field(pointer)?.trusted ?? false;
  }

  typeOf(pointer: string): FieldType | undefined {
    const field = this.field(pointer);
    if (field === undefined) return undefined;
    const types = [...field.types].filter((type) => type !== "null");
    return types.length === 0 ? "null" : types.length === 1 ? types[0]! : "union";
  }
}

function* idsOf(field: Field): Generator<string> {
  if (field.id !== undefined) yield field.id;
  for (const part of field.properties.values()) yield* idsOf(part);
  if (field.items !== undefined) yield* idsOf(field.items);
}

/** An integer that a double cannot hold exactly is no integer here, whatever the schema allows. */
function boundIntegers(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const value of Object.values(schema)) boundIntegers(value);
  const node = schema as Schema;
  const types: unknown[] = Array.isArray(node.type) ? node.type : [node.type];
  if (!types.includes("integer") || types.includes("number")) return;
  node.minimum = Math.max(node.minimum ?? -Infinity, Number.MIN_SAFE_INTEGER);
  node.maximum = Math.min(node.maximum ?? Infinity, Number.MAX_SAFE_INTEGER);
}

/** Keywords that only repeat that a part failed. */
const REPEATS = new Set(["properties", "items", "$ref", "false"]);

/** Names places and keywords; values and undeclared names may be personal and are not repeated. */
function violation(errors: readonly OutputUnit[]): Problem {
  const named = errors
    .filter((error) => !REPEATS.has(error.keyword))
    .map((error) => ({
      pointer: error.instanceLocation.slice(1),
      keyword: error.keyword,
      missing: missingIn(error),
    }));
  const list = [...new Set(named.map(({ pointer, keyword, missing }) => `${pointer || "/"} ${keyword}${missing}`))];
  const first = named[0] ?? { pointer: "", keyword: "schema" };
  return problem(
    "contract-violation",
    `The value does not satisfy the contract: ${list.slice(0, LIMITS.violationsNamed).join("; ")}`,
    {
      pointer: first.pointer,
      keyword: first.keyword,
      errors: list.slice(0, LIMITS.violationsNamed),
    },
  );
}

/** The missing property's name, which is the schema's word and not the sender's. */
function missingIn(error: OutputUnit): string {
  if (error.keyword !== "required") return "";
  const name = /property "(.*)"/.exec(error.error)?.[1];
  return name === undefined ? "" : ` ${name}`;
}
