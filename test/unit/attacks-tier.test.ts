/** A hijacked planner under tier 2, where an action happens alone because it can be taken back. */
import { expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { decideStep, type StepFacts } from "../../shared/facts.ts";
import { release } from "../support/manager.ts";

const { compiled } = release(contracts, {
  tier: 2,
  planner: "agent",
  playbook: null,
  reversal: { windowMs: 3_600_000 },
  policy: {
    default: "deny",
    rules: [{ id: "all", when: "true", then: "allow" }],
    unguarded: [{ id: "any", when: "true", roles: ["target", "amount"] }],
  },
  capabilities: Object.fromEntries(
    ["orders.cancel", "orders.reinstate"].map((name) => [name, contracts.get(name)!] as const),
  ),
});
const decide = (capability: string, change: Partial<StepFacts> = {}) =>
  decideStep(
    compiled,
    {
      task: "tsk_eu_0_aaaaaaaaaaaaaaaaaaaaaaaaaa",
      region: "eu",
      input: { text: "" },
      purpose: null,
      principal: { key: "key_app", role: "app", member: null, sod: "not-evaluable" },
    },
    {
      round: 1,
      planner: "agent",
      agent: "key_agent",
      capability,
      args: {},
      provenance: {},
      claimedConfidence: null,
      ...change,
    },
    { args: true, preview: true, results: true },
    0,
  );

it("an action that takes others back is itself taken back by nothing: proposed alone it waits for a person", () => {
  expect(decide("orders.cancel")).toMatchObject({ answer: "notify", rules: ["all", "tier-2"] });
  expect(decide("orders.reinstate")).toMatchObject({ answer: "review", reviews: [{ rule: "tier-2" }] });
  const undo = { of: "orders.cancel", kind: "reversal" } as const;
  expect(decide("orders.reinstate", { undo })).toMatchObject({ answer: "notify" });
});
