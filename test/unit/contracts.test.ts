import { describe, expect, it } from "vitest";
import { compileContract } from "../../shared/contracts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { analysePattern } from "../../shared/pattern.ts";
import { codeOf, contract, object, ORDER_ID, value } from "../support/release.ts";

const compile = (schema: unknown) => compileContract(schema as JsonObject);
const wrap = (field: unknown) => compile(object({ field: field as Json }));

describe("contracts", () => {
  it("returns the very value that satisfies them", () => {
    const input = { orderId: "#W1234567", amountCents: 5 };
    const result = contract({ orderId: ORDER_ID, amountCents: { type: "integer" } }).check(input);
    expect(result.ok && result.value).toBe(input);
  });

  it.each<[string, unknown]>([
    ["a number written as a string", { n: "5" }],
    ["a fraction for an integer", { n: 5.5 }],
    ["an integer that a double does not hold exactly", { n: 2 ** 53 }],
    ["null for an integer", { n: null }],
    ["an undeclared property", { n: 5, extra: 1 }],
    ["an own __proto__ property", JSON.parse('{"n":5,"__proto__":1}')],
    ["a property of the wrong case", { N: 5 }],
    ["no property at all", {}],
    ["a list instead of an object", [5]],
  ])("refuses %s and coerces nothing", (_, input) => {
    expect(codeOf(contract({ n: { type: "integer" } }).check(input as Json))).toBe("contract-violation");
  });

  it("bounds integers that may also be null", () => {
    const nullable = contract({ n: { type: ["integer", "null"] } });
    expect(nullable.check({ n: null }).ok).toBe(true);
    expect(nullable.check({ n: 1e300 }).ok).toBe(false);
  });

  it("names the place and the keyword of a violation, and never the value or an undeclared name", () => {
    const strict = contract({
      people: { type: "array", items: object({ mail: { type: "string", format: "email" } }) },
    });
    const result = strict.check({
      people: [{ mail: "ann at example" }, { mail: "b@example.org", "ann@example.org": 1 }],
    });
    expect(result).toMatchObject({ ok: false, problem: { facts: { pointer: "/people/0/mail", keyword: "format" } } });
    expect(JSON.stringify(result)).not.toMatch(/ann/);
    const unknown = strict.check({ people: [], "ann@example.org": 1 });
    expect(unknown).toMatchObject({ ok: false, problem: { facts: { pointer: "", keyword: "additionalProperties" } } });
    expect(JSON.stringify(unknown)).not.toMatch(/ann/);
  });

  it("names a missing property", () => {
    expect(contract({ orderId: ORDER_ID }).check({})).toMatchObject({
      problem: { facts: { errors: ["/ required orderId"] } },
    });
  });

  it.each<[string, unknown]>([
    ["an object that is not closed", { type: "object", properties: {} }],
    ["a nested object that is not closed", object({ a: { type: "object", properties: {} } })],
    ["an open object in a definition that nothing uses", { ...object({}), $defs: { a: { type: "object" } } }],
    ["a typed map", { type: "object", additionalProperties: { type: "string" } }],
    ["a field without a type", object({ a: {} })],
    ["a boolean schema", object({ a: true })],
    ["a list without items", object({ a: { type: "array" } })],
    ["a remote reference", object({ a: { $ref: "https://example.org/schema" } })],
    ["a reference to the root", object({ a: { $ref: "#" } })],
    ["a reference to nothing", object({ a: { $ref: "#/$defs/none" } })],
    [
      "a definition that contains itself",
      { ...object({ a: { $ref: "#/$defs/a" } }), $defs: { a: { type: "array", items: { $ref: "#/$defs/a" } } } },
    ],
    ["a keyword outside the subset", object({ a: { type: "string", contentEncoding: "base64" } })],
    ["a misspelt annotation", object({ a: { type: "string", "x-orgin": "principal" } })],
    ["a default, which would be coercion", object({ a: { type: "string", default: "x" } })],
    ["a required property that is not declared", { ...object({}), required: ["a"] }],
    ["a property that looks like a reference", object({ $ref: { type: "string" } })],
    ["an unknown format", object({ a: { type: "string", format: "regex" } })],
    ["unique items without a bound", object({ a: { type: "array", items: { type: "string" }, uniqueItems: true } })],
    [
      "unique items with a bound that is too large",
      object({ a: { type: "array", items: { type: "string" }, uniqueItems: true, maxItems: 5_000 } }),
    ],
  ])("is not compiled from %s", (_, schema) => {
    expect(codeOf(compile(schema))).toBe("invalid-contract");
  });

  it("is not compiled from references that multiply without end", () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 14 }, (_, i) => [
        `d${i}`,
        i === 0 ? { type: "string" } : object({ a: { $ref: `#/$defs/d${i - 1}` }, b: { $ref: `#/$defs/d${i - 1}` } }),
      ]),
    );
    expect(codeOf(compile({ ...object({ a: { $ref: "#/$defs/d13" } }), $defs }))).toBe("invalid-contract");
  });

  it("leaves the schema that it was given as it was", () => {
    const schema = object({ n: { type: "integer" } });
    const before = structuredClone(schema);
    value(compileContract(schema));
    expect(schema).toEqual(before);
    expect(Object.getOwnPropertyNames(schema)).toEqual(Object.getOwnPropertyNames(before));
  });
});

