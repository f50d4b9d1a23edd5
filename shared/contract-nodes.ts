/**
 * Schema nodes of a contract as sets of statements that all hold, for comparing contracts (shared/contract-breaks.ts). References are
 * opened, so that every list here is flat; unions are spread into alternatives.
 */
import type { Json, JsonObject } from "./json.ts";

export type Node = JsonObject;
/** JSON types, numbers split in two: every integer is a number too. */
export const KINDS = ["string", "integer", "fraction", "boolean", "null", "object", "array"] as const;
export type Kind = (typeof KINDS)[number];

/** A node with all that it refers to. */
export function conjunctsOf(nodes: readonly Node[], defs: JsonObject): Node[] {
  return nodes.flatMap((node) => {
    if (typeof node.$ref !== "string") return [node];
    const { $ref, ...rest } = node;
    return [rest, ...conjunctsOf([defs[$ref.slice("#/$defs/".length)] as Node], defs)];
  });
}

/** Every way in which the nodes can hold together, unions spread out. `oneOf` is taken for the wider `anyOf`. */
export function branchesOf(nodes: readonly Node[], defs: JsonObject, budget: { left: number }): (readonly Node[])[] {
  const flat = conjunctsOf(nodes, defs);
  const at = flat.findIndex((node) => node.anyOf !== undefined || node.oneOf !== undefined);
  if (at < 0) return [flat];
  const key = flat[at]!.anyOf === undefined ? "oneOf" : "anyOf";
  const { [key]: list, ...rest } = flat[at]!;
  const others = [...flat.slice(0, at), rest, ...flat.slice(at + 1)];
  budget.left -= (list as Json[]).length;
  if (budget.left < 0) return [others];
  return (list as Node[]).flatMap((branch) => branchesOf([...others, branch], defs, budget));
}

const kindsOfType: { readonly [type: string]: readonly Kind[] } = { number: ["integer", "fraction"] };

function kindOfValue(value: Json): Kind {
  if (value === null) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "fraction";
  return typeof value as Kind;
}

/** The types that all nodes allow. */
export function kindsOf(nodes: readonly Node[]): ReadonlySet<Kind> {
  return nodes.reduce<ReadonlySet<Kind>>((left, node) => {
    const said = [
      node.type === undefined
        ? undefined
        : [node.type].flat().flatMap((type) => kindsOfType[type as string] ?? [type as Kind]),
      listed(node)?.map(kindOfValue),
    ];
    return said.reduce<ReadonlySet<Kind>>(
      (kinds, allowed) =>
        allowed === undefined ? kinds : new Set([...kinds].filter((kind) => allowed.includes(kind))),
      left,
    );
  }, new Set(KINDS));
}

const listed = (node: Node): readonly Json[] | undefined =>
  node.const === undefined ? (node.enum as readonly Json[] | undefined) : [node.const];

/** The values that are left where the nodes name them all, or where the type has few; undefined where there is no such list. */
export function valuesOf(nodes: readonly Node[]): readonly Json[] | undefined {
  const kinds = kindsOf(nodes);
  const lists = nodes.flatMap((node) => {
    const list = listed(node);
    return list === undefined ? [] : [list];
  });
  const few = [...kinds].every((kind) => kind === "boolean" || kind === "null");
  if (lists.length === 0 && !few) return undefined;
  const all: readonly Json[] = lists[0] ?? [true, false, null];
  return all.filter((value) => kinds.has(kindOfValue(value)) && lists.every((list) => list.includes(value)));
}

/** The properties that all nodes allow, each with what all of them say about it. Objects are closed. */
export function propertiesOf(nodes: readonly Node[]): Map<string, Node[]> {
  const closed = nodes.filter((node) => node.additionalProperties === false);
  const [first, ...others] = closed.map((node) => (node.properties as JsonObject | undefined) ?? {});
  const names = Object.keys(first ?? {}).filter((name) => others.every((other) => Object.hasOwn(other, name)));
  return new Map(names.map((name) => [name, [first!, ...others].map((properties) => properties[name] as Node)]));
}

export const requiredOf = (nodes: readonly Node[]): ReadonlySet<string> =>
  new Set(nodes.flatMap((node) => (node.required as readonly string[] | undefined) ?? []));

export type Bounds = {
  readonly least: number;
  readonly leastOpen: boolean;
  readonly most: number;
  readonly mostOpen: boolean;
};

/** The range that all nodes leave; open where its end is not in it. Whole numbers end at whole numbers. */
export function tightest(nodes: readonly Node[], whole: boolean): Bounds {
  // An integer that a double cannot hold exactly is no integer in a contract.
  let [least, most]: [number, number] = whole
    ? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
    : [-Infinity, Infinity];
  let [leastOpen, mostOpen] = [false, false];
  const of = (node: Node, key: string) => node[key] as number | undefined;
  for (const node of nodes) {
    const [low, high] = [of(node, "minimum"), of(node, "maximum")];
    if (low !== undefined && low > least) [least, leastOpen] = [low, false];
    if (high !== undefined && high < most) [most, mostOpen] = [high, false];
    const [above, below] = [of(node, "exclusiveMinimum"), of(node, "exclusiveMaximum")];
    if (above !== undefined && above >= least) [least, leastOpen] = [above, true];
    if (below !== undefined && below <= most) [most, mostOpen] = [below, true];
  }
  if (!whole) return { least, leastOpen, most, mostOpen };
  return {
    least: leastOpen && Number.isInteger(least) ? least + 1 : Math.ceil(least),
    most: mostOpen && Number.isInteger(most) ? most - 1 : Math.floor(most),
    leastOpen: false,
    mostOpen: false,
  };
}
