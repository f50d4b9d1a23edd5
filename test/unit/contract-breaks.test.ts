import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contractBreaks } from "../../shared/contract-breaks.ts";
import { compileContract } from "../../shared/contracts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { object, value } from "../support/release.ts";

const input = (before: JsonObject, after: JsonObject) => contractBreaks(before, after, "input");
const field = (before: JsonObject, after: JsonObject) => input(object({ f: before }), object({ f: after }));
const STRING = { type: "string" };
const INTEGER = { type: "integer" };

describe("what breaks whoever sends inputs", () => {
  it.each<[string, JsonObject, JsonObject, string[]]>([
    [
      "an optional field is required",
      object({ orderId: STRING }, ["orderId"]),
      object({ orderId: STRING }),
      ["orderId was optional and is required now"],
    ],
    ["a required field is new", object({}), object({ a: STRING }), ["a is new and required"]],
    ["a field is gone", object({ a: STRING }), object({}), ["a is gone"]],
    [
      "a bound is tighter, inside a list",
      object({ lines: { type: "array", items: object({ amountCents: { ...INTEGER, maximum: 5000 } }) } }),
      object({ lines: { type: "array", items: object({ amountCents: { ...INTEGER, maximum: 4000 } }) } }),
      ["lines[].amountCents: maximum 5000 became 4000"],
    ],
    [
      "a value is gone",
      object({ status: { enum: ["open", "lost"] } }),
      object({ status: { enum: ["open", "found"] } }),
      ["status: the value `lost` is gone"],
    ],
    ["a type is another", object({ a: STRING }), object({ a: INTEGER }), ["a: string became integer"]],
    [
      "a pattern and a length come",
      object({ a: STRING }),
      object({ a: { type: "string", pattern: "^x$", maxLength: 1 } }),
      ["a: maxLength none became 1", "a: pattern none became ^x$"],
    ],
    [
      "null is not allowed any more",
      object({ a: { anyOf: [STRING, { type: "null" }] } }),
      object({ a: STRING }),
      ["a: the value `null` is gone"],
    ],
    [
      "fractions are not allowed any more",
      object({ a: { type: "number" } }),
      object({ a: INTEGER }),
      ["a: number became integer"],
    ],
    [
      "a definition that is referred to is tighter",
      { ...object({ a: { $ref: "#/$defs/m" } }), $defs: { m: { ...INTEGER, minimum: 0 } } },
      { ...object({ a: { $ref: "#/$defs/m" } }), $defs: { m: { ...INTEGER, minimum: 1 } } },
      ["a: minimum 0 became 1"],
    ],
  ])("%s", (_, before, after, words) => {
    expect(input(before, after)).toEqual(words);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["a list of values inside what a type allows", { enum: ["a", "bb"] }, { type: "string", maxLength: 2 }],
    ["an integer for a number", INTEGER, { type: "number" }],
    ["a type that null joins", STRING, { type: ["string", "null"] }],
    ["the same, written as a union", { type: ["string", "null"] }, { anyOf: [{ type: "null" }, STRING] }],
    ["a whole number above 0 for one from 1", { ...INTEGER, exclusiveMinimum: 0 }, { ...INTEGER, minimum: 1 }],
    ["a multiple of 6 for one of 3", { ...INTEGER, multipleOf: 6 }, { ...INTEGER, multipleOf: 3 }],
    ["true and false for a boolean", { type: "boolean" }, { enum: [true, false] }],
    ["anything", STRING, { "x-any": true }],
    [
      "a branch more of a union that a constant tells apart",
      { oneOf: [object({ kind: { const: "a" }, n: INTEGER }), object({ kind: { const: "b" } })] },
      {
        oneOf: [
          object({ kind: { const: "a" }, n: INTEGER }),
          object({ kind: { const: "b" } }),
          object({ kind: { const: "c" } }),
        ],
      },
    ],
  ])("not %s", (_, before, after) => {
    expect(field(before, after)).toEqual([]);
  });
});

describe("what breaks whoever reads results", () => {
  it("is told the other way round", () => {
    const before = object({ total: { ...INTEGER, maximum: 10 }, state: { enum: ["a"] } });
    const after = object({ total: { ...INTEGER, maximum: 20 }, state: { enum: ["a", "b"] }, extra: STRING }, [
      "total",
      "extra",
    ]);
    expect(contractBreaks(before, after, "result")).toEqual([
      "total was required and is optional now",
      "total: maximum 10 became 20",
      "state: the value `b` is new",
      "extra is new",
    ]);
    expect(contractBreaks(after, before, "result")).toEqual([]);
  });
});

it("stops at a bound where unions multiply", () => {
  const union = (n: number) => ({ anyOf: Array.from({ length: 12 }, (_, i) => object({ k: { const: `${n}${i}` } })) });
  const wide = (n: number) => object(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, union(n)])));
  const nested = (n: number): JsonObject => ({
    anyOf: Array.from({ length: 14 }, (_, i) => object({ [`a${i}`]: wide(n) })),
  });
  expect(input(nested(0), nested(1)).length).toBeGreaterThan(0);
});

