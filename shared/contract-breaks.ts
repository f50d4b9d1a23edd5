/**
 * What breaks when one contract takes the place of another, in words.
 *
 * Who sends inputs must be able to go on as before, so inputs may become wider; who reads results must not meet what was never promised,
 * so results may become narrower. Both are one question: is every document of one schema also a document of the other?
 *
 * K1  Where nothing is named, every document of the first schema is a document of the second (or, for results, the other way round). The
 *     reverse does not hold: what cannot be shown is named too, such as a pattern that was written in another way.
 * K2  Unions are compared branch by branch, each value of a closed list by the validator itself; the work is bounded by
 *     LIMITS.contractComparisons.
 * Annotations (x-origin, titles and the like) say nothing about which documents there are, and are not compared.
 */
import {
  branchesOf,
  KINDS,
  propertiesOf,
  requiredOf,
  valuesOf,
  kindsOf,
  conjunctsOf,
  tightest,
  type Kind,
  type Node,
} from "./contract-nodes.ts";
import { validatorOf } from "./contracts.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";

export type Direction = "input" | "result";

type Walk = {
  readonly direction: Direction;
  readonly aDefs: JsonObject;
  readonly bDefs: JsonObject;
  readonly budget: { left: number };
};

/** Sentences, one for each difference that breaks somebody; empty where nothing does. Both schemas have compiled before. */
export function contractBreaks(before: JsonObject, after: JsonObject, direction: Direction): string[] {
  const [a, b] = direction === "input" ? [before, after] : [after, before];
  const walk: Walk = {
    direction,
    aDefs: (a.$defs as JsonObject | undefined) ?? {},
    bDefs: (b.$defs as JsonObject | undefined) ?? {},
    budget: { left: LIMITS.contractComparisons },
  };
  const found = compare([a], b, "", walk);
  if (walk.budget.left < 0) return ["the contracts have too many alternatives to be compared"];
  return [...new Set(found)];
}

/** What stands in the way of `a` (all of whose parts hold) being within `b`. */
function compare(a: readonly Node[], b: Node, place: string, walk: Walk): string[] {
  if (--walk.budget.left < 0) return ["too large"];
  if (b["x-any"] === true) return [];
  const alternatives = branchesOf(a, walk.aDefs, walk.budget);
  return alternatives.flatMap((known) =>
    conjunctsOf([b], walk.bDefs).flatMap((part) => [
      ...own(known, part, place, walk),
      ...(["anyOf", "oneOf"] as const).flatMap((key) => union(known, part, key, place, walk)),
    ]),
  );
}

function union(known: readonly Node[], part: Node, key: "anyOf" | "oneOf", place: string, walk: Walk): string[] {
  const branches = part[key] as readonly Node[] | undefined;
  if (branches === undefined) return [];
  return cases(known).flatMap((one) => {
    const closed = valuesOf(one);
    if (closed !== undefined && closed.length === 0) return [];
    if (closed !== undefined) return values(closed, part, place, walk);
    const within = branches.map((branch) => compare(one, branch, place, walk));
    const fits = within.filter((breaks) => breaks.length === 0).length;
    if (key === "anyOf" && fits > 0) return [];
    const apart = branches.filter((branch) => disjoint(one, branch, walk)).length;
    if (key === "oneOf" && fits === 1 && apart === branches.length - 1) return [];
    const only = branches.length === 1 ? within[0]! : [];
    return only.length > 0
      ? only
      : [
          say(
            place,
            walk,
            (was, now) => `what ${key} allows was ${was} and is ${now}`,
            "wider or other",
            "narrower or other",
          ),
        ];
  });
}

/** One case for each type, so that each can find its own branch. */
const cases = (known: readonly Node[]): (readonly Node[])[] => {
  const kinds = [...kindsOf(known)];
  if (valuesOf(known) !== undefined || kinds.length <= 1) return [known];
  const names = kinds.includes("fraction")
    ? [...kinds.filter((k) => k !== "integer" && k !== "fraction"), "number"]
    : kinds;
  return names.map((type) => [...known, { type: type as string }]);
};

