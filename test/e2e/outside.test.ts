/**
 * Effects on outside systems through the public interface, under crashes: a real payment provider that keeps idempotency keys, a real courier
 * that keeps none. Every executor object is aborted before, during or after the first request of each effect. Every secret of the run is then
 * looked for in everything that the run has written or said.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { bundleCrashingExecutors } from "../support/crashing-executors.ts";
import { startEffectServer, type EffectServer } from "../support/effect-server.ts";
import { release } from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { until } from "./people.ts";
import { download } from "./record.ts";
import { everyObject, everyTable } from "./stored.ts";

const CANARIES = {
  clientSecret: "canary-oauth-client-secret-4d1f",
  token: "canary-access-token-90ab",
  courierKey: "canary-courier-key-77e2",
  hook: "/hooks/canary-hook-address-2f6a",
  hookSecret: `whsec_${Buffer.from("canary-webhook-secret-of-the-run").toString("base64")}`,
  channel: "/services/canary-channel-address-b41d",
};
let server: EffectServer;
let system: Countersign;
let keys: Countersign["tenants"][string]["apiKeys"];
/** Everything that the public Worker answered. */
const answered: string[] = [];

beforeAll(async () => {
  server = await startEffectServer({ needsToken: true, token: CANARIES.token });
  system = await startCountersign({
    vars: {
      "countersign-executors": {
        HTTP_TARGETS: JSON.stringify({
          development: true,
          origins: { payments: server.origin, courier: server.origin, webhook: server.origin, slack: server.origin },
        }),
      },
    },
    credentials: {
      payments: {
        kind: "oauth",
        capability: "payments.refund",
        tokenUrl: `${server.origin}/oauth/token`,
        clientId: "countersign",
        client: { by: "secret", secret: CANARIES.clientSecret },
      },
      courier: { kind: "header", capability: "pickups.book", header: "x-api-key", value: CANARIES.courierKey },
      webhook: {
        kind: "webhook",
        capability: "notify.webhook",
        secret: CANARIES.hookSecret,
        url: `${server.origin}${CANARIES.hook}`,
      },
      slack: { kind: "url", capability: "notify.slack", url: `${server.origin}${CANARIES.channel}` },
    },
    prebuilt: { "countersign-executors": await bundleCrashingExecutors() },
  });
  const dev = system.tenants["dev"]!;
  keys = dev.apiKeys;
  const client = createClient({ baseUrl: system.url, key: keys.operator, fetch: (to, init) => fetch(to, init) });
  for (const [name, capability, args] of [
    ["refunds", "payments.refund", ["chargeId", "amountCents"]],
    ["pickups", "pickups.book", ["orderId", "day"]],
    ["hooks", "notify.webhook", ["type", "subject", "message"]],
    ["posts", "notify.slack", ["text"]],
  ] as const) {
    const { text, digest, compiled } = release(contracts, automation(name, capability, args));
    await publishOne(client, dev, { name, bundle: compiled.bundle, text, digest, advice: [] });
  }
});
afterAll(async () => {
  await system?.stop();
  await server?.close();
});

const automation = (name: string, capability: string, args: readonly string[]): Partial<ReleaseBundle> => ({
  automation: name,
  input: {
    type: "object",
    additionalProperties: false,
    required: [...args],
    properties: Object.fromEntries(
      args.map((arg) => [arg, { type: arg === "amountCents" ? "integer" : "string", "x-origin": "principal" }]),
    ),
  },
  playbook: {
    version: 1,
    steps: [
      { id: "act", capability, args: Object.fromEntries(args.map((arg) => [arg, { $cel: `intent.input.${arg}` }])) },
    ],
  },
  policy: { default: "deny", rules: [{ id: "all", when: `capability.name == "${capability}"`, then: "allow" }] },
});
const call: Countersign["call"] = async (...request) => {
  const answer = await system.call(...request);
  answered.push(JSON.stringify([...answer.headers]), JSON.stringify(answer.body));
  return answer;
};
const open = async (name: string, input: object): Promise<string> => {
  const { body } = await call(keys.app, "/v1/intents", { body: { automation: name, input } });
  return body.task;
};
const step = async (task: string) => (await call(keys.app, `/v1/tasks/${task}`)).body.steps?.[0];
const reached = (task: string, ...statuses: readonly string[]) =>
  until(
    () => step(task),
    (view) => statuses.includes(view?.status),
  );