describe("patterns", () => {
  it.each([
    ["^(a+)+$", "nested repetition"],
    ["^(?:a|a){20}$", "repeated alternatives"],
    ["^(?:a{1,9}){1,9}$", "nested bounded repetition"],
    ["^a+a+$", "two unbounded repetitions"],
    ["^a{1,64}a{1,64}a{1,64}$", "many ways to match"],
    ["^(.*)\\1$", "a back reference"],
    ["^(?=a)a$", "look-around"],
    ["a", "a part of the value"],
    ["^a|b$", "alternatives that escape the anchors"],
    ["^a\\$", "an end that is no end"],
    ["^a$b$", "an inner anchor"],
    ["^a+?$", "a lazy repetition"],
    ["^[$", "no regular expression"],
    [`^${"a".repeat(300)}$`, "a pattern that is too long"],
  ])("refuses %s: %s", (pattern) => {
    expect(analysePattern(pattern)).toHaveProperty("refused");
    expect(codeOf(wrap({ type: "string", pattern }))).toBe("invalid-contract");
  });

  it.each([
    "^#W\\d{7}$",
    "^[a-z]{2,32}_[a-z]{2,32}_\\d{4}$",
    "^.*$",
    "^(?:de|fr)-\\d{1,5}(?:-[A-Z]{1,3})?$",
    "^[^\\]]{1,9}$",
  ])("accepts %s", (pattern) => {
    expect(analysePattern(pattern)).not.toHaveProperty("refused");
  });

  it("matches every accepted pattern quickly on a hostile text", () => {
    const hostile = "a".repeat(256 * 1024);
    const started = performance.now();
    for (const pattern of ["^[a-z]{2,32}_[a-z]{2,32}_\\d{4}$", "^.*#$", "^[a-z]{1,300}[a-z]{1,300}#$"])
      new RegExp(pattern, "u").test(hostile);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    "^\\d{4,12}$",
    "^[a-z]{3,20}$",
    "^\\w{3,20}$",
    "^[a-z]{1,9}-[a-z]{1,9}$",
    "^#?\\d{5}$",
    "^\\d{2}-\\d{0,9}$",
  ])("does not take %s for an id type: a number or a word could match by chance", (pattern) => {
    expect(codeOf(wrap({ type: "string", pattern, "x-id": true }))).toBe("invalid-contract");
  });

  it.each([
    "^#W\\d{7}$",
    "^(?:credit_card|gift_card)_\\d{7}$",
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}$",
    "^[a-f0-9]{24}$",
  ])("takes %s for an id type", (pattern) => {
    expect(wrap({ type: "string", pattern, "x-id": true }).ok).toBe(true);
  });
});

describe("fields of a contract", () => {
  const fields = value(
    compile({
      ...object({
        request: { type: "string", "x-origin": "principal" },
        mail: { type: "string", "x-subject": "customer" },
        items: {
          type: "array",
          items: object({ id: { type: "string", "x-origin": "principal" }, note: { type: "string" } }),
        },
        address: {
          ...object({ city: { type: "string" }, hint: { type: "string", "x-origin": "content" } }),
          "x-origin": "principal",
          "x-subject": "customer",
        },
        choice: { anyOf: [{ type: "string", "x-origin": "principal" }, { type: "null" }] },
        mixed: { oneOf: [{ type: "string", "x-origin": "principal" }, { type: "integer" }] },
        shared: { $ref: "#/$defs/thing", "x-origin": "principal" },
        record: {
          ...object({ total: { type: "integer" }, remark: { type: "string", "x-trusted": false } }),
          "x-trusted": true,
        },
        "a/b": { type: "boolean" },
      }),
      $defs: { thing: object({ id: { type: "string" } }) },
    }),
  );

  it.each([
    ["/request", "principal"],
    ["/mail", "content"],
    ["/items", "content"],
    ["/items/0/id", "principal"],
    ["/items/17/note", "content"],
    ["/items/x/id", "content"],
    ["/address/city", "principal"],
    ["/address/hint", "content"],
    ["/address", "content"],
    ["/choice", "principal"],
    ["/mixed", "content"],
    ["/shared/id", "principal"],
    ["/nowhere", "content"],
    ["", "content"],
  ])("say that %s is %s", (pointer, origin) => {
    expect(fields.originOf(pointer)).toBe(origin);
  });

  it("are personal with their parts, and so is what holds one", () => {
    expect(["", "/mail", "/address", "/address/city", "/nowhere"].map((p) => fields.isPersonal(p))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(["/request", "/items", "/items/3/id"].map((p) => fields.isPersonal(p))).toEqual([false, false, false]);
  });

  it("are trusted where the contract says so and no part says otherwise", () => {
    expect(
      ["/record/total", "/record/remark", "/record", "/request", "/nowhere"].map((p) => fields.isTrusted(p)),
    ).toEqual([true, false, false, false, false]);
  });

  it("have a type", () => {
    expect(["", "/items", "/items/0", "/choice", "/mixed", "/a~1b", "/nowhere"].map((p) => fields.typeOf(p))).toEqual([
      "object",
      "array",
      "object",
      "string",
      "union",
      "boolean",
      undefined,
    ]);
  });
});