/** Schemas small enough that two of them often overlap. */
const { schema } = fc.letrec<{ schema: JsonObject; leaf: JsonObject }>((tie) => ({
  leaf: fc.oneof(
    fc.record(
      {
        type: fc.constantFrom("integer", "number"),
        minimum: fc.integer({ min: -1, max: 1 }),
        exclusiveMaximum: fc.integer({ min: 1, max: 3 }),
        multipleOf: fc.constantFrom(1, 2, 0.5),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("string"),
        minLength: fc.integer({ min: 0, max: 1 }),
        maxLength: fc.integer({ min: 1, max: 2 }),
        pattern: fc.constantFrom("^a{0,2}$", "^[ab]{0,2}$"),
      },
      { requiredKeys: ["type"] },
    ),
    fc
      .uniqueArray(fc.constantFrom<Json>("a", "b", 0, 1, 0.5, true, null), { minLength: 1, maxLength: 4 })
      .map((list) => ({ enum: list })),
    fc.constantFrom<JsonObject>(
      { type: "boolean" },
      { type: ["string", "null"] },
      { type: ["integer", "boolean"] },
      { const: 1 },
      { "x-any": true },
    ),
  ),
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: "schema" },
    tie("leaf"),
    fc
      .record({ a: tie("schema"), b: tie("schema"), optional: fc.subarray(["a", "b"]), has: fc.subarray(["a", "b"]) })
      .map(({ a, b, optional, has }) =>
        object(Object.fromEntries(Object.entries({ a, b }).filter(([name]) => has.includes(name))), optional),
      ),
    fc
      .record({ items: tie("schema"), maxItems: fc.integer({ min: 0, max: 2 }), uniqueItems: fc.boolean() })
      .map((rest) => ({ type: "array", ...rest })),
    fc
      .record({ list: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }), key: fc.constantFrom("anyOf", "oneOf") })
      .map(({ list, key }) => ({ [key]: list })),
    tie("schema").map((type) => ({ ...type, ...(type["x-any"] === true ? {} : { description: "the same" }) })),
  ),
}));

/** Documents of a schema, mostly: what is not one is sorted out by the validator. */
function some(node: JsonObject, pick: (n: number) => number): Json {
  const one = <T>(list: readonly T[]): T => list[pick(list.length)]!;
  const union = (node.anyOf ?? node.oneOf) as JsonObject[] | undefined;
  if (union !== undefined) return some(one(union), pick);
  if (node.enum !== undefined) return one(node.enum as Json[]);
  if (node.const !== undefined) return node.const;
  const type = node["x-any"] === true ? one(["string", "object", "integer"]) : one([node.type].flat() as string[]);
  if (type === "string") return one(["", "a", "b", "ab", "aa", "abc"]);
  if (type === "integer") return one([-1, 0, 1, 2, 3, 4]);
  if (type === "number") return one([-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.25, 3]);
  if (type === "boolean") return pick(2) === 0;
  if (type === "null") return null;
  if (type === "array") return Array.from({ length: pick(3) }, () => some(node.items as JsonObject, pick));
  const entries = Object.entries((node.properties ?? {}) as Record<string, JsonObject>);
  return Object.fromEntries(
    entries
      .filter(([name]) => ((node.required ?? []) as string[]).includes(name) || pick(2) === 0)
      .map(([name, part]) => [name, some(part, pick)]),
  );
}

it("every document of the earlier contract is one of the later, where nothing breaks", () => {
  let [agreed, looked] = [0, 0];
  const changed = fc.oneof(
    fc.tuple(schema, schema),
    // A part of a union is within it.
    fc.tuple(schema, schema, schema).map(([a, b, c]) => [a, { anyOf: [b, a, c] }] as const),
    fc
      .tuple(schema, schema, schema)
      .map(([a, b, c]) => [object({ a, b }), object({ a: { anyOf: [a, c] }, b }, ["a"])] as const),
    fc.tuple(schema, schema, schema).map(([a, b, c]) => [{ oneOf: [a, b] }, { anyOf: [b, c, a] }] as const),
  );
  fc.assert(
    fc.property(changed, fc.infiniteStream(fc.nat(1000)), ([before, after], stream) => {
      if (input(before, after).length > 0) return;
      agreed++;
      const [old, now] = [value(compileContract(before)), value(compileContract(after))];
      const pick = (n: number) => (stream.next().value as number) % n;
      for (let i = 0; i < 12; i++) {
        const document = some(before, pick);
        if (!old.check(document).ok) continue;
        looked++;
        expect(now.check(document).ok, JSON.stringify({ before, after, document })).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
  expect([agreed > 80, looked > 400]).toEqual([true, true]);
});
