/**
 * Contracts: the shapes that inputs, arguments and results must have, and where each field of them comes from.
 */
import type { Json, JsonObject } from "./json.ts";
import type { Result } from "./result.ts";

export type Origin = "principal" | "content";
export type FieldType =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "null"
  | "object"
  | "array"
  | "union";

export interface Contract {
  readonly schema: JsonObject;
  /** The same value when it satisfies the contract; nothing is coerced. Errors: `contract-violation`. */
  check(value: Json): Result<Json>;
  /** Who a field's words come from; `content` where the pointer names no field. A composite takes its weakest part. */
  originOf(pointer: string): Origin;
  /** Whether a field, or any part of it, is personal (x-subject). True where the pointer names no field. */
  isPersonal(pointer: string): boolean;
  /** Whether a field, with all its parts, is the tenant's own data (x-trusted). */
  isTrusted(pointer: string): boolean;
  /** The declared type of a field; undefined where the pointer names none. */
  typeOf(pointer: string): FieldType | undefined;
}

/** Errors: `invalid-contract`. */
export declare function compileContract(schema: JsonObject): Result<Contract>;
