import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { gateAlerts } from "../../../intent-manager/intake/gates.ts";
import { Gates } from "../../../shared/gates/schema.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import { bundleOf, release } from "./release.ts";
import { accepts, answerWith, as, calls, lastCall, seedTenants, send } from "./world.ts";

const gates = Gates.parse([
  { id: "mail", complete: ["/email"], onFail: "refuse", message: "An address is needed." },
  { id: "odd", check: 'input.customer != "odd"', onFail: "review", reviewers: { role: "clerk", quorum: 1 } },
]);
beforeAll(async () => {
  await seedTenants();
  await release(bundleOf("gated", { gates }));
});
beforeEach(() => answerWith({ submit: accepts }));
const contract = bundleOf("x").input as { properties: object };
const withCents = {
  ...contract,
  properties: { ...contract.properties, cents: { type: "integer", minimum: 0, maximum: 1_000_000 } },
};
const submit = (input: object) => send(as("app"), "/v1/intents", { body: { automation: "gated", input } });

it("an input that a gate refuses opens nothing, names field and gate, and is an alert for the owner", async () => {
  const answers = [await submit({ customer: "c", email: " " }), await submit({ customer: "c", email: "" })];
  expect(answers.map(({ status }) => status)).toEqual([422, 422]);
  expect(answers[0]!.body).toMatchObject({
    code: "quality-gate",
    detail: "/email: An address is needed.",
    facts: { gate: "mail", field: "/email" },
  });
  expect(calls).toEqual([]);
  const alerts = await vi.waitFor(async () => {
    const raised = await gateAlerts(env as never, "acme", Date.now());
    expect(raised[0]?.value).toBe(2);
    return raised;
  }, 5_000);
  expect(alerts).toMatchObject([{ rule: "quality-gate", automation: "gated", title: expect.stringMatching(/mail$/) }]);
  expect(await gateAlerts(env as never, "globex", Date.now())).toEqual([]);
});

it("an input that a gate sends to people opens its task, and what would write waits for them", async () => {
  expect((await submit({ customer: "odd", email: "a@example.org" })).status).toBe(202);
  const { envelope } = lastCall<SubmitCommand>("submit").plan!;
  const plan = JSON.parse(atob(envelope.payload)) as { steps: { advice: object }[] };
  expect(plan.steps[0]!.advice).toMatchObject({ answer: "review", rules: ["gate-odd"] });
});

it("a number far from what came in lately is sent to people where its gate says so, and the executor is told which gate", async () => {
  const anomaly = { field: "/cents", deviations: 4, after: 10 };
  const reviewers = { role: "clerk", quorum: 1 };
  await release(
    bundleOf("watched", {
      input: withCents as never,
      gates: Gates.parse([{ id: "usual", anomaly, onFail: "review", reviewers }]),
    }),
  );
  const ask = async (cents: number, idempotencyKey?: string) => {
    const input = { customer: "c", email: "a@example.org", cents };
    const answer = await send(as("app"), "/v1/intents", { body: { automation: "watched", input, idempotencyKey } });
    expect(answer.status).toBe(202);
    return lastCall<SubmitCommand>("submit");
  };
  for (let i = 0; i < 10; i++) expect((await ask(100 + (i % 3))).unusual).toBeUndefined();
  const odd = await ask(9_000, "odd");
  expect(odd.unusual).toEqual(["usual"]);
  const plan = JSON.parse(atob(odd.plan!.envelope.payload)) as { steps: { advice: object }[] };
  expect(plan.steps[0]!.advice).toMatchObject({ answer: "review", rules: ["gate-usual"] });
  expect((await ask(9_000, "odd")).unusual).toEqual(["usual"]);
  await vi.waitFor(async () => {
    const raised = await gateAlerts(env as never, "acme", Date.now());
    expect(raised.map(({ automation }) => automation)).toContain("watched");
  }, 5_000);
});

it("a number far from what came in lately is refused, once for each task, and is an alert", async () => {
  const anomaly = { field: "/cents", deviations: 4, after: 10 };
  await release(
    bundleOf("measured", {
      input: withCents as never,
      gates: Gates.parse([{ id: "usual", anomaly, onFail: "refuse" }]),
    }),
  );
  answerWith({ submit: accepts });
  const ask = async (cents: number, idempotencyKey?: string) => {
    const body = {
      automation: "measured",
      input: { customer: "c", email: "a@example.org", cents },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
    return send(as("app"), "/v1/intents", { body });
  };
  for (let i = 0; i < 10; i++) expect((await ask(100 + (i % 3), `k${i}`)).status).toBe(202);
  const refused = await ask(9_000, "odd");
  expect(refused).toMatchObject({
    status: 422,
    body: { code: "quality-gate", facts: { gate: "usual", field: "/cents" } },
  });
  expect(calls.filter(({ method }) => method === "submit")).toHaveLength(10);
  // However often it is asked again: it is looked at once, and moves the baseline once.
  for (let i = 0; i < 5; i++) expect((await ask(9_000, "odd")).status).toBe(422);
  expect((await ask(101)).status).toBe(202);
  // What passed under a key lets nothing else through under it.
  expect((await ask(9_000, "k1")).status).toBe(422);
  await vi.waitFor(async () => {
    const raised = await gateAlerts(env as never, "acme", Date.now());
    expect(raised.map(({ automation }) => automation)).toContain("measured");
  }, 5_000);
});
