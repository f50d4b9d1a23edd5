/**
 * Schemas as plain predicates. zod compiles its schemas with `new Function`, which Workers forbid, and its interpreter takes about ten times as
 * long; records arrive by the hundred, and nearly all of them are sound. A predicate only says yes: what it does not accept goes through
 * the schema itself, which has the last word and says what is wrong.
 *
 * P1  What a predicate accepts, its schema accepts, and gives back unchanged. Kinds of schema for which that is not known here are refused
 *     when the predicate is made.
 */
import type * as z from "zod";

export type Accepts = (value: unknown) => boolean;

/** What is read of a schema; zod documents `_zod.def` for library authors. */
type Def = {
  readonly type: string;
  readonly format?: string;
  readonly coerce?: boolean;
  readonly checks?: readonly Check[];
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly keyType?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly shape?: { readonly [key: string]: z.core.$ZodType };
  readonly catchall?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly discriminator?: string;
  readonly inclusive?: boolean;
  readonly mode?: string;
  readonly getter?: () => z.core.$ZodType;
};
type CheckDef = {
  readonly check: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly fn?: (value: unknown) => unknown;
  readonly when?: unknown;
};
type Check = { readonly _zod: { readonly def: unknown } };

/** The predicate of a schema. Throws a TypeError for a kind of schema that it does not know. */
export function acceptsOf(schema: z.core.$ZodType): Accepts {
  const def = defOf(schema);
  const kind = kindOf(schema, def);
  const checks = (def.checks ?? []).map((check) => checkOf(check._zod.def as CheckDef));
  if (checks.length === 0) return kind;
  return (value) => kind(value) && checks.every((check) => check(value));
}

const defOf = (schema: z.core.$ZodType): Def => schema._zod.def as unknown as Def;

const unknown = (what: string): never => {
  throw new TypeError(`no predicate is known for ${what}`);
};

function kindOf(schema: z.core.$ZodType, def: Def): Accepts {
  if (def.coerce === true) return unknown("coercion");
  switch (def.type) {
    case "string":
      return def.format === undefined ? (value) => typeof value === "string" : unknown(def.format);
    case "number":
      if (def.format === "safeint") return Number.isSafeInteger;
      return def.format === undefined ? Number.isFinite : unknown(def.format);
    case "boolean":
      return (value) => typeof value === "boolean";
    case "null":
      return (value) => value === null;
    case "lazy":
      return lazyOf(schema, def);
    case "literal":
    case "enum": {
      const values: ReadonlySet<unknown> = schema._zod.values!;
      return (value) => values.has(value);
    }
    case "nullable": {
      const inner = acceptsOf(def.innerType!);
      return (value) => value === null || inner(value);
    }
    case "array": {
      const element = acceptsOf(def.element!);
      // `every` passes over holes.
      return (value) => Array.isArray(value) && !value.includes(undefined) && value.every(element);
    }
    case "record":
      return def.mode === undefined || def.mode === "strict" ? recordOf(def) : unknown(`a ${def.mode} record`);
    case "object":
      return objectOf(def);
    case "union":
      return unionOf(def);
    default:
      return unknown(def.type);
  }
}

/** A schema that names itself inside, such as any JSON: made when it is first asked, once, so that its parts find it made. */
function lazyOf(schema: z.core.$ZodType, { getter }: Def): Accepts {
  const known = lazyBySchema.get(schema);
  if (known !== undefined) return known;
  let inner: Accepts | undefined;
  const accepts: Accepts = (value) => (inner ??= acceptsOf(getter!()))(value);
  lazyBySchema.set(schema, accepts);
  return accepts;
}
const lazyBySchema = new WeakMap<z.core.$ZodType, Accepts>();

/** As a JSON text gives it: dates, maps and bytes, which a call between Workers can carry, are objects of other kinds. */
const isObject = (value: unknown): value is { readonly [key: string]: unknown } => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Strict objects: every member stands in the shape, and those that must be there are. */
function objectOf({ shape, catchall }: Def): Accepts {
  if (catchall === undefined || defOf(catchall).type !== "never") return unknown("an object that is not strict");
  const memberOf = new Map<string, Accepts>();
  const optional = new Set<string>();
  for (const [key, member] of Object.entries(shape!)) {
    const def = defOf(member);
    const isOptional = def.type === "optional" && (def.checks ?? []).length === 0;
    if (isOptional) optional.add(key);
    memberOf.set(key, acceptsOf(isOptional ? def.innerType! : member));
  }
  return (value) => {
    if (!isObject(value)) return false;
    let left = memberOf.size - optional.size;
    for (const key of Object.keys(value)) {
      if (memberOf.get(key)?.(value[key]) !== true) return false;
      if (!optional.has(key)) left -= 1;
    }
    return left === 0;
  };
}

function recordOf({ keyType, valueType }: Def): Accepts {
  // Keys that are named one by one would all have to be there.
  if (keyType!._zod.values !== undefined) return unknown("a record of named keys");
  const key = acceptsOf(keyType!);
  const member = acceptsOf(valueType!);
  return (value) => {
    if (!isObject(value)) return false;
    // zod leaves this key out.
    for (const name of Object.keys(value)) if (name === "__proto__" || !key(name) || !member(value[name])) return false;
    return true;
  };
}

function unionOf({ options, discriminator, inclusive }: Def): Accepts {
  if (discriminator === undefined) {
    if (inclusive === false) return unknown("an exclusive union");
    const accepts = options!.map(acceptsOf);
    return (value) => accepts.some((option) => option(value));
  }
  const optionOf = new Map<unknown, Accepts>();
  for (const option of options!) {
    const accepts = acceptsOf(option);
    for (const value of defOf(option).shape?.[discriminator]?._zod.values ?? unknown("a nested union"))
      optionOf.set(value, accepts);
  }
  return (value) => isObject(value) && optionOf.get(value[discriminator])?.(value) === true;
}

/** Checks run after the kind, so they may rely on it. */
function checkOf(def: CheckDef): Accepts {
  switch (def.check) {
    case "string_format": {
      const { pattern } = def;
      if (def.format !== "regex" || pattern === undefined || pattern.global || pattern.sticky)
        return unknown(`the format ${def.format}`);
      return (value) => pattern.test(value as string);
    }
    case "min_length":
      return (value) => (value as { length: number }).length >= def.minimum!;
    case "max_length":
      return (value) => (value as { length: number }).length <= def.maximum!;
    case "length_equals":
      return (value) => (value as { length: number }).length === def.length!;
    case "greater_than":
      return (value) => (def.inclusive === true ? (value as number) >= def.value! : (value as number) > def.value!);
    case "less_than":
      return (value) => (def.inclusive === true ? (value as number) <= def.value! : (value as number) < def.value!);
    case "custom": {
      const { fn } = def;
      if (fn === undefined || def.when !== undefined) return unknown("a check of its own");
      // Strictly true: a promise is no answer.
      return (value) => fn(value) === true;
    }
    default:
      return unknown(`the check ${def.check}`);
  }
}
