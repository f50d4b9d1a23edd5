import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "../../shared/base64.ts";
import {
  concat,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from "../../shared/bytes.ts";
import { sha256 as sha256InBrowser } from "../../shared/sha256.browser.ts";
import { sha256, sha256Hex } from "../../shared/sha256.ts";
import { askWorkerd, BROWSER_CONDITIONS, bundle, WRANGLER_CONDITIONS } from "../vectors/in-workerd.ts";
import { verdicts, type Answer, type Question } from "../vectors/verdicts.worker.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

describe("base64", () => {
  it("spells bytes as RFC 4648 does, in both alphabets", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toBase64(value)).toBe(Buffer.from(value).toString("base64"));
        expect(toBase64Url(value)).toBe(Buffer.from(value).toString("base64url"));
      }),
    );
  });

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromBase64(toBase64(value))).toEqual(value);
        expect(fromBase64Url(toBase64Url(value))).toEqual(value);
        expect(decodeBase64(encodeBase64(value))).toEqual(value);
      }),
    );
  });

  it("accepts exactly one spelling: whatever decodes is what the encoder writes", () => {
    const nearly = fc.string({ unit: fc.constantFrom(..."AQgwZz019+/-_= \n\té"), maxLength: 9 });
    fc.assert(
      fc.property(nearly, (text) => {
        const standard = fromBase64(text);
        const url = fromBase64Url(text);
        if (standard !== null) expect(toBase64(standard)).toBe(text);
        if (url !== null) expect(toBase64Url(url)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["no padding", "AA"],
    ["one pad too few", "AA="],
    ["a pad too many", "AAA=="],
    ["padding alone", "===="],
    ["stray bits", "AB=="],
    ["stray bits in the second alphabet", "A_=="],
    ["white space", "AAAA "],
    ["a line break", "AAAA\n"],
    ["the other alphabet", "-_-_"],
    ["a character of no alphabet", "AA*A"],
    ["a character beyond ASCII", "AAAé"],
    ["one character", "A"],
    ["data after padding", "AA==AA=="],
  ])("refuses standard base64 with %s", (_, text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it.each([
    ["padding", "AA=="],
    ["stray bits", "AB"],
    ["the other alphabet", "+/+/"],
    ["white space", "AA A"],
    ["one character too many", "AAAAA"],
  ])("refuses base64url with %s", (_, text) => {
    expect(fromBase64Url(text)).toBeNull();
  });

  it("takes the empty text for no bytes", () => {
    expect(fromBase64("")).toEqual(new Uint8Array());
    expect(fromBase64Url("")).toEqual(new Uint8Array());
  });
});

describe("hexadecimal and UTF-8", () => {
  it("reads back the lower-case hexadecimal it writes, and nothing else", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value);
      }),
    );
    for (const text of ["0", "0g", "AB", "0x", " 00", "00\n"]) expect(fromHex(text)).toBeNull();
  });

  it("reads back text, byte order mark included, and refuses bytes that are not UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text.toWellFormed());
      }),
    );
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe("\uFEFFA");
    for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]])
      expect(fromUtf8(Uint8Array.from(bad))).toBeNull();
  });

  it("joins and compares bytes", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect([...concat(a, b)]).toEqual([...a, ...b]);
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
      }),
    );
  });
});

describe("SHA-256", () => {
  it("hashes the test messages of FIPS 180-4", () => {
    expect(sha256Hex("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("gives the same bytes in the browser's implementation, for texts and bytes", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(sha256InBrowser(value)).toEqual(sha256(value));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(sha256InBrowser(text)).toEqual(sha256(text));
      }),
    );
  });

  it("gives the same bytes for every length around what is hashed in JavaScript and what natively, also in UTF-8", () => {
    for (let length = 0; length <= 600; length++)
      for (const unit of ["a", "é", "€"])
        expect(sha256(unit.repeat(length)), `${length} × ${unit}`).toEqual(sha256InBrowser(unit.repeat(length)));
  });

  it("bundles without a Node module for browsers, and without the JavaScript implementation for Workers", async () => {
    const forBrowsers = await bundle("shared/signing.ts", BROWSER_CONDITIONS);
    const forWorkers = await bundle("shared/signing.ts", WRANGLER_CONDITIONS);
    expect([forBrowsers.includes("node:"), forBrowsers.includes("@noble/hashes")]).toEqual([false, true]);
    expect([forWorkers.includes("node:crypto"), forWorkers.includes("@noble/hashes")]).toEqual([true, false]);
  });
});

describe("another engine", () => {
  it.each([
    ["as a Worker is bundled", WRANGLER_CONDITIONS],
    ["as a page is bundled", BROWSER_CONDITIONS],
  ])("decodes, encodes and hashes alike, %s", async (_, conditions) => {
    const valid = fc.sample(bytes, 200);
    const question: Question = {
      // Engines have a native decoder that skips white space and one that does not; both must end at one spelling.
      base64: [
        "",
        "AA==",
        "AB==",
        "AA",
        "AA=",
        "A A=",
        "AAA=\n",
        "-_-_",
        "+/+/",
        "AAAé",
        "====",
        "A",
        ...valid.map(toBase64),
        ...valid.map(toBase64Url),
      ],
      hash: valid.map(toHex),
    };
    const here = await verdicts(question);
    const there = await askWorkerd<Answer>("test/vectors/verdicts.worker.ts", question, conditions);
    expect(there.base64).toEqual(here.base64);
    expect(there.hash).toEqual(here.hash);
  });
});
