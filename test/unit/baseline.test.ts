import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_BASELINE, observed, type Baseline, type Bounds } from "../../shared/gates/baseline.ts";
import { compileGates, failedGates, readingsOf } from "../../shared/gates/gates.ts";
import { Gates } from "../../shared/gates/schema.ts";
import { codeOf, contract, value } from "../support/release.ts";

const BOUNDS: Bounds = { window: 1_000, after: 50, deviations: 4 };
const fed = (values: readonly number[], bounds = BOUNDS, from: Baseline = NO_BASELINE): Baseline =>
  values.reduce((baseline, one) => observed(baseline, one, bounds).baseline, from);
const usual = (n: number) => Array.from({ length: n }, (_, i) => 100 + (i % 11) - 5);

describe("a rolling baseline", () => {
  it("has the mean and variance of all values while they fit its window", () => {
    const numbers = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(numbers, (values) => {
        const { mean, variance, count } = fed(values, { ...BOUNDS, after: 1_000 });
        const exact = values.reduce((sum, one) => sum + one, 0) / values.length;
        const spread = values.reduce((sum, one) => sum + (one - exact) ** 2, 0) / values.length;
        expect(count).toBe(values.length);
        expect(Math.abs(mean - exact)).toBeLessThan(1e-6 * (1 + Math.abs(exact)));
        expect(Math.abs(variance - spread)).toBeLessThan(1e-6 * (1 + spread));
      }),
      { numRuns: 200 },
    );
  });

  it("says nothing before it has seen enough, and then names what is far away on either side", () => {
    const unusual = (seen: number, one: number) => observed(fed(usual(seen)), one, BOUNDS).unusual;
    expect([unusual(49, 1e9), unusual(50, 1e9), unusual(50, -1e9), unusual(50, 105)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("is not moved by one wild value, and learns a change that lasts", () => {
    const before = fed(usual(500));
    const after = observed(before, 1e12, BOUNDS).baseline;
    expect(Math.abs(after.mean - before.mean)).toBeLessThan(1);
    const changed = fed(Array<number>(2_000).fill(200), BOUNDS, before);
    expect(observed(changed, 200, BOUNDS).unusual).toBe(false);
    expect(observed(changed, 1_000, BOUNDS).unusual).toBe(true);
  });

  it("lets what was always the same change a little", () => {
    const same = fed(Array<number>(100).fill(1_000));
    expect([1_039, 1_041].map((one) => observed(same, one, BOUNDS).unusual)).toEqual([false, true]);
  });

  it("stays finite whatever comes in", () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 80 });
    fc.assert(
      fc.property(numbers, (values) => {
        const { mean, variance, count } = fed(values, { window: 20, after: 10, deviations: 3 });
        expect([mean, variance].every(Number.isFinite) && variance >= 0 && count <= 20).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an anomaly gate", () => {
  const input = contract({ cents: { type: "integer" }, name: { type: "string" } }, ["cents", "name"]);
  const gate = { id: "usual", onFail: "refuse", anomaly: { field: "/cents", deviations: 4, after: 10 } };
  const compile = (change: object) => compileGates(Gates.parse([{ ...gate, ...change }]), { input });

  it("reads its number, and asks nothing of the input alone", () => {
    const compiled = value(compile({}));
    expect(readingsOf(compiled, { cents: 5 })).toEqual([
      { gate: "usual", key: "usual /cents", value: 5, bounds: { window: 100_000, after: 10, deviations: 4 } },
    ]);
    expect(readingsOf(compiled, { name: "x" })).toEqual([]);
    expect(failedGates(compiled, { cents: 5 })).toEqual([]);
  });

  it("is of a number of the contract, and refuses or asks people", () => {
    expect(codeOf(compile({ anomaly: { ...gate.anomaly, field: "/name" } }))).toBe("gates-invalid");
    expect(codeOf(compile({ anomaly: { ...gate.anomaly, field: "/other" } }))).toBe("gates-invalid");
    const review = { ...gate, onFail: "review", reviewers: { role: "clerk", quorum: 1 } };
    expect(Gates.safeParse([review]).success).toBe(true);
    const { reviewers: _, ...nobody } = review;
    expect(Gates.safeParse([nobody]).success).toBe(false);
  });
});