function own(known: readonly Node[], b: Node, place: string, walk: Walk): string[] {
  const kinds = kindsOf(known);
  const closed = valuesOf(known);
  if (kinds.size === 0 || closed?.length === 0) return [];
  const { anyOf: _, oneOf: __, ...plain } = b;
  if (closed !== undefined) return values(closed, plain, place, walk);
  const breaks: string[] = [];
  const add = (words: (was: string, now: string) => string, a: string, to: string) =>
    breaks.push(say(place, walk, words, a, to));

  if (b.const !== undefined || b.enum !== undefined) {
    const list = shown(valuesOf([b])!);
    add((was, now) => `${was} became ${now}`, "any value", `only ${list}`);
    return breaks;
  }
  const allowed = kindsOf([plain]);
  const outside = [...kinds].filter((kind) => !allowed.has(kind));
  if (outside.length > 0) add((was, now) => `${was} became ${now}`, typeWords(kinds), typeWords(allowed));

  const both = (kind: Kind) => kinds.has(kind) && allowed.has(kind);
  if (both("integer") || both("fraction")) numbers(known, b, kinds, add);
  if (both("string")) texts(known, b, add);
  if (both("array")) breaks.push(...lists(known, b, place, walk, add));
  if (both("object") && b.additionalProperties === false) breaks.push(...objects(known, b, place, walk));
  return breaks;
}

type Add = (words: (was: string, now: string) => string, a: string, to: string) => void;

const bound = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? "none" : `${value}`;
const became = (what: string) => (was: string, now: string) => `${what} ${was} became ${now}`;

function numbers(known: readonly Node[], b: Node, kinds: ReadonlySet<Kind>, add: Add): void {
  const whole = !kinds.has("fraction");
  const a = tightest(known, whole);
  if (b.minimum !== undefined && a.least < (b.minimum as number))
    add(became("minimum"), bound(a.least), `${b.minimum}`);
  if (b.maximum !== undefined && a.most > (b.maximum as number)) add(became("maximum"), bound(a.most), `${b.maximum}`);
  const above = b.exclusiveMinimum as number | undefined;
  if (above !== undefined && !(a.least > above || (a.least === above && a.leastOpen)))
    add(became("exclusiveMinimum"), bound(a.least), `${above}`);
  const below = b.exclusiveMaximum as number | undefined;
  if (below !== undefined && !(a.most < below || (a.most === below && a.mostOpen)))
    add(became("exclusiveMaximum"), bound(a.most), `${below}`);
  const step = b.multipleOf as number | undefined;
  const steps = known.flatMap((node) => (node.multipleOf as number | undefined) ?? []);
  const isStep = (one: number) =>
    one === step || (Number.isSafeInteger(one) && Number.isSafeInteger(step) && one % step! === 0);
  if (step !== undefined && !(steps.some(isStep) || (whole && step === 1)))
    add(became("multipleOf"), steps.length === 0 ? "none" : steps.join(" and "), `${step}`);
}

const least = (known: readonly Node[], key: string): number =>
  Math.max(0, ...known.map((node) => (node[key] as number | undefined) ?? 0));
const most = (known: readonly Node[], key: string): number =>
  Math.min(Infinity, ...known.map((node) => (node[key] as number | undefined) ?? Infinity));

function counts(known: readonly Node[], b: Node, min: string, max: string, add: Add): void {
  const [low, high] = [least(known, min), most(known, max)];
  if (low < ((b[min] as number | undefined) ?? 0)) add(became(min), `${low}`, `${b[min] as number}`);
  if (high > ((b[max] as number | undefined) ?? Infinity)) add(became(max), bound(high), `${b[max] as number}`);
}

function texts(known: readonly Node[], b: Node, add: Add): void {
  counts(known, b, "minLength", "maxLength", add);
  for (const key of ["pattern", "format"] as const) {
    const had = known.flatMap((node) => (node[key] as string | undefined) ?? []);
    if (b[key] !== undefined && !had.includes(b[key] as string))
      add(became(key), had.length === 0 ? "none" : had.join(" and "), b[key] as string);
  }
}

