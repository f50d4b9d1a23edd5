import canonicalizeJson from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../shared/bytes.ts";
import { canonicalBytes, canonicalize, digestOf, isCanonicalText } from "../../shared/canonical.ts";
import { equalJson, parseStrictJson, type Json } from "../../shared/json.ts";

/** "ok", the rule that refuses, or the code where there is no rule. */
function verdict(input: string | Uint8Array, opts?: Parameters<typeof parseStrictJson>[1]): string {
  const parsed = parseStrictJson(input, opts);
  if (parsed.ok) return "ok";
  return parsed.problem.code === "invalid-json" ? String(parsed.problem.facts?.["rule"]) : parsed.problem.code;
}

const key = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 4 }),
  fc.nat().map(String),
  fc.constantFrom("a", "b", "$commit"),
);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
);
/** Any value that the protocol can carry; −0 is not one, because canonical JSON writes it as 0. */
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    number.map((value) => (value === 0 ? 0 : value)),
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom('"', "\\", ":", "{", "}", "\n", "\u0000", "\u2028", "\ud83d\ude00"),
      maxLength: 8,
    }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      key.filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 6, noNullPrototype: true },
    ) as fc.Arbitrary<Json>,
  ),
})).value;

/** The same value spelled with white space, escapes and another order of keys. */
function spelledOtherwise(value: Json): string {
  if (typeof value === "string") {
    const units = value.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
    return `"${units.map((hex) => `\\u${hex}`).join("")}"`;
  }
  if (value === null || typeof value !== "object") return ` ${JSON.stringify(value)}\t`;
  if (Array.isArray(value)) return `[\n${value.map(spelledOtherwise).join(" ,")}]`;
  return `{${Object.entries(value)
    .reverse()
    .map(([name, inner]) => `${spelledOtherwise(name)} \r\n:${spelledOtherwise(inner as Json)}`)
    .join(",")}}`;
}

