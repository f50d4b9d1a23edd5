import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ceilingMs, chanceOf, pauseMs, type RetryPolicy } from "../../shared/backoff.ts";

const policies = fc.record({
  baseMs: fc.integer({ min: 1, max: 1_000 }),
  factor: fc.integer({ min: 1, max: 5 }),
  capMs: fc.integer({ min: 1, max: 600_000 }),
  attempts: fc.integer({ min: 1, max: 20 }),
  totalMs: fc.integer({ min: 0, max: 86_400_000 }),
});
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("a pause before another try", () => {
  it("lies between nothing and the ceiling, and inside the budget", () => {
    fc.assert(
      fc.property(policies, fc.nat(25), fc.nat(1_000_000), chances, (policy, n, elapsedMs, chance) => {
        const pause = pauseMs(policy, { tries: n + 1, elapsedMs, chance });
        if (n + 1 >= policy.attempts) expect(pause).toBeNull();
        if (pause === null) return;
        expect(pause).toBeGreaterThanOrEqual(0);
        expect(pause).toBeLessThanOrEqual(ceilingMs(policy, n + 1));
        expect(elapsedMs + pause).toBeLessThanOrEqual(policy.totalMs);
      }),
    );
  });

  it("never undercuts what the other side asked for, and ends where that does not fit the budget", () => {
    fc.assert(
      fc.property(policies, chances, fc.double({ min: 0, max: 1e9, noNaN: true }), (policy, chance, retryAfterMs) => {
        const pause = pauseMs(policy, { tries: 1, elapsedMs: 0, chance, retryAfterMs });
        if (pause !== null) expect(pause).toBeGreaterThanOrEqual(retryAfterMs);
        if (retryAfterMs > policy.totalMs) expect(pause).toBeNull();
      }),
    );
  });

  it("ends a run of tries after the attempts that the policy names", () => {
    const policy: RetryPolicy = { baseMs: 20, factor: 4, capMs: 60_000, attempts: 6, totalMs: 900_000 };
    const longest = [1, 2, 3, 4, 5, 6].map((tries) => pauseMs(policy, { tries, elapsedMs: 0, chance: 0.999_999_999 }));
    expect(longest).toEqual([20, 80, 320, 1_280, 5_120, null]);
  });

  it("follows from its inputs alone", () => {
    const tried = { tries: 3, elapsedMs: 5, chance: chanceOf("AAAAgAAAAAAA") };
    const policy: RetryPolicy = { baseMs: 10, factor: 2, capMs: 100, attempts: 9, totalMs: 1_000 };
    expect(pauseMs(policy, tried)).toBe(pauseMs(policy, tried));
    expect([chanceOf("________"), chanceOf("AAAAAAAA")].map((chance) => chance >= 0 && chance < 1)).toEqual([
      true,
      true,
    ]);
  });
});