const windows = async () =>
  (await (await system.harness.getWorker("countersign-executors").fetch("/crashes")).json()) as Record<string, number>;

it("each refund happens once at a provider that keeps keys, wherever the executor dies and the connection breaks", async () => {
  server.plan("none", "cut-after", "500-after", "cut-before");
  const charges = Array.from({ length: 4 }, (_, i) => `ch_0000000${i}`);
  const tasks = await Promise.all(charges.map((chargeId) => open("refunds", { chargeId, amountCents: 100 })));
  for (const task of tasks) await reached(task, "applied");
  expect([...server.effects().values()]).toEqual(charges.map(() => 1));
  // Effects of one object share its crashes.
  const { before, during, after } = await windows();
  expect(before! + during! + after!).toBeGreaterThanOrEqual(2);
});

it("each pickup happens at most once at a courier that keeps none, and every one whose answer is lost is shown in doubt", async () => {
  const effectsBefore = server.effects().size;
  const crashesBefore = await windows();
  // One after another: each is aborted in a window of its own, in turn before, during and after its request.
  for (let i = 0; i < 3; i++)
    await reached(await open("pickups", { orderId: `#W000000${i}`, day: "2026-12-01" }), "in_doubt");
  const crashes = await windows();
  for (const window of ["before", "during", "after"]) expect(crashes[window]! - crashesBefore[window]!).toBe(1);
  const pickups = [...server.effects()].slice(effectsBefore);
  expect(pickups.every(([, count]) => count === 1)).toBe(true);
  expect([1, 2]).toContain(pickups.length);
  expect(server.seen().filter(({ path }) => path === "/pickups").length).toBe(pickups.length);
});

it("no secret of the run stands in any log, row, record, answer or page", async () => {
  server.plan(...Array.from({ length: 20 }, () => "echo" as const));
  for (let i = 0; i < 2; i++) {
    await reached(await open("refunds", { chargeId: `ch_9999999${i}`, amountCents: 1 }), "failed", "in_doubt");
  }
  // The server knows neither address: both are refused, or in doubt after the crash.
  await reached(await open("hooks", { type: "a.b", subject: "s", message: "m" }), "failed", "in_doubt");
  await reached(await open("posts", { text: "t" }), "failed", "in_doubt");
  await reached(await open("posts", { text: "u" }), "failed", "in_doubt");
  for (const path of ["/", "/healthz", "/v1/overview", "/v1/reviews", "/v1/nothing", "/problems/effect-refused"])
    await call(keys.operator, path);
  await call("cs_app_wrong", "/v1/overview");
  const { entries, checkpoint } = await download(system);
  const surfaces: { readonly [name: string]: string } = {
    logs: system
      .logs()
      .map(({ message }) => message)
      .join("\n"),
    answers: answered.join("\n"),
    ledger: [...entries, checkpoint].join("\n"),
    databases: await everyTable(system),
    objects: await everyObject(system),
  };
  const { proposalKey, receiptKey, checkpointKey, taskIdSecret } = system.workerKeys;
  const people = system.tenants["dev"]!;
  const secrets = {
    ...CANARIES,
    basic: Buffer.from(`countersign:${CANARIES.clientSecret}`).toString("base64"),
    ...Object.fromEntries(
      [proposalKey, receiptKey, checkpointKey, people.rootKey, people.approver.key].map(({ d }, i) => [`key ${i}`, d]),
    ),
    taskIdSecret,
    ...people.apiKeys,
  };
  // They were in use: the outside systems saw them.
  const seen = JSON.stringify(server.seen());
  for (const used of [CANARIES.token, CANARIES.courierKey, secrets.basic, CANARIES.hook, CANARIES.channel])
    expect(seen.includes(used)).toBe(true);
  // And the surfaces are no empty ones.
  expect(
    [surfaces["ledger"], surfaces["databases"], surfaces["objects"]].every((text) => text!.includes("refunds")),
  ).toBe(true);
  for (const [surface, text] of Object.entries(surfaces))
    for (const [name, secret] of Object.entries(secrets))
      expect(
        `${name} in ${surface}: ${text.includes(secret) || text.includes(Buffer.from(secret).toString("base64url"))}`,
      ).toBe(`${name} in ${surface}: false`);
});
