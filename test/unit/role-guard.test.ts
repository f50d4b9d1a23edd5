/** What a policy lets happen still passes the guard of roles. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Role } from "../../shared/capability.ts";
import {
  ALL_AVAILABLE,
  compilePolicy,
  evaluatePolicy,
  explainDecision,
  type Facts,
  type Policy,
} from "../../shared/policy/index.ts";
import { PROVENANCE, type Provenance } from "../../shared/provenance-order.ts";
import { codeOf, facts, SHOP, value } from "../support/release.ts";

const ALLOW: Policy = { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] };
const decide = (change: Partial<Policy>, overrides: Partial<Facts> = {}, available = ALL_AVAILABLE) =>
  evaluatePolicy(value(compilePolicy({ ...ALLOW, ...change }, SHOP)), facts(overrides), { available });
const byPrincipal = { orderId: "principal", amountCents: "principal" } as const;

describe("the guard of roles", () => {
  it("lets a write alone whose roles are named, and sends one to a person where one is not", () => {
    expect(decide({}, { provenance: byPrincipal }).answer).toBe("allow");
    expect(decide({}, { provenance: { ...byPrincipal, amountCents: "record" } }).answer).toBe("allow");
    expect(decide({})).toMatchObject({
      answer: "review",
      final: true,
      rules: [{ id: "unnamed-amount", then: "review" }],
      reviews: [{ rule: "unnamed-amount", role: "approver", quorum: 1 }],
      byDefault: false,
    });
    expect(decide({}, { provenance: { ...byPrincipal, orderId: "content" } }).rules).toEqual([
      { id: "unnamed-target", then: "review" },
    ]);
    expect(decide({}, { provenance: {} }).rules.map(({ id }) => id)).toEqual(["unnamed-target", "unnamed-amount"]);
    expect(explainDecision(decide({}), ALLOW)).toContain("this amount");
  });

  it("holds over a notice, and leaves a denial and a rule's own review as they are", () => {
    const rules = (then: "notify" | "deny") => [{ id: "one", when: "true", then }];
    expect(decide({ rules: rules("notify") }).answer).toBe("review");
    expect(decide({ rules: rules("deny") }).answer).toBe("deny");
    const reviewers = { role: "boss", quorum: 2 };
    expect(decide({ rules: [{ id: "one", when: "true", then: "review", reviewers }] }).reviews).toEqual([
      { rule: "one", ...reviewers },
    ]);
  });

  it("asks whom the policy says", () => {
    const lead = { role: "lead", quorum: 2 };
    expect(decide({ guardReviewers: lead }).reviews).toEqual([{ rule: "unnamed-amount", ...lead }]);
    expect(decide({ default: "review", defaultReviewers: lead }).reviews).toEqual([
      { rule: "unnamed-amount", ...lead },
    ]);
  });

  it("is for writes, and not for what takes an action back", () => {
    const capability = { capability: "orders.get", args: { orderId: "#W7654321" }, provenance: {} };
    expect(decide({}, capability).answer).toBe("allow");
    expect(decide({}, { undo: { of: "x.y", kind: "reversal" }, provenance: {} }).answer).toBe("allow");
  });

  it("leaves out what an entry names while its condition is true, and stays up where it is not, fails or cannot be answered", () => {
    const unguarded = (when: string, ...roles: Role[]) => ({
      unguarded: [{ id: "wide", when, roles }],
    });
    expect(decide(unguarded("args.amountCents <= 4000", "amount")).answer).toBe("allow");
    expect(decide(unguarded("args.amountCents < 4000", "amount")).answer).toBe("review");
    expect(decide(unguarded("args.nothing == 1", "amount"))).toMatchObject({ answer: "review", errors: [] });
    expect(decide(unguarded("true", "target")).answer).toBe("review");
    const early = decide(unguarded('"x" in preview', "amount"), {}, { args: true, preview: false, results: false });
    expect(early).toMatchObject({ answer: "review", final: false, deferred: ["wide"] });
  });

  it("refuses rules under its own ids, and entries that are none", () => {
    const codes = [
      { rules: [{ id: "unnamed-amount", when: "true", then: "allow" as const }] },
      { unguarded: [{ id: "all", when: "true", roles: ["amount" as const] }] },
      { unguarded: [{ id: "wide", when: "what.is == 1", roles: ["amount" as const] }] },
      { unguarded: [{ id: "wide", when: "true", roles: [] }] },
      { unguarded: [{ id: "wide", when: "true", roles: ["summary" as never] }] },
    ].map((change) => codeOf(compilePolicy({ ...ALLOW, ...change }, SHOP)));
    expect(new Set(codes)).toEqual(new Set(["policy-invalid"]));
  });

  it("never lets a write happen alone in which an argument with a role is a model's or a document's", () => {
    const any = fc.constantFrom<Provenance>(...PROVENANCE);
    fc.assert(
      fc.property(any, any, any, fc.boolean(), (orderId, amountCents, to, sent) => {
        const args = { orderId: "#W1234567", amountCents: 4000, ...(sent ? { to: "DE89370400440532013000" } : {}) };
        const said = [orderId, amountCents, ...(sent ? [to] : [])];
        const weak = said.some((one) => one === "content" || one === "model");
        const decision = decide({}, { args, provenance: { orderId, amountCents, to } });
        expect(decision.answer).toBe(weak ? "review" : "allow");
      }),
    );
  });
});
