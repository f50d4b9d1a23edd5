/** Small contracts and declarations that tests of the decision core share. */
import type { CapabilityContract } from "../../shared/capability.ts";
import { compileContract, type Contract } from "../../shared/contracts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { CapabilityDeclaration, Declarations, Facts } from "../../shared/policy/index.ts";
import type { Result } from "../../shared/result.ts";

/** The value of a result that must be one. */
export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail}`);
  return result.value;
}

/** The code of a result that must be a problem. */
export const codeOf = (result: Result<unknown>): string => (result.ok ? "ok" : result.problem.code);

/** A closed object schema; every property is required unless named in `optional`. */
export const object = (properties: JsonObject, optional: readonly string[] = []): JsonObject => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

export const contract = (properties: JsonObject, optional: readonly string[] = []): Contract =>
  value(compileContract(object(properties, optional)));

export const ORDER_ID = { type: "string", pattern: "^#W\\d{7}$", "x-id": true };

export function declare(overrides: Partial<CapabilityContract> & { name: string }): CapabilityDeclaration {
  const full = {
    version: "1.0.0",
    summary: "A capability of the tests",
    input: object({}),
    output: object({}),
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "exactly-once",
    roles: {},
    tags: [],
    ...overrides,
  } as CapabilityContract;
  return {
    contract: full,
    input: value(compileContract(full.input as JsonObject)),
    output: value(compileContract(full.output as JsonObject)),
    ...(full.observe === undefined ? {} : { observe: value(compileContract(full.observe)) }),
    ...(full.preview === undefined ? {} : { preview: value(compileContract(full.preview as JsonObject)) }),
  };
}

export const declarations = (input: Contract, ...capabilities: CapabilityDeclaration[]): Declarations => ({
  input,
  capabilities: new Map(capabilities.map((capability) => [capability.contract.name, capability])),
});

export const REFUND = declare({
  name: "billing.refund",
  input: object(
    { orderId: ORDER_ID, amountCents: { type: "integer" }, to: { type: "string" }, ratio: { type: "number" } },
    ["to", "ratio"],
  ),
  preview: object({ balanceCents: { type: "integer" } }),
  observe: object({ balanceCents: { type: "integer" }, order: { type: "string" } }),
  risk: "high",
  roles: { target: ["orderId"], amount: ["amountCents"], destination: ["to"] },
  tags: ["order:{orderId}", "money"],
});
export const LOOKUP = declare({
  name: "orders.get",
  input: object({ orderId: ORDER_ID }),
  output: object({
    order: {
      ...object({ id: ORDER_ID, status: { type: "string" }, totalCents: { type: "integer" } }),
      "x-trusted": true,
    },
    note: { type: "string" },
  }),
  roles: { target: ["orderId"] },
  effect: "read",
});
export const INPUT = contract(
  {
    request: { type: "string", "x-origin": "principal" },
    orderId: { ...ORDER_ID, "x-origin": "principal" },
    score: { type: "number" },
    mail: { type: "string" },
  },
  ["orderId", "score", "mail"],
);
export const SHOP = declarations(INPUT, REFUND, LOOKUP);

export const facts = (overrides: Partial<Facts> = {}): Facts => ({
  intent: {
    automation: "refunds",
    input: { request: "Refund #W1234567, please" } as Json,
    region: "eu",
    purpose: "service",
  },
  task: { id: "tsk_eu_0_aaaaaaaaaaaaaaaaaaaaaaaaaa", region: "eu", round: 1 },
  principal: { key: "k1", role: "app", member: "ann", person: true },
  agent: { id: "helper", planner: "agent" },
  capability: "billing.refund",
  args: { orderId: "#W1234567", amountCents: 4000 },
  provenance: { orderId: "principal", amountCents: "model" },
  confidence: 0.9,
  claimedConfidence: null,
  nowMs: Date.UTC(2026, 10, 21, 9, 30),
  ...overrides,
});
