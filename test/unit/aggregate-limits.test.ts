/** Aggregate limits: which of them an action falls under, and what a counter promises over any history of calls. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counts, end, reserve, type Entry } from "../../executors/limits/core.ts";
import { compilePolicy, limitDemands, mayBeLimited, type Policy } from "../../shared/policy/index.ts";
import { lintPolicy } from "../../shared/policy/lint.ts";
import { codeOf, facts, SHOP, value } from "../support/release.ts";

const LIMIT = {
  id: "refunds-per-day",
  when: 'capability.name == "billing.refund"',
  sum: "args.amountCents",
  group: "args.orderId",
  window: "24h",
  max: 10_000,
  exceeded: "deny" as const,
};
const policy = (...limits: NonNullable<Policy["limits"]>): Policy => ({ default: "deny", rules: [], limits });
const demands = (limits: NonNullable<Policy["limits"]>, change = {}) =>
  limitDemands(value(compilePolicy(policy(...limits), SHOP)).limits, facts(change), SHOP);

describe("the limits of a policy", () => {
  it("say for an action by how much and in which group it counts; the group's value is not in it", () => {
    const [demand] = value(demands([LIMIT]));
    expect(demand).toMatchObject({ limit: "refunds-per-day", amount: 4_000, max: 10_000, windowMs: 86_400_000 });
    expect(demand!.group).toMatch(/^[0-9a-f]{64}$/);
    const other = value(demands([LIMIT], { args: { orderId: "#W7654321", amountCents: 1 } }))[0]!;
    expect(other.group).not.toBe(demand!.group);
  });

  it("count one for each action where they count, and share one group where none is named", () => {
    const { sum: _, group: __, ...rest } = LIMIT;
    const limit = { ...rest, count: true as const };
    const [demand] = value(demands([limit]));
    expect(demand!.amount).toBe(1);
    expect(value(demands([limit], { args: { orderId: "#W7654321", amountCents: 1 } }))[0]!.group).toBe(demand!.group);
  });

  it("deny what cannot be counted: a negative amount, a missing argument, an amount that is no whole number", () => {
    expect(codeOf(demands([LIMIT], { args: { orderId: "#W1234567", amountCents: -1 } }))).toBe("policy-denied");
    expect(codeOf(demands([{ ...LIMIT, group: "args.to" }]))).toBe("policy-denied");
    expect(
      codeOf(
        demands([{ ...LIMIT, sum: "args.ratio" }], { args: { orderId: "#W1234567", amountCents: 1, ratio: 1.5 } }),
      ),
    ).toBe("policy-denied");
    expect(codeOf(demands([{ ...LIMIT, when: "args.to == '1'" }]))).toBe("policy-denied");
  });

  it("cost nothing for other capabilities", () => {
    const { limits } = value(compilePolicy(policy(LIMIT), SHOP));
    expect([mayBeLimited(limits, "billing.refund"), mayBeLimited(limits, "orders.get")]).toEqual([true, false]);
    expect(value(demands([LIMIT], { capability: "orders.get", args: { orderId: "#W1234567" } }))).toEqual([]);
  });

  it("are refused at publishing where they are not well formed", () => {
    const refused = (change: object) => codeOf(compilePolicy(policy({ ...LIMIT, ...change } as never), SHOP));
    expect(refused({ count: true })).toBe("policy-invalid");
    expect(refused({ sum: undefined })).toBe("policy-invalid");
    expect(refused({ exceeded: "review" })).toBe("policy-invalid");
    expect(refused({ window: "400d" })).toBe("policy-invalid");
    expect(refused({ max: 1.5 })).toBe("policy-invalid");
    expect(refused({ sum: "order.total" })).toBe("policy-invalid");
    expect(codeOf(compilePolicy(policy(LIMIT, LIMIT), SHOP))).toBe("policy-invalid");
  });

  it("are linted: a sum answers int", () => {
    expect(lintPolicy(policy({ ...LIMIT, sum: "args.orderId" }), SHOP)[0]?.message).toContain("a sum answers int");
    expect(lintPolicy(policy(LIMIT), SHOP)).toEqual([]);
  });
});

const WINDOW_MS = 1_000;

describe("the counter of a limit", () => {
  it("never lets more than its maximum happen in any window, whatever is repeated, lost, late or in doubt", () => {
    const event = fc.record({
      wait: fc.integer({ min: 0, max: 400 }),
      action: fc.nat(7).map((n) => `act_${n}`),
      kind: fc.constantFrom(
        "reserve" as const,
        "reserve" as const,
        "settle" as const,
        "release" as const,
        "late" as const,
      ),
      amount: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(event, { minLength: 10, maxLength: 120 }), (events) => {
        const max = 10;
        const entries = new Map<string, Entry>();
        // What happens in the world: an open reservation may have its effect at any time until it is released.
        const openAmount = new Map<string, { turn: number; amount: number }>();
        const happened: { atMs: number; amount: number }[] = [];
        let nowMs = 0;
        let turn = 0;
        for (const { wait, action, kind, amount } of events) {
          nowMs += wait;
          const used = [...entries.values()]
            .filter((entry) => counts(entry, WINDOW_MS, nowMs))
            .reduce((sum, entry) => sum + entry.amount, 0);
          const existing = entries.get(action) ?? null;
          if (kind === "reserve" && !openAmount.has(action) && existing?.at !== "settled") {
            const ask = { action, turn: ++turn, amount, max, windowMs: WINDOW_MS, approved: false, peek: false };
            const { answer, entry } = reserve(used, existing, ask, nowMs);
            if (entry !== null) entries.set(action, entry);
            if (answer.granted) openAmount.set(action, { turn, amount });
          }
          const open = openAmount.get(action);
          if (open !== undefined && (kind === "settle" || kind === "release")) {
            if (kind === "settle") happened.push({ atMs: nowMs, amount: open.amount });
            openAmount.delete(action);
            const ended = end(existing, open.turn, kind === "settle" ? "settled" : "released", nowMs);
            if (ended !== null) entries.set(action, ended);
          }
          // A call of an earlier turn that arrives late changes nothing.
          if (kind === "late" && open !== undefined) expect(end(existing, open.turn - 1, "released", nowMs)).toBeNull();
          const inWindow = happened
            .filter((one) => one.atMs > nowMs - WINDOW_MS)
            .reduce((sum, one) => sum + one.amount, 0);
          const mayHappen = [...openAmount.values()].reduce((sum, one) => sum + one.amount, 0);
          expect(inWindow + mayHappen).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 500 },
    );
  });

  const ask = { action: "a", turn: 1, amount: 6, max: 10, windowMs: WINDOW_MS, approved: false, peek: false };

  it("counts an action once however often it asks, and frees nothing for a release of an earlier turn", () => {
    const first = reserve(0, null, ask, 0).entry!;
    const again = reserve(6, first, { ...ask, turn: 2 }, 10);
    expect(again.answer).toMatchObject({ granted: true, used: 0 });
    expect(end(again.entry, 1, "released", 20)).toBeNull();
    expect(end(again.entry, 2, "released", 20)).toMatchObject({ at: "released", amount: 0 });
  });

  it("grants over the maximum only what people approved, and says so", () => {
    expect(reserve(6, null, ask, 0).answer).toMatchObject({ granted: false, over: true, used: 6 });
    expect(reserve(6, null, { ...ask, approved: true }, 0).answer).toMatchObject({ granted: true, over: true });
  });

  it("refuses a reservation that arrives after its own release", () => {
    const gone = end(null, 3, "released", 0);
    expect(reserve(0, gone, { ...ask, turn: 3 }, 1).answer).toMatchObject({ granted: false, stale: true });
    expect(reserve(0, gone, { ...ask, turn: 4 }, 1).answer.granted).toBe(true);
  });
});
