/**
 * JSON as CEL sees it. A schema integer is a CEL int, a schema number is a double; where no schema speaks, whole numbers that a
 * double holds exactly are ints. Objects and lists are converted as they are read, so a rule pays for what it looks at.
 */
import { type CelList, type CelMap, isCelList, isCelMap } from "@bufbuild/cel";
import type { Field } from "../contract-fields.ts";
import type { Json, JsonObject } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { isObject } from "../pointer.ts";
import type { CelError, CelValue } from "./expression.ts";

export { isCelList };

/** What marks a map or a list for the evaluator. */
const MAP: unique symbol = Symbol.for("@bufbuild/cel/map") as never;
const LIST: unique symbol = Symbol.for("@bufbuild/cel/list") as never;

/** Thrown inside an evaluation, which turns it into a CelError: the rule denies. */
export class TooManyElements extends Error {
  constructor() {
    super(`more than ${LIMITS.factElements} elements`);
  }
}

/** A JSON value as the field declares it. */
export function toCelValue(value: Json, field: Field | undefined): CelValue {
  if (typeof value === "number") return isInt(value, field) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (isObject(value)) return asMap(new ObjectMap(value, field));
  if ((value as readonly Json[]).length > LIMITS.factElements) throw new TooManyElements();
  return new JsonList(value as readonly Json[], field?.items) as unknown as CelList;
}

/** A list of values that are each as the field declares it. */
export const toCelList = (values: readonly Json[], items: Field | undefined): CelValue =>
  new JsonList(values, items) as unknown as CelList;

function isInt(value: number, field: Field | undefined): boolean {
  if (!Number.isSafeInteger(value)) return false;
  return field === undefined || (field.types.has("integer") && !field.types.has("number"));
}

const asMap = (map: ReadOnlyMap): CelMap => map as unknown as CelMap;

/** What CEL asks of a map with string keys. */
abstract class ReadOnlyMap {
  readonly [MAP] = true;
  abstract get size(): number;
  abstract get(key: unknown): CelValue | undefined;
  abstract has(key: unknown): boolean;
  abstract keys(): IterableIterator<string>;

  *entries(): IterableIterator<[string, CelValue]> {
    for (const key of this.keys()) yield [key, this.get(key)!];
  }
  *values(): IterableIterator<CelValue> {
    for (const key of this.keys()) yield this.get(key)!;
  }
  forEach(callback: (value: CelValue, key: string, map: unknown) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
  [Symbol.iterator](): IterableIterator<[string, CelValue]> {
    return this.entries();
  }
}

class ObjectMap extends ReadOnlyMap {
  readonly #object: JsonObject;
  readonly #field: Field | undefined;

  constructor(object: JsonObject, field: Field | undefined) {
    super();
    this.#object = object;
    this.#field = field;
  }
  get size(): number {
    return this.#keys().length;
  }
  has(key: unknown): boolean {
    return typeof key === "string" && Object.hasOwn(this.#object, key);
  }
  get(key: unknown): CelValue | undefined {
    return this.has(key)
      ? toCelValue(this.#object[key as string]!, this.#field?.properties.get(key as string))
      : undefined;
  }
  keys(): IterableIterator<string> {
    return this.#keys().values();
  }
  #keys(): string[] {
    const keys = Object.keys(this.#object);
    if (keys.length > LIMITS.factElements) throw new TooManyElements();
    return keys;
  }
}

class JsonList {
  readonly [LIST] = true;
  readonly #items: readonly Json[];
  readonly #field: Field | undefined;

  constructor(items: readonly Json[], field: Field | undefined) {
    this.#items = items;
    this.#field = field;
  }
  get size(): number {
    return this.#items.length;
  }
  get(index: number): CelValue | undefined {
    const item = this.#items[index];
    return item === undefined ? undefined : toCelValue(item, this.#field);
  }
  *values(): IterableIterator<CelValue> {
    for (const item of this.#items) yield toCelValue(item, this.#field);
  }
  [Symbol.iterator](): IterableIterator<CelValue> {
    return this.values();
  }
}

type Thunks = { readonly [key: string]: () => CelValue | CelError };

class ThunkMap extends ReadOnlyMap {
  readonly #thunks: Thunks;

  constructor(thunks: Thunks) {
    super();
    this.#thunks = thunks;
  }
  get size(): number {
    return Object.keys(this.#thunks).length;
  }
  has(key: unknown): boolean {
    return typeof key === "string" && Object.hasOwn(this.#thunks, key);
  }
  get(key: unknown): CelValue | undefined {
    // A CelError stands for a value that is not there yet; the evaluator passes it on.
    return this.has(key) ? (this.#thunks[key as string]!() as CelValue) : undefined;
  }
  keys(): IterableIterator<string> {
    return Object.keys(this.#thunks).values();
  }
}

/** A map whose values are made when they are read. */
export const lazyMap = (thunks: Thunks): CelMap => asMap(new ThunkMap(thunks));

/** The JSON of a CEL value; undefined for what JSON does not hold exactly (bytes, timestamps, big ints, NaN, non-string keys). */
export function fromCelValue(value: CelValue): Json | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (isCelList(value)) {
    const items = Array.from(value, fromCelValue);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  if (!isCelMap(value)) return undefined;
  const out: Record<string, Json> = {};
  for (const [key, part] of value) {
    const json = fromCelValue(part);
    if (typeof key !== "string" || key === "__proto__" || json === undefined) return undefined;
    out[key] = json;
  }
  return out;
}
