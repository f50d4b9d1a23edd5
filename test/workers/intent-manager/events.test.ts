import { beforeAll, beforeEach, expect, it } from "vitest";
import { createApp } from "../../../intent-manager/app.ts";
import type { Endpoint } from "../../../intent-manager/http/endpoint.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import type { Plan } from "../../../shared/proposal.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import { bundleOf, release } from "./release.ts";
import { accepts, answerWith, as, bindings, calls, globex, lastCall, seedTenants, send, viewOf } from "./world.ts";

const TYPE = "order.delivered";
const input = { customer: { $cel: "event.data.customer" }, email: { $cel: "event.data.email" } };
const triggers: NonNullable<ReleaseBundle["triggers"]> = [
  { id: "delivered", event: { type: TYPE, when: 'event.data.customer != "nobody"' }, input, purpose: "service" },
];
const delivered: object[] = [];
beforeAll(async () => {
  await seedTenants();
  await release(bundleOf("greeter", { triggers }));
  await release(bundleOf("other", { triggers: [{ ...triggers[0]!, event: { type: "order.lost" } }] }));
  Object.assign(bindings.EXECUTORS, {
    deliverEvent: async (command: object) => {
      delivered.push(command);
      return ok({ duplicate: delivered.length > 1, taken: 1 });
    },
  });
});
beforeEach(() => {
  delivered.length = 0;
  answerWith({ submit: accepts });
});

let count = 0;
const event = (more: object = {}) => ({
  specversion: "1.0",
  id: `e${++count}`,
  source: "/shop",
  type: TYPE,
  data: { customer: "ada", email: "ada@example.org" },
  ...more,
});
const sent = (one: object, role: "app" | "agent" | "operator" = "app") =>
  send(as(role), "/v1/events", {
    raw: JSON.stringify(one),
    headers: { "content-type": "application/cloudevents+json" },
  });
const batch = (events: readonly unknown[]) =>
  send(as("app"), "/v1/events", {
    raw: JSON.stringify(events),
    headers: { "content-type": "application/cloudevents-batch+json" },
  });

it("an event opens a task for the release whose trigger matches, attributed to its sender, and none of its values is a principal's", async () => {
  const { status, body } = await sent(event());
  expect(status).toBe(200);
  const command = lastCall<SubmitCommand>("submit");
  expect(body).toMatchObject({
    status: "matched",
    duplicate: false,
    opened: [{ automation: "greeter", trigger: "delivered", task: command.task }],
    refused: [],
  });
  expect(command).toMatchObject({
    automation: "greeter",
    input: { value: { customer: "ada", email: "ada@example.org" } },
    principal: { key: expect.stringMatching(/^key_/), role: "app", sod: "not-evaluable" },
    trigger: { kind: "event-trigger", id: expect.stringMatching(/^delivered\/[a-z2-7]{26}$/) },
    purpose: "service",
  });
  const plan = JSON.parse(atob(command.plan!.envelope.payload)) as { steps: { advice: object }[] };
  // The release's own rule allows it; the guard of roles sees that the destination came from an event.
  expect(plan.steps[0]!.advice).toMatchObject({ answer: "review" });
});

it("the same source and id is one task, in every mode and at the same time, and other data is a conflict", async () => {
  const one = event();
  const headers = { "ce-specversion": "1.0", "ce-id": one.id, "ce-source": "/shop", "ce-type": TYPE };
  const answers = await Promise.all([
    sent(one),
    send(as("app"), "/v1/events", { body: one.data, headers }),
    batch([one, one]),
    send(as("operator"), "/v1/events", { body: one }),
  ]);
  const tasks = answers.flatMap(({ body }) => (body.events ?? [body]).map((each: any) => each.opened[0].task));
  expect([tasks.length, new Set(tasks).size]).toEqual([5, 1]);
  calls.length = 0;
  expect((await sent(one)).body).toMatchObject({ duplicate: true, opened: [{ task: tasks[0] }] });
  expect(calls).toEqual([]);
  expect((await sent({ ...one, data: { customer: "eve", email: "e@example.org" } })).body.code).toBe(
    "idempotency-conflict",
  );
});

it("an event that comes again after another release opens nothing else", async () => {
  const [one, none] = [event({ type: "order.returned" }), event({ type: "order.returned" })];
  await release(bundleOf("returns", { triggers: [{ ...triggers[0]!, event: { type: "order.returned" } }] }), 1);
  const first = (await sent(one)).body.opened;
  await release(bundleOf("later", { triggers: [{ ...triggers[0]!, event: { type: "order.returned" } }] }), 1);
  expect((await sent(one)).body.opened).toEqual(first);
  expect((await sent(none)).body.opened).toHaveLength(2);
});

it("an event that nothing asks for is told so, and asks no executor", async () => {
  for (const one of [event({ type: "unheard.of" }), event({ data: { customer: "nobody", email: "" } })])
    expect((await sent(one)).body).toMatchObject({ status: "unmatched", opened: [], refused: [], taken: 0 });
  expect([calls, delivered]).toEqual([[], []]);
});

it("what a trigger could not open is named; where that passes, the sender is told to send it again", async () => {
  expect((await sent(event({ data: {} }))).body.refused).toMatchObject([{ code: "trigger-failed" }]);
  const odd = event({ data: { customer: "ada", email: "x".repeat(51) } });
  expect((await sent(odd)).body.refused).toMatchObject([{ automation: "greeter", code: "contract-violation" }]);
  const one = event();
  answerWith({ submit: async () => err(problem("overloaded", "As scripted.")) });
  const shed = await sent(one);
  expect([shed.status, shed.headers.get("retry-after")]).toEqual([503, "1"]);
  answerWith({ submit: accepts });
  expect((await sent(one)).body).toMatchObject({ opened: [{ automation: "greeter" }] });
});

