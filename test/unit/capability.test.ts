import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CapabilityContract, contractDigest, renderTemplate } from "../../shared/capability.ts";
import { digestCache } from "../../shared/digest-cache.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { codeOf, REFUND, value } from "../support/release.ts";

describe("capability contracts", () => {
  it("are strict", () => {
    expect(CapabilityContract.safeParse(REFUND.contract).success).toBe(true);
    expect(CapabilityContract.safeParse({ ...REFUND.contract, extra: 1 }).success).toBe(false);
    expect(CapabilityContract.safeParse({ ...REFUND.contract, roles: { sender: ["to"] } }).success).toBe(false);
    expect(CapabilityContract.safeParse({ ...REFUND.contract, tags: ["order:{"] }).success).toBe(false);
    expect(CapabilityContract.safeParse({ ...REFUND.contract, version: "1" }).success).toBe(false);
  });

  it("have a digest that does not depend on the order of keys, and changes with any part", () => {
    const turned = Object.fromEntries(Object.entries(REFUND.contract).toReversed()) as CapabilityContract;
    expect(contractDigest(turned)).toBe(contractDigest(REFUND.contract));
    expect(contractDigest({ ...REFUND.contract, risk: "low" })).not.toBe(contractDigest(REFUND.contract));
  });
});

describe("templates", () => {
  it("are filled with arguments", () => {
    expect(value(renderTemplate("cancel:order:{orderId}", { orderId: "#W1" }))).toBe("cancel:order:#W1");
    expect(value(renderTemplate("{a}/{b}/{c}", { a: 1, b: true, c: ["y", "x"] }))).toBe("1/true/x,y");
    expect(value(renderTemplate("plain", {}))).toBe("plain");
  });

  it("are not filled with what is missing or has no text", () => {
    for (const args of [{}, { a: null }, { a: { b: 1 } }, { a: [[1]] }])
      expect(codeOf(renderTemplate("x:{a}", args))).toBe("contract-violation");
    expect(codeOf(renderTemplate("x:{toString}", {}))).toBe("contract-violation");
  });

  it("give different texts for different texts", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ":", "%", ",", "3", "A", "{a}", "$&") });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const [one, two] = [renderTemplate("{a}:{b}", { a, b }), renderTemplate("{a}:{b}", { a: c, b: d })];
        expect(value(one) === value(two)).toBe(a === c && b === d);
      }),
    );
  });
});

describe("a cache by digest", () => {
  it("makes each thing once, drops the least recently used and keeps no failure", () => {
    const cached = digestCache<number>(2);
    const made: string[] = [];
    const get = (digest: string) =>
      cached(
        digest,
        () => (made.push(digest), digest === "bad" ? err(problem("policy-invalid", "")) : ok(made.length)),
      );
    for (const digest of ["a", "b", "a", "c", "a", "b", "bad", "bad"]) get(digest);
    expect(made).toEqual(["a", "b", "c", "b", "bad", "bad"]);
  });
});
