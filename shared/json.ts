/**
 * The strict JSON parser of the protocol. It accepts a subset of RFC 8259 in which a text has one meaning on every platform:
 * no duplicate keys, no number that a double cannot hold exactly as a whole number, no lone surrogates, bounded nesting.
 *
 * The engine's JSON.parse does the grammar (RFC 8259 exactly); the rules above it are checked on what it returned. Of names with escapes it
 * is asked one by one: V8 13.6 (Node 24) takes such a name inside an object for another one, where the engine has seen an object before whose
 * name there is spelled as the escape begins. After {"\\":1}, {"\u0061":1} is read as {"\\":1} there.
 */
import { fromUtf8, utf8 } from "./bytes.ts";
import { syntaxFault, type Place } from "./json-fault.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import { err, ok, type Err, type Result } from "./result.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Why a text was refused; stands in `facts.rule` of the `invalid-json` problem. */
export type JsonRule =
  | "utf-8"
  | "syntax"
  | "depth"
  | "number-range"
  | "lone-surrogate"
  | "duplicate-key"
  | "forbidden-key";

const refuse = (rule: JsonRule, detail: string, place?: Place): Err<ReturnType<typeof problem>> =>
  err(problem("invalid-json", detail, { rule, ...place }));

/** Thrown inside the walk only, and turned into a value by parseStrictJson. */
class Refusal {
  readonly rule: JsonRule;
  readonly detail: string;
  constructor(rule: JsonRule, detail: string) {
    this.rule = rule;
    this.detail = detail;
  }
}

/**
 * Parses one JSON text.
 *
 * - Bytes must be valid UTF-8; a byte order mark is refused.
 * - Numbers: the value, however it is spelled, must lie within ±(2^53 − 1); so 1e300 and 9007199254740993.0 are refused, 1.0 is 1.
 *   Beyond that bound every double is a whole number that may stand for several decimal ones. −0 becomes 0, as RFC 8785 writes it,
 *   and a number too small for a double becomes 0.
 * - Strings and keys must be well-formed Unicode, also when written as \u escapes.
 * - Duplicate keys (compared after unescaping) and the key "__proto__" are refused.
 * - `maxDepth` counts arrays and objects: a scalar has depth 0, [] has depth 1. `maxBytes` counts UTF-8 bytes.
 *
 * Errors: `invalid-json` with `facts.rule`, and with `line` and `column` where the text is no JSON; `body-too-large`. Neither quotes the text, which may hold personal values.
 */
export function parseStrictJson(
  input: string | Uint8Array,
  opts: { maxDepth?: number; maxBytes?: number } = {},
): Result<Json> {
  const { maxDepth = LIMITS.jsonDepth, maxBytes = Number.POSITIVE_INFINITY } = opts;
  if (isLarger(input, maxBytes)) return err(problem("body-too-large", `more than ${maxBytes} bytes`, { maxBytes }));

  const text = typeof input === "string" ? input : fromUtf8(input);
  if (text === null) return refuse("utf-8", "the bytes are not valid UTF-8");
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch {
    const place = syntaxFault(text);
    return refuse("syntax", `not a JSON text: line ${place.line}, column ${place.column}`, place);
  }

  try {
    const root = { value: parsed };
    let members = check(root, "value", maxDepth);
    const names = namesIn(text);
    if (text.includes("\\") && names.some(([open, end]) => text.slice(open, end).includes("\\"))) {
      root.value = parseByNames(text, names);
      members = check(root, "value", maxDepth);
    }
    // JSON.parse keeps one of two equal keys, so a duplicate shows as fewer members in the value than in the text.
    if (members !== names.length) return refuse("duplicate-key", "an object has the same key twice");
    return ok(root.value);
  } catch (cause) {
    if (cause instanceof Refusal) return refuse(cause.rule, cause.detail);
    throw cause;
  }
}

/**
 * The value of a text that is then compared with the engine's own serialisation of this value, which is how a duplicate key, −0 and another
 * spelling show. Everything else that `parseStrictJson` refuses gives undefined here, and so do texts that would need a closer
 * look; ask it then. In what is given, the keys of every object stand in canonical order, so that its serialisation is the canonical text.
 */
