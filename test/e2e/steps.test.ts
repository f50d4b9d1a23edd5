/**
 * Steps that take their time, through the public interface: an effect in doubt that a person resolves from the command line, a signal, and an
 * event that comes before its step waits. The record of all of it verifies offline.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { PlaybookStep } from "../../shared/playbook-schema.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import { startEffectServer, type EffectServer } from "../support/effect-server.ts";
import { release } from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { until } from "./people.ts";
import { everyObject, everyTable } from "./stored.ts";

let server: EffectServer;
let system: Countersign;
let cli: CommandLine;
let keys: Countersign["tenants"][string]["apiKeys"];

beforeAll(async () => {
  server = await startEffectServer();
  system = await startCountersign({
    vars: {
      "countersign-executors": {
        HTTP_TARGETS: JSON.stringify({
          development: true,
          origins: { courier: server.origin, payments: server.origin },
        }),
      },
    },
    credentials: {
      courier: { kind: "header", capability: "pickups.book", header: "x-api-key", value: "a-courier-key" },
      payments: { kind: "bearer", capability: "payments.refund", token: "a-static-token" },
    },
  });
  const dev = system.tenants["dev"]!;
  keys = dev.apiKeys;
  await enrolPeople({ url: system.url, keys: dev, log: () => {} });
  cli = commandLine({ ...dev, url: system.url, trust: system.trust });
  const ref = (pointer: string) => ({ $ref: `steps.wait.result#${pointer}` });
  await publish(
    "pickups",
    ["orderId", "day"],
    [{ id: "act", capability: "pickups.book", args: { orderId: cel("orderId"), day: cel("day") } }],
  );
  const refund = (id: string, refundableCents: number, after: string[]): PlaybookStep => ({
    id,
    capability: "payments.refund",
    args: { chargeId: cel("chargeId"), amountCents: 500 },
    after,
    expect: { refundableCents },
  });
  await publish("refunds", ["chargeId"], [refund("first", 100_000, []), refund("second", 99_000, ["first"])]);
  await publish(
    "signalled",
    ["text"],
    [
      { id: "wait", capability: "wait.signal", args: { name: "paid" } },
      { id: "note", capability: "journal.note", args: { text: ref("/payload/text") } },
    ],
  );
  await publish(
    "notified",
    ["text"],
    [
      { id: "wait", capability: "wait.event", args: { type: "invoice.paid", key: cel("text") } },
      { id: "note", capability: "journal.note", args: { text: ref("/data/text") } },
    ],
  );
  await publish("reported", ["text"], [{ id: "note", capability: "journal.note", args: { text: cel("text") } }], {
    triggers: [{ id: "sent", event: { type: "report.sent" }, input: { text: { $cel: "event.data.text" } } }],
  });
  await publish(
    "people",
    ["text", "email"],
    [
      { id: "told", capability: "wait.signal", args: { name: "told" } },
      { id: "find", capability: "customers.find_by_email", args: { email: cel("email") } },
      {
        id: "book",
        capability: "pickups.book",
        args: { orderId: "#W7654321", day: "2026-11-22" },
        after: ["told"],
      },
      { id: "rest", capability: "wait.signal", args: { name: "never" }, after: ["book"] },
    ],
  );
});
afterAll(async () => {
  cli?.remove();
  await system?.stop();
  await server?.close();
});

const cel = (field: string) => ({ $cel: `intent.input.${field}` });
async function publish(
  name: string,
  fields: readonly string[],
  steps: readonly PlaybookStep[],
  more: Partial<ReleaseBundle> = {},
): Promise<void> {
  const { text, digest, compiled } = release(contracts, {
    automation: name,
    input: {
      type: "object",
      additionalProperties: false,
      required: [...fields],
      properties: Object.fromEntries(fields.map((field) => [field, { type: "string", "x-origin": "principal" }])),
    },
    playbook: { version: 1, steps: [...steps] },
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
    ...more,
  });
  const client = createClient({ baseUrl: system.url, key: keys.operator, fetch: (to, init) => fetch(to, init) });
  await publishOne(client, system.tenants["dev"]!, { name, bundle: compiled.bundle, text, digest, advice: [] });
}
const open = async (automation: string, input: JsonObject): Promise<string> =>
  (await system.call(keys.app, "/v1/intents", { body: { automation, input } })).body.task;
const reached = (task: string, status: string) =>
  until(
    async () => (await system.call(keys.app, `/v1/tasks/${task}`)).body,
    (view) => view.status === status,
  );
const sent = async (path: string, body: object) => {
  const answer = await system.call(keys.app, path, { body });
  return answer.body.code ?? answer.body;
};

it("an effect in doubt is shown to people and ends with a signed word from the command line", async () => {
  server.plan("cut-after");
  const task = await open("pickups", { orderId: "#W1234567", day: "2026-11-21" });
  const view = await reached(task, "waiting");
  expect(view.steps[0]).toMatchObject({ status: "in_doubt", waitsFor: { what: "person" } });
  expect((await cli.run("reviews")).out).toContain("someone must check");
  const word = ["resolve", task, "act", "--applied", "--reason", "the courier has it", "--yes"];
  expect((await cli.run("resolve", task, "act", "--reason", "x", "--yes")).exit).not.toBe(0);
  const wrong = await cli.run(...word, "--result", '{"no":"such field"}', "--json");
  expect([wrong.exit, wrong.json.problem.code]).toEqual([1, "contract-violation"]);
  const resolved = await cli.run(...word, "--json");
  expect([resolved.exit, resolved.json.status]).toEqual([0, "succeeded"]);
  expect(resolved.json.steps[0].resolved).toMatchObject({ outcome: "applied", contradiction: null });
  expect((await cli.run("reviews", "--json")).json.doubts).toEqual([]);
  expect((await cli.run(...word)).exit).not.toBe(0);
});

it("what a target outside holds after an action is read back and compared with what was predicted", async () => {
  server.plan("none");
  const task = await open("refunds", { chargeId: "ch_12345678" });
  const { steps } = await reached(task, "succeeded");
  expect(steps.map(({ outcome }: any) => [outcome.verdict, outcome.fields])).toEqual([
    ["matched", []],
    ["mismatched", ["refundableCents"]],
  ]);
  expect((await cli.run("explain", task)).out).toContain("`refundableCents` is `100000`, expected `99000`");
  const { outcomes, executors } = (await system.call(keys.auditor, "/v1/overview")).body;
  expect(outcomes).toEqual([
    { automation: "refunds", capability: "payments.refund", matched: 1, mismatched: 1, unobserved: 0 },
  ]);
  expect(executors.flatMap((one: any) => one.outcomes.newest)).toMatchObject([{ task, step: "second" }]);
});

it("a signal gives its payload to the steps after; again it is free, later it is refused", async () => {
  const task = await open("signalled", { text: "x" });
  await reached(task, "waiting");
  const signal = { name: "paid", id: "pay-1", payload: { text: "thanks" } };
  const path = `/v1/tasks/${task}/signals`;
  expect(await sent(path, signal)).toEqual({ task, id: "pay-1", status: "taken" });
  expect((await reached(task, "succeeded")).steps[1]).toMatchObject({
    args: { text: "thanks" },
    provenance: { text: "content" },
  });
  expect(await sent(path, signal)).toMatchObject({ status: "duplicate" });
  expect(await sent(path, { ...signal, payload: null })).toBe("idempotency-conflict");
  expect(await sent(path, { ...signal, id: "pay-2" })).toBe("task-settled");
  expect((await system.call(keys.agent, path, { body: signal })).status).toBe(403);
});

it("an event reaches a step that begins to wait after it, and one that waits already", async () => {
  const event = (id: string, text: string) => ({
    specversion: "1.0",
    id,
    source: "/bank",
    type: "invoice.paid",
    correlationkey: "inv-1",
    data: { text },
  });
  expect(await sent("/v1/events", event("e1", "early"))).toEqual({
    source: "/bank",
    id: "e1",
    duplicate: false,
    status: "matched",
    taken: 0,
    opened: [],
    refused: [],
  });
  const early = await reached(await open("notified", { text: "inv-1" }), "succeeded");
  expect(early.steps[1].args).toEqual({ text: "early" });
  expect(await sent("/v1/events", event("e1", "early"))).toMatchObject({ duplicate: true });
  expect(await sent("/v1/events", event("e1", "other"))).toBe("idempotency-conflict");
  expect(await sent("/v1/events", { ...event("e2", "x"), data: { $ref: "x" } })).toBe("invalid-request");
});

it("an event opens a task by a trigger, once, and its values are nobody's word but its own", async () => {
  const event = {
    specversion: "1.0",
    id: "r1",
    source: "/desk",
    type: "report.sent",
    data: { text: "from an event" },
  };
  const first = await sent("/v1/events", event);
  expect(first).toMatchObject({ status: "matched", opened: [{ automation: "reported", trigger: "sent" }] });
  expect(await sent("/v1/events", event)).toMatchObject({ duplicate: true, opened: first.opened });
  const view = await reached(first.opened[0].task, "succeeded");
  expect(view.steps[0]).toMatchObject({ args: { text: "from an event" }, provenance: { text: "content" } });
});

it("a person is erased from everything that is stored; who comes again is told so", async () => {
  const canary = "canary-mary-shelley-1797";
  const subject = "customer:mary_1797";
  const intent = {
    automation: "people",
    input: { text: canary, email: `${canary}@example.com` },
    subjects: [subject],
    idempotencyKey: "mary",
  };
  const task = (await system.call(keys.app, "/v1/intents", { body: intent })).body.task;
  await reached(task, "waiting");
  expect(await sent(`/v1/tasks/${task}/signals`, { name: "told", id: "t1", payload: canary })).toMatchObject({
    status: "taken",
  });
  const stepsOf = async () =>
    (await system.call(keys.app, `/v1/tasks/${task}`)).body.steps.map((step: any) => step.status).join(" ");
  await until(stepsOf, (statuses) => statuses === "applied failed applied applying");
  expect((await system.call(keys.operator, `/v1/subjects/${subject}`, { method: "DELETE" })).status).toBe(403);
  expect((await cli.run("subjects", "show", subject, "--json")).json).toMatchObject({ held: true, tasks: 1, open: 1 });

  // Where it is looked for afterwards, it is found before.
  expect(await everyObject(system)).toContain(subject);
  const erase = () =>
    system.call(keys.admin, `/v1/subjects/${subject}`, { method: "DELETE", headers: { "idempotency-key": "e1" } });
  const erased = await erase();
  expect([erased.status, erased.body]).toMatchObject([
    200,
    {
      done: true,
      tasks: 1,
      remaining: 0,
      incomplete: [],
      left: { actions: expect.arrayContaining([{ capability: "pickups.book", delivery: "at-most-once", count: 1 }]) },
    },
  ]);
  expect((await erase()).body).toMatchObject({ erasure: erased.body.erasure, done: true, tasks: 1 });

  const view = (await system.call(keys.app, `/v1/tasks/${task}`)).body;
  const marker = { $erased: true };
  expect(view).toMatchObject({ erased: true, status: "cancelled", why: "subject-erased", input: marker });
  expect(view.steps.map(({ result }: any) => result)).toEqual([marker, null, marker, null]);
  const again = await system.call(keys.app, "/v1/intents", { body: intent });
  expect([again.status, again.body.code]).toEqual([410, "subject-erased"]);
  const shown = [
    JSON.stringify((await system.call(keys.app, `/v1/tasks/${task}/explain`)).body),
    (await cli.run("explain", task)).out,
    await (await system.fetch(`/v1/tasks/${task}/events`, { headers: { authorization: `Bearer ${keys.app}` } })).text(),
    (await cli.run("subjects", "show", subject)).out,
    await everyTable(system),
    await everyObject(system),
  ].join("\n");
  for (const text of [canary, subject])
    for (const spelling of [text, Buffer.from(text).toString("hex"), Buffer.from(text).toString("base64").slice(0, -4)])
      expect(`${spelling} ${shown.includes(spelling)}`).toBe(`${spelling} false`);
});

it("consent that is withdrawn stops the next step", async () => {
  const subject = "customer:percy_1792";
  const opened = await system.call(keys.app, "/v1/intents", {
    body: {
      automation: "people",
      input: { text: "x", email: "p@example.com" },
      subjects: [subject],
      purpose: "service",
    },
  });
  const { task } = opened.body;
  await reached(task, "waiting");
  expect((await cli.run("subjects", "consent", subject, "service")).exit).toBe(0);
  const path = `/v1/subjects/${subject}/consents/service`;
  const withdrawn = await system.call(keys.app, path, { method: "PUT", body: { given: false } });
  expect(withdrawn.body).toEqual({
    purpose: "service",
    given: false,
    done: true,
    alreadyClaimed: [],
    more: false,
    incomplete: [],
  });
  const ended = await reached(task, "failed");
  expect(ended.steps[0].problem).toMatchObject({ code: "consent-withdrawn" });
  expect((await cli.run("subjects", "show", subject, "--json")).json.consents).toMatchObject([
    { purpose: "service", given: false, everywhere: true },
  ]);
});

it("the record verifies offline", async () => {
  await until(
    async () => (await system.call(keys.operator, "/v1/overview")).body.executors,
    (executors) => executors.every(({ head, delivered }: any) => head === delivered),
  );
  const verified = await cli.run("verify", "--json");
  expect(verified.json.checks.flatMap(({ findings }: any) => findings)).toEqual([]);
  expect(verified.exit).toBe(0);
  // What was erased is erased and not missing.
  expect(verified.json.counts.erased).toBe(1);
});
