/** JSON: the parser suite of nst/JSONTestSuite, the reference vectors of RFC 8785 and its stream of numbers. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { hasData, readJson, readText } from "./data.ts";
import { askWorkerd } from "./in-workerd.ts";
import { verdicts, type Answer } from "./verdicts.worker.ts";

type Case = {
  readonly name: string;
  readonly expect: "accept" | "reject" | "implementation-defined";
  readonly hex: string;
};

/** "accept", or the rule that refuses. */
function verdict({ hex }: { readonly hex: string }): string {
  const parsed = parseStrictJson(fromHex(hex)!);
  return parsed.ok ? "accept" : String(parsed.problem.facts?.["rule"]);
}

/** Valid by RFC 8259 and refused by a rule of the protocol: numbers beyond ±(2^53 − 1) and duplicate keys. */
const STRICTER: Readonly<Record<string, string>> = {
  "y_number.json": "number-range", // 123e65
  "y_number_real_capital_e.json": "number-range", // 1E22
  "y_number_real_exponent.json": "number-range", // 123e45
  "y_number_real_fraction_exponent.json": "number-range", // 123.456e78
  "y_object_extreme_numbers.json": "number-range", // ±1.0e+28
  "y_object_duplicated_key.json": "duplicate-key",
  "y_object_duplicated_key_and_value.json": "duplicate-key",
};

/** One pinned verdict for each case that RFC 8259 leaves open. */
const PINNED: Readonly<Record<string, string>> = {
  "i_number_double_huge_neg_exp.json": "accept", // rounds to 0
  "i_number_huge_exp.json": "number-range",
  "i_number_neg_int_huge_exp.json": "number-range",
  "i_number_pos_double_huge_exp.json": "number-range",
  "i_number_real_neg_overflow.json": "number-range",
  "i_number_real_pos_overflow.json": "number-range",
  "i_number_real_underflow.json": "accept", // rounds to 0
  "i_number_too_big_neg_int.json": "number-range",
  "i_number_too_big_pos_int.json": "number-range",
  "i_number_very_big_negative_int.json": "number-range",
  "i_object_key_lone_2nd_surrogate.json": "lone-surrogate",
  "i_string_1st_surrogate_but_2nd_missing.json": "lone-surrogate",
  "i_string_1st_valid_surrogate_2nd_invalid.json": "lone-surrogate",
  "i_string_UTF-16LE_with_BOM.json": "utf-8",
  "i_string_UTF-8_invalid_sequence.json": "utf-8",
  "i_string_UTF8_surrogate_U+D800.json": "utf-8",
  "i_string_incomplete_surrogate_and_escape_valid.json": "lone-surrogate",
  "i_string_incomplete_surrogate_pair.json": "lone-surrogate",
  "i_string_incomplete_surrogates_escape_valid.json": "lone-surrogate",
  "i_string_invalid_lonely_surrogate.json": "lone-surrogate",
  "i_string_invalid_surrogate.json": "lone-surrogate",
  "i_string_invalid_utf-8.json": "utf-8",
  "i_string_inverted_surrogates_U+1D11E.json": "lone-surrogate",
  "i_string_iso_latin_1.json": "utf-8",
  "i_string_lone_second_surrogate.json": "lone-surrogate",
  "i_string_lone_utf8_continuation_byte.json": "utf-8",
  "i_string_not_in_unicode_range.json": "utf-8",
  "i_string_overlong_sequence_2_bytes.json": "utf-8",
  "i_string_overlong_sequence_6_bytes.json": "utf-8",
  "i_string_overlong_sequence_6_bytes_null.json": "utf-8",
  "i_string_truncated-utf-8.json": "utf-8",
  "i_string_utf16BE_no_BOM.json": "utf-8",
  "i_string_utf16LE_no_BOM.json": "utf-8",
  "i_structure_500_nested_arrays.json": "depth",
  "i_structure_UTF-8_BOM_empty_object.json": "syntax",
};

/** Cases on which parsers differ in what they make of the text: the canonical text of what is accepted, or the rule that refuses. */
const TRANSFORM: Readonly<Record<string, string>> = {
  "number_-9223372036854775808.json": "number-range",
  "number_-9223372036854775809.json": "number-range",
  "number_1.0.json": "[1]",
  "number_1.000000000000000005.json": "[1]",
  "number_1000000000000000.json": "[1000000000000000]",
  "number_10000000000000000999.json": "number-range",
  "number_1e-999.json": "[0]",
  "number_1e6.json": "[1000000]",
  "number_9223372036854775807.json": "number-range",
  "number_9223372036854775808.json": "number-range",
  "object_key_nfc_nfd.json": '{"e\u0301":"NFD","\u00e9":"NFC"}',
  "object_key_nfd_nfc.json": '{"e\u0301":"NFD","\u00e9":"NFC"}',
  "object_same_key_different_values.json": "duplicate-key",
  "object_same_key_same_value.json": "duplicate-key",
  "object_same_key_unclear_values.json": "duplicate-key",
  "string_1_escaped_invalid_codepoint.json": "lone-surrogate",
  "string_1_invalid_codepoint.json": "utf-8",
  "string_2_escaped_invalid_codepoints.json": "lone-surrogate",
  "string_2_invalid_codepoints.json": "utf-8",
  "string_3_escaped_invalid_codepoints.json": "lone-surrogate",
  "string_3_invalid_codepoints.json": "utf-8",
  "string_with_escaped_NULL.json": '["A\\u0000B"]',
};

const named = (cases: readonly Case[], judge: (one: Case) => string) =>
  Object.fromEntries(cases.map((one) => [one.name, judge(one)]));

