/**
 * From an input to the features that weights are learnt for: hashes of words, pairs of words, parts of words, values and spans of numbers.
 *
 * F1  The same input gives the same features everywhere: no locale, no dictionary, no Unicode table but lower case, which Unicode keeps stable.
 * F2  A value weighs as a whole: a long text has no more weight than a short one.
 */
import type { Json, JsonObject } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { parsePointer } from "../pointer.ts";
import { wholeRoot } from "./exact.ts";
import type { ClassifierField } from "./schema.ts";

/** Feature hash → how much of it there is. */
export type Features = ReadonlyMap<number, number>;

/** `bounds`: of each field, those of its spans. */
export function featuresOf(
  input: Json,
  fields: readonly ClassifierField[],
  bounds: readonly (readonly number[])[],
): Features {
  const features = new Map<number, number>();
  for (const [i, { field, as }] of fields.entries()) {
    const value = valueAt(input, field);
    const own = new Set<number>();
    if (value === undefined || value === null) own.add(hash(i, "absent", ""));
    else if (as === "text") addText(own, i, typeof value === "string" ? value : "");
    else if (as === "category") own.add(hash(i, "is", String(value as string | number | boolean)));
    else for (const bound of bounds[i]!) if (Number(value) >= bound) own.add(hash(i, "from", String(bound)));
    // F2: 1 / sqrt(n), from whole numbers.
    const weight = own.size === 0 ? 0 : 16 / wholeRoot(256 * own.size);
    for (const feature of own) features.set(feature, weight);
  }
  return features;
}

export function valueAt(input: Json, pointer: string): Json | undefined {
  return (parsePointer(pointer) ?? []).reduce<Json | undefined>(
    (inner, segment) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.hasOwn(inner, segment)
        ? (inner as JsonObject)[segment]
        : undefined,
    input,
  );
}

function addText(own: Set<number>, field: number, text: string): void {
  const words = wordsOf(text.slice(0, LIMITS.classifierTextChars));
  let before = "";
  for (const word of words) {
    own.add(hash(field, "word", word));
    if (before !== "") own.add(hash(field, "pair", `${before} ${word}`));
    before = word;
    const padded = `<${word.slice(0, 40)}>`;
    for (const size of [3, 4])
      for (let at = 0; at + size <= padded.length; at++) own.add(hash(field, "part", padded.slice(at, at + size)));
  }
}

/** Runs of characters between white space, ASCII signs and general punctuation. */
const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    // oxlint-disable-next-line no-control-regex
    .split(/[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+/)
    .filter((word) => word !== "");

/** Short codes as features: `n` of them weigh as one (F2). */
export function codesOf(codes: readonly string[]): Features {
  const own = new Set(codes.map((code) => hash(0, "code", code)));
  return new Map([...own].map((feature) => [feature, 16 / wholeRoot(256 * own.size)]));
}

/** What a text says and what a reader found it to be about, side by side; each weighs as one. */
export const withCodes = (features: Features, codes: readonly string[]): Features =>
  new Map([...features, ...codesOf(codes)]);

/** FNV-1a, 32 bits, over UTF-16 code units; field and kind keep equal words of two fields apart. */
function hash(field: number, kind: string, text: string): number {
  let value = 0x811c9dc5;
  const key = `${field}:${kind}:${text}`;
  for (let i = 0; i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Bounds of the spans of a number, at most so many, by equal shares of the examples. Values stand as they were given. */
export function boundsOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const most = LIMITS.classifierBounds;
  const cuts = Array.from({ length: most }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / (most + 1))]);
  return [...new Set(cuts.filter((cut) => cut !== undefined && cut > sorted[0]!))] as number[];
}