it("a batch has an answer for each event, in its order; one that is wrong or breaks leaves the others alone", async () => {
  answerWith({
    submit: async (command: SubmitCommand) => {
      if (command.input.value["customer"] === "broken") throw new Error("As scripted.");
      return ok({ view: viewOf(command), duplicate: false });
    },
  } as never);
  const { status, body } = await batch([
    event(),
    { ...event(), source: "a b" },
    event({ data: { customer: "broken", email: "a@example.org" } }),
    event({ type: "unheard.of", correlationkey: "k" }),
    7,
  ]);
  expect(status).toBe(200);
  expect(body.events).toMatchObject([
    { status: "matched", opened: [{ automation: "greeter" }] },
    { problem: { code: "invalid-request", retryable: false } },
    { problem: { code: "internal-error" } },
    { status: "matched", taken: 1 },
    { problem: { code: "invalid-request" } },
  ]);
});

it("no agent sends events, and nobody sets off another tenant's triggers", async () => {
  expect((await sent(event(), "agent")).status).toBe(403);
  expect((await send(as("app", globex), "/v1/events", { body: event() })).body).toMatchObject({
    status: "unmatched",
    opened: [],
  });
});

it("a warm event that nothing asks for reads no database", async () => {
  const { statements } = await import("./world.ts");
  await sent(event({ type: "unheard.of" }));
  statements.length = 0;
  await sent(event({ type: "unheard.of" }));
  expect(statements).toEqual([]);
});

it("a toggle is versioned, says who set it, and is in force at the next event", async () => {
  const type = "order.paused";
  const event_ = { type, when: "has(toggles.greeting) && toggles.greeting" };
  await release(bundleOf("toggled", { triggers: [{ ...triggers[0]!, event: event_ }] }));
  const put = (body: object, role: "operator" | "app" = "operator") =>
    send(as(role), "/v1/toggles/greeting", { method: "PUT", body: { reason: "pilot", ...body } });
  const status = async () => (await sent(event({ type }))).body.status;
  expect(await status()).toBe("unmatched");
  expect((await put({ value: true, after: 0 })).body).toMatchObject({ version: 1, value: true, automation: null });
  expect(await status()).toBe("matched");
  const both = await Promise.all([
    put({ value: false, automation: "toggled", after: 0 }),
    put({ value: true, automation: "toggled", after: 0 }),
  ]);
  expect(both.map((one) => one.status).toSorted()).toEqual([200, 409]);
  expect((await put({ value: false, automation: "toggled", after: 1 })).body).toMatchObject({ version: 2 });
  expect(await status()).toBe("unmatched");
  expect((await put({ value: false, after: 0 })).body).toMatchObject({ code: "toggle-moved", facts: { version: 1 } });
  expect((await put({ value: false, after: 1 }, "app")).status).toBe(403);
  const { body } = await send(as("auditor"), "/v1/toggles");
  expect(body.toggles).toMatchObject([
    { name: "greeting", automation: null, value: true, by: expect.stringMatching(/^key_/), reason: "pilot" },
    { automation: "toggled", version: 2, value: false },
  ]);
  expect([body.history.length, (await send(as("auditor", globex), "/v1/toggles")).body.history]).toEqual([3, []]);
});

it("a plan carries the toggles that its release looks at, and warm they cost no read of the control database", async () => {
  const { statements } = await import("./world.ts");
  const rules = [{ id: "known", when: 'capability.name == "mail.send" && toggles.sending', then: "allow" as const }];
  await release(bundleOf("switched", { policy: { default: "deny", rules } }));
  const planned = async () => {
    const body = { automation: "switched", input: { customer: "c", email: "a@example.org" } };
    expect((await send(as("app"), "/v1/intents", { body })).status).toBe(202);
    const { payload } = lastCall<SubmitCommand>("submit").plan!.envelope;
    const { toggles, steps } = JSON.parse(atob(payload)) as Plan;
    return [toggles, steps[0]!.advice.answer];
  };
  expect(await planned()).toEqual([{}, "deny"]);
  const body = { value: true, reason: "pilot", after: 0, automation: "switched" };
  expect((await send(as("operator"), "/v1/toggles/sending", { method: "PUT", body })).status).toBe(200);
  expect(await planned()).toEqual([{ sending: true }, "allow"]);
  statements.length = 0;
  expect(await planned()).toEqual([{ sending: true }, "allow"]);
  expect(statements).toEqual([]);
});

it("the door reads a path as the router does: spelled in percent signs it is the same work", async () => {
  const ended = Promise.withResolvers<Response>();
  const work = { method: "POST", path: "/v1/intents", takesWork: true, run: () => ended.promise };
  const app = createApp([work as unknown as Endpoint]);
  const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
  const ask = () => {
    const request = new Request("https://here.test/v1/%69ntents?x", { method: "POST" });
    return app.fetch(request as never, bindings, context);
  };
  const taken = Array.from({ length: LIMITS.workInFlight }, ask);
  expect((await ask()).status).toBe(503);
  ended.resolve(new Response("ok"));
  expect((await Promise.all(taken)).every(({ status }) => status === 200)).toBe(true);
});