describe.skipIf(!hasData)("the strict parser on JSONTestSuite", () => {
  const suite = hasData
    ? readJson<{ parsing: readonly Case[]; transform: readonly Case[] }>("vectors/json/jsontestsuite.json")
    : { parsing: [], transform: [] };
  const of = (expected: Case["expect"]) => suite.parsing.filter((one) => one.expect === expected);

  it("accepts every valid text, except those that a stricter rule names", () => {
    const refused = of("accept").filter((one) => verdict(one) !== "accept");
    expect(of("accept")).toHaveLength(95);
    expect(named(refused, verdict)).toEqual(STRICTER);
  });

  it("refuses every invalid text", () => {
    expect(of("reject")).toHaveLength(188);
    expect(of("reject").filter((one) => verdict(one) === "accept")).toEqual([]);
  });

  it("gives its one pinned verdict on each text that the RFC leaves open", () => {
    expect(of("implementation-defined")).toHaveLength(35);
    expect(named(of("implementation-defined"), verdict)).toEqual(PINNED);
  });

  it("makes of each text on which parsers differ what is pinned here", () => {
    const result = (one: Case): string => {
      const parsed = parseStrictJson(fromHex(one.hex)!);
      return parsed.ok ? canonicalize(parsed.value) : verdict(one);
    };
    expect(named(suite.transform, result)).toEqual(TRANSFORM);
  });

  it("gives the same verdicts in workerd", async () => {
    const json = [...suite.parsing, ...suite.transform].map(({ hex }) => hex);
    const here = await verdicts({ json });
    expect((await askWorkerd<Answer>("test/vectors/verdicts.worker.ts", { json })).json).toEqual(here.json);
  });
});

describe.skipIf(!hasData)("canonical JSON on the vectors of RFC 8785", () => {
  type Vectors = {
    readonly cases: readonly {
      name: string;
      input: string;
      canonical: string;
      canonical_hex: string;
    }[];
    readonly es6_number_stream_sha256: Readonly<Record<string, string>>;
  };
  const vectors = hasData ? readJson<Vectors>("vectors/json/jcs.json") : { cases: [], es6_number_stream_sha256: {} };
  const lines = hasData ? readText("vectors/json/es6-numbers.10000.txt").trimEnd().split("\n") : [];

  it.each(vectors.cases)("writes $name byte for byte", ({ input, canonical, canonical_hex }) => {
    // The engine's own parser reads the input here: some vectors hold numbers that the protocol refuses.
    const text = canonicalize(JSON.parse(input));
    expect(text).toBe(canonical);
    expect(toHex(utf8(text))).toBe(canonical_hex);
  });

  it("writes 10,000 numbers as ECMAScript does, in Node and in workerd", async () => {
    const bits = lines.map((line) => line.split(",")[0]!);
    const expected = lines.map((line) => line.split(",")[1]!);
    expect(lines).toHaveLength(10_000);
    expect((await verdicts({ numbers: bits })).numbers).toEqual(expected);
    expect((await askWorkerd<Answer>("test/vectors/verdicts.worker.ts", { numbers: bits })).numbers).toEqual(expected);
  });

  it("parses a number exactly where it lies within ±(2^53 − 1), and then to the same bits", () => {
    let refused = 0;
    for (const line of lines) {
      const [bits, text] = line.split(",") as [string, string];
      const value = new DataView(fromHex(bits.padStart(16, "0"))!.buffer).getFloat64(0);
      const parsed = parseStrictJson(text);
      expect(parsed.ok, text).toBe(Math.abs(value) <= Number.MAX_SAFE_INTEGER);
      if (parsed.ok) expect(Object.is(parsed.value, value === 0 ? 0 : value), text).toBe(true);
      else refused += 1;
    }
    // 3,714 lie past 2^53; ±2^53 are the other two: 2^53 + 1 rounds to 2^53, so the value does not say which one was written.
    expect(refused).toBe(3_716);
  });

  it("regenerates the reference stream of numbers, whose hashes are published", () => {
    const hash = createHash("sha256");
    let count = 0;
    const head = lines.slice(0, 168 + 2_000).map((line) => line.split(",")[0]!);
    const view = new DataView(new ArrayBuffer(8));
    const seen: string[] = [];
    for (const bits of numberStream(head, 100_000)) {
      view.setBigUint64(0, bits);
      hash.update(`${bits.toString(16)},${canonicalize(view.getFloat64(0))}\n`);
      count += 1;
      const published = vectors.es6_number_stream_sha256[String(count)];
      if (published === undefined) continue;
      expect(hash.copy().digest("hex"), `${count} lines`).toBe(published);
      seen.push(String(count));
    }
    expect(seen).toEqual(["1000", "10000", "100000"]);
  }, 30_000);
});

/**
 * The upstream generator (cyberphone/json-canonicalization, numgen): 168 chosen values and 2,000 neighbours of the smallest normal double,
 * which stand at the head of the stored lines, then SHA-256 chained from 32 zero bytes, four little-endian doubles a block, without zeros, NaN and infinities.
 */
function* numberStream(head: readonly string[], count: number): Generator<bigint> {
  for (const bits of head) yield BigInt(`0x${bits}`);
  let left = count - head.length;
  let block = new Uint8Array(32);
  for (;;) {
    block = new Uint8Array(createHash("sha256").update(block).digest());
    const view = new DataView(block.buffer);
    for (let at = 0; at < 32; at += 8) {
      const value = view.getFloat64(at, true);
      if (value === 0 || !Number.isFinite(value)) continue;
      if (left === 0) return;
      left -= 1;
      yield view.getBigUint64(at, true);
    }
  }
}