describe("the strict parser", () => {
  it("reads back every value from its canonical text, which is the same text again", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalize(value);
        const parsed = parseStrictJson(text);
        expect(parsed).toEqual({ ok: true, value });
        expect(parseStrictJson(utf8(text))).toEqual(parsed);
        expect(isCanonicalText(text, value)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["", 1, 1],
    ["automation: a", 1, 1],
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ['{"a":1 "b":2}', 1, 8],
    ['{\n  "a": tru\n}', 2, 8],
    ["[1,2", 1, 5],
    ["[01]", 1, 3],
    ["[1}", 1, 3],
    ["{]", 1, 2],
    ['["a\\x"]', 1, 4],
    ['["tab\there"]', 1, 6],
    ['["open', 1, 7],
    ["{} {}", 1, 4],
    ["[".repeat(100_000), 1, 100_001],
  ])("says where %j stops being JSON, and quotes nothing of it", (text, line, column) => {
    const parsed = parseStrictJson(text.slice(0, 100_000));
    expect(parsed).toMatchObject({
      ok: false,
      problem: { facts: { rule: "syntax", line, column }, detail: `not a JSON text: line ${line}, column ${column}` },
    });
  });

  it("finds a place in every text that it refuses, at the first character that a cut or a change spoils", () => {
    fc.assert(
      fc.property(json, fc.nat(), (value, at) => {
        const text = JSON.stringify(value);
        const cut = text.slice(0, at % text.length);
        const parsed = parseStrictJson(cut);
        // A number that is cut is another number.
        if (parsed.ok) return;
        expect(parsed.problem.facts).toMatchObject({ rule: "syntax", line: 1 });
        expect(Number(parsed.problem.facts!["column"])).toBeLessThanOrEqual(cut.length + 1);
      }),
      { numRuns: 300 },
    );
  });

  it("reads the same value from any spelling of it", () => {
    fc.assert(
      fc.property(json, (value) => {
        const other = spelledOtherwise(value);
        const parsed = parseStrictJson(other);
        expect(parsed).toEqual({ ok: true, value });
        expect(isCanonicalText(other, value)).toBe(other === canonicalize(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("reads a name with escapes as it stands, whatever objects the engine has read before", () => {
    for (const [before, text, value] of [
      ['{"\\\\":1}', '{"\\u0061":1}', { a: 1 }],
      ['[{"k":1,"\\\\":2}]', '[{"k":1,"\\u0061":2}]', [{ k: 1, a: 2 }]],
      ['{"\\\\":1}', '{"\\"":1}', { '"': 1 }],
      ['{"\\\\u":1}', '{"\\u0061\\u0062":{"n0":1}}', { ab: { n0: 1 } }],
    ] as const) {
      JSON.parse(before);
      expect(parseStrictJson(text), text).toEqual({ ok: true, value });
    }
    expect(verdict('{"\\u0061":1,"a":2}')).toBe("duplicate-key");
    expect(verdict('{"n1":1,"\\u006e1":2}')).toBe("duplicate-key");
    expect(verdict(`${"[".repeat(200)}{"\\u0061":1}${"]".repeat(200)}`)).toBe("depth");
  });

  it("refuses a member that is repeated anywhere, however its key is escaped", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          key.filter((name) => name !== "__proto__"),
          json,
          { minKeys: 1, maxKeys: 4 },
        ),
        fc.nat(),
        json,
        (object, pick, again) => {
          const names = Object.keys(object);
          const twice = names[pick % names.length]!;
          const text = canonicalize({ ...object });
          const repeated = `[1,${text.slice(0, -1)},${spelledOtherwise(twice)}:${canonicalize(again)}}]`;
          expect(verdict(repeated)).toBe("duplicate-key");
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['{"a":{"b":1},"a":{"b":1,"c":2}}', "duplicate-key"],
    ['{"a":1,"\\u0061":2}', "duplicate-key"],
    ['{"__proto__":1}', "forbidden-key"],
    ['{"a":{"\\u005f_proto__":{}}}', "forbidden-key"],
    ['{"__proto__":1,"__proto__":2}', "forbidden-key"],
    ['{"constructor":1,"toString":2}', "ok"],
    ['{"a":":","b":"\\":\\\\"}', "ok"],
    ['["a" ,"b"]', "ok"],
    ["9007199254740991", "ok"],
    ["9007199254740992", "number-range"],
    ["-9007199254740992", "number-range"],
    ["9007199254740993.0", "number-range"],
    ["1e300", "number-range"],
    ["1e999", "number-range"],
    ["1e-999", "ok"],
    ["1.0", "ok"],
    ["NaN", "syntax"],
    ["", "syntax"],
    ["\uFEFF{}", "syntax"],
    ["{} {}", "syntax"],
    ['"\\ud800"', "lone-surrogate"],
    ['"\ud800"', "lone-surrogate"],
    ['{"\\udc00":1}', "lone-surrogate"],
  ])("on %s answers %s", (text, expected) => {
    expect(verdict(text)).toBe(expected);
  });

  it.each([
    ["-0", 0],
    ["[-0.0]", [0]],
    ['{"a":-0e9}', { a: 0 }],
    ["-1e-999", 0],
  ])("reads %s as canonical JSON writes it, without the sign of zero", (text, value) => {
    // toStrictEqual tells −0 from 0.
    expect(parseStrictJson(text)).toStrictEqual({ ok: true, value });
  });

  it("counts arrays and objects as depth, scalars not", () => {
    expect(verdict("1", { maxDepth: 0 })).toBe("ok");
    expect(verdict("[]", { maxDepth: 0 })).toBe("depth");
    expect(verdict('{"a":[1]}', { maxDepth: 2 })).toBe("ok");
    expect(verdict('{"a":[{}]}', { maxDepth: 2 })).toBe("depth");
    expect(verdict("[".repeat(32) + "]".repeat(32))).toBe("ok");
    expect(verdict("[".repeat(33) + "]".repeat(33))).toBe("depth");
    expect(verdict("[".repeat(200_000) + "]".repeat(200_000))).toBe("depth");
  });

  it("counts UTF-8 bytes against the limit, in texts as in bytes", () => {
    const text = '"éé"';
    for (const input of [text, utf8(text)]) {
      expect(verdict(input, { maxBytes: 6 })).toBe("ok");
      expect(verdict(input, { maxBytes: 5 })).toBe("body-too-large");
    }
  });

  it("never quotes what it refuses", () => {
    for (const text of ['{"name":"Ada Secret"', '{"Ada Secret":1,"Ada Secret":2}', '["Ada Secret", 1e999]'])
      expect(JSON.stringify(parseStrictJson(text))).not.toContain("Ada");
  });

  it("takes time in proportion to the text on runs of quotes and backslashes", () => {
    const text = JSON.stringify({ a: '\\"'.repeat(200_000), b: "\\".repeat(200_000) });
    const start = performance.now();
    expect(verdict(text)).toBe("ok");
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("canonical JSON", () => {
  it("writes every value as the reference library does", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalize(value)).toBe(canonicalizeJson(value));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalize(value)).toBe(canonicalizeJson(value));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(canonicalize(value)).toBe(canonicalizeJson(value));
      }),
    );
  });

  it("leaves out members that are undefined, as the reference library does", () => {
    expect(canonicalize({ b: undefined, a: 1, c: { d: undefined } })).toBe('{"a":1,"c":{}}');
  });

  it.each([
    ["NaN", Number.NaN],
    ["an infinity", Number.POSITIVE_INFINITY],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a key", { "\udc00": 1 }],
    ["undefined", undefined],
    ["undefined in an array", [undefined]],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a date", { at: new Date(0) }],
    ["a map", new Map()],
    ["bytes", new Uint8Array(1)],
  ])("throws on %s", (_, value) => {
    expect(() => canonicalize(value)).toThrow(TypeError);
  });

  it("throws on a cycle", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(() => canonicalize(cycle)).toThrow(TypeError);
  });

  it("tells canonical texts from others also where the engine reorders integer keys", () => {
    expect(isCanonicalText('{"1":0,"10":0,"9":0}', { 1: 0, 10: 0, 9: 0 })).toBe(true);
    expect(isCanonicalText('{"1":0,"9":0,"10":0}', { 1: 0, 10: 0, 9: 0 })).toBe(false);
    expect(isCanonicalText('{"b":0,"a":0}', { b: 0, a: 0 })).toBe(false);
  });

  /** A change here breaks every digest, signature, commitment and chain that was ever stored. */
  it("has these exact bytes and this exact digest", () => {
    const value = {
      "\u20ac": "Euro \u2028",
      b: [1.0, -0, 1e21, 0.000001, 1e-7],
      a: { nested: true, none: null },
      "10": "x",
      "9": "y",
    };
    const text =
      '{"10":"x","9":"y","a":{"nested":true,"none":null},"b":[1,0,1e+21,0.000001,1e-7],"\u20ac":"Euro \u2028"}';
    expect(canonicalize(value)).toBe(text);
    expect(canonicalBytes(value)).toEqual(new Uint8Array(Buffer.from(text)));
    expect(digestOf({})).toBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    expect(digestOf(value)).toBe("sha256:8939a2c2bbfae9fe35665836451afaa2fd797bec3597c8f8b6486fbcf3166a7a");
  });
});

describe("equality of values", () => {
  it("is that of their canonical texts", () => {
    const small = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<Json>(null, true, 0, -0, 1, "", "a", [], {}),
        fc.array(tie("value"), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom("a", "b", "toString"), tie("value"), { maxKeys: 2, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(equalJson(a, b)).toBe(canonicalize(a) === canonicalize(b));
        expect(equalJson(a, JSON.parse(canonicalize(a)) as Json)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