function lists(known: readonly Node[], b: Node, place: string, walk: Walk, add: Add): string[] {
  counts(known, b, "minItems", "maxItems", add);
  const high = most(known, "maxItems");
  if (b.uniqueItems === true && high > 1 && !known.some((node) => node.uniqueItems === true))
    add(became("uniqueItems"), "false", "true");
  const items = known.flatMap((node) => (node.items === undefined ? [] : [node.items as Node]));
  if (b.items === undefined || high === 0) return [];
  return compare(items, b.items as Node, `${place}[]`, walk);
}

function objects(known: readonly Node[], b: Node, place: string, walk: Walk): string[] {
  // Of what may be any JSON, no object is closed.
  if (!known.some((node) => node.additionalProperties === false))
    return [say(place, walk, (was, now) => `${was} became ${now}`, "any object", "a closed object")];
  const has = propertiesOf(known);
  const must = requiredOf(known);
  const declared = (b.properties as JsonObject | undefined) ?? {};
  const at = (name: string) => (place === "" ? name : `${place}.${name}`);
  const isInput = walk.direction === "input";
  const missing = requiredOf([b])
    .values()
    .filter((name) => !must.has(name))
    .map((name) => {
      if (has.has(name))
        return isInput
          ? `${at(name)} was optional and is required now`
          : `${at(name)} was required and is optional now`;
      return isInput ? `${at(name)} is new and required` : `${at(name)} was required and is gone`;
    });
  const parts = [...has].flatMap(([name, nodes]) =>
    Object.hasOwn(declared, name)
      ? compare(nodes, declared[name] as Node, at(name), walk)
      : [isInput ? `${at(name)} is gone` : `${at(name)} is new`],
  );
  return [...missing, ...parts];
}

/** Each value of a closed list, by the validator. */
function values(closed: readonly Json[], b: Node, place: string, walk: Walk): string[] {
  const validator = validatorOf({ ...b, $defs: walk.bDefs });
  walk.budget.left -= closed.length;
  return closed
    .filter((value) => !validator.validate(value).valid)
    .map((value) => {
      const word = `the value \`${typeof value === "string" ? value : JSON.stringify(value)}\` is`;
      return `${place === "" ? "" : `${place}: `}${word} ${walk.direction === "input" ? "gone" : "new"}`;
    });
}

/** No document is in both: only what can be shown. */
function disjoint(a: readonly Node[], b: Node, walk: Walk): boolean {
  if (--walk.budget.left < 0) return false;
  const parts = conjunctsOf([b], walk.bDefs);
  const closed = valuesOf(a);
  if (closed !== undefined) {
    const validator = validatorOf({ ...b, $defs: walk.bDefs });
    return closed.every((value) => !validator.validate(value).valid);
  }
  const [mine, theirs] = [kindsOf(a), kindsOf(parts)];
  const common = KINDS.filter((kind) => mine.has(kind) && theirs.has(kind));
  if (common.length === 0) return true;
  if (common.length > 1 || common[0] !== "object") return false;
  const [has, other] = [propertiesOf(a), propertiesOf(parts)];
  const [must, theirMust] = [requiredOf(a), requiredOf(parts)];
  return (
    [...must].some((name) => !other.has(name)) ||
    [...theirMust].some((name) => !has.has(name)) ||
    [...must, ...theirMust].some((name) => {
      const nodes = other.get(name)!;
      return branchesOf(has.get(name)!, walk.aDefs, walk.budget).every((known) =>
        nodes.some((node) => disjoint(known, node, walk)),
      );
    })
  );
}

function say(
  place: string,
  { direction }: Walk,
  words: (was: string, now: string) => string,
  a: string,
  b: string,
): string {
  const sentence = direction === "input" ? words(a, b) : words(b, a);
  return place === "" ? sentence : `${place}: ${sentence}`;
}

const shown = (list: readonly Json[]): string =>
  list.map((value) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``).join(", ");

function typeWords(kinds: ReadonlySet<Kind>): string {
  if (kinds.size === KINDS.length) return "any JSON";
  const names = [...kinds].filter((kind) => kind !== "fraction" && !(kind === "integer" && kinds.has("fraction")));
  return [...names, ...(kinds.has("fraction") ? ["number"] : [])].join(" or ") || "nothing";
}