export function parseOrderedJson(text: string): Json | undefined {
  // Without \u escapes a lone surrogate and the forbidden key stand in the text as they are.
  if (text.includes("\\u") || text.includes("__proto__") || !text.isWellFormed()) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return isOrdered(value, LIMITS.jsonDepth) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether all keys stand in order, all numbers are in range and nothing is nested too deeply. */
function isOrdered(value: Json, depthLeft: number): boolean {
  if (typeof value === "number") return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== "object" || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) if (!isOrdered(item, depthLeft - 1)) return false;
    return true;
  }
  let before = "";
  for (const name of Object.keys(value)) {
    if (name < before || !isOrdered((value as JsonObject)[name]!, depthLeft - 1)) return false;
    before = name;
  }
  return true;
}

function isLarger(input: string | Uint8Array, maxBytes: number): boolean {
  if (input.length > maxBytes) return true;
  // One UTF-16 unit is at most three bytes of UTF-8; only near the limit must they be counted.
  return typeof input === "string" && input.length * 3 > maxBytes && utf8(input).length > maxBytes;
}

/** Checks the value at `holder[key]` against the rules, replaces −0 by 0, and returns how many object members it holds. */
function check(holder: { [key: string]: Json } | Json[], key: string | number, depthLeft: number): number {
  const value = (holder as { [key: string]: Json })[key]!;
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new Refusal("lone-surrogate", "a string holds a lone surrogate");
      return 0;
    case "number":
      if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER))
        throw new Refusal("number-range", "a number lies beyond ±(2^53 − 1)");
      if (value === 0) (holder as { [key: string]: Json })[key] = 0;
      return 0;
    case "boolean":
      return 0;
    case "object":
      break;
  }
  if (value === null) return 0;
  if (depthLeft === 0) throw new Refusal("depth", "nested too deeply");

  let members = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) members += check(value as Json[], i, depthLeft - 1);
    return members;
  }
  for (const name of Object.keys(value)) {
    if (name === "__proto__") throw new Refusal("forbidden-key", "the key __proto__ is not allowed");
    if (!name.isWellFormed()) throw new Refusal("lone-surrogate", "a key holds a lone surrogate");
    members += 1 + check(value as { [key: string]: Json }, name, depthLeft - 1);
  }
  return members;
}

/** Where a string stands in a text: its opening quote, and behind its closing one. */
type Span = readonly [open: number, end: number];

/** The names of all object members that a valid JSON text spells: its strings that are followed by a colon. */
function namesIn(text: string): Span[] {
  const names: Span[] = [];
  let open = text.indexOf('"');
  while (open !== -1) {
    let close = text.indexOf('"', open + 1);
    while (isEscaped(text, close)) close = text.indexOf('"', close + 1);
    let after = close + 1;
    while (isWhiteSpace(text.charCodeAt(after))) after += 1;
    if (text.charCodeAt(after) === 0x3a) names.push([open, close + 1]);
    open = text.indexOf('"', after);
  }
  return names;
}

/** The value of a valid JSON text, each name read by itself and put in afterwards. Its nesting has been found to be bounded. */
function parseByNames(text: string, names: readonly Span[]): Json {
  const read = names.map(([open, end]) => JSON.parse(text.slice(open, end)) as string);
  let numbered = "";
  let at = 0;
  names.forEach(([open, end], i) => {
    numbered += `${text.slice(at, open)}"n${i}"`;
    at = end;
  });
  const named = (value: Json): Json => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(named);
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [read[Number(name.slice(1))]!, named(inner)]),
    );
  };
  return named(JSON.parse(numbered + text.slice(at)) as Json);
}

/** Whether an odd number of backslashes stands before this quote. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote;
  while (text.charCodeAt(first - 1) === 0x5c) first -= 1;
  return (quote - first) % 2 === 1;
}

const isWhiteSpace = (unit: number): boolean => unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;

/** Whether two values have the same canonical text, without writing it: the order of keys means nothing, −0 is 0. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return (a as readonly Json[]).every((item, i) => equalJson(item, (b as readonly Json[])[i]!));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalJson((a as JsonObject)[key]!, (b as JsonObject)[key]!));
}
