import { beforeAll, beforeEach, expect, it } from "vitest";
import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { evaluateAlerts } from "../../../intent-manager/alerts/run.ts";
import type { Bindings } from "../../../intent-manager/bindings.ts";
import { runCron } from "../../../intent-manager/jobs/runs.ts";
import { ok } from "../../../shared/result.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { acme, answerWith, as, bindings, calls, ledger, seedTenants, send } from "./world.ts";

beforeAll(seedTenants);
beforeEach(() => answerWith({}));

const NOTHING = { records: 0, timers: 0, reviews: 0 };
const answering = (before: object, after: object, stuck: readonly object[] = []) =>
  answerWith({
    reconcile: async () =>
      ok({ executor: "acme/eu/0", before: { ...NOTHING, ...before }, after: { ...NOTHING, ...after }, stuck }) as never,
  });

it("a run asks every executor, counts what it set right, names the rest, and is kept where people look", async () => {
  answering({ records: 5 }, { records: 2 });
  const { status, body } = await send(as("operator"), "/v1/jobs/outboxes/run", { body: {} });
  expect([status, calls.length]).toEqual([200, 8]);
  expect(body).toMatchObject({ looked: 8, found: 40, repaired: 24, error: null });
  expect(body.named[0]).toBe("acme/eu/0: 2");
  const { jobs } = (await send(as("auditor"), "/v1/jobs")).body;
  expect(jobs.map(({ name }: { name: string }) => name)).toEqual([
    "outboxes",
    "reviews",
    "stuck-tasks",
    "completeness",
    "alerts",
  ]);
  expect(jobs[0].runs[0]).toEqual(body);
});

it("a task that nobody can go on with is found and named, and never counts as repaired", async () => {
  answering({ timers: 1 }, {}, [{ task: "tsk_1", why: "record-unreadable", at: new Date().toISOString() }]);
  const { body } = await send(as("admin"), "/v1/jobs/stuck-tasks/run", { body: {} });
  expect([body.found, body.repaired, body.named[0]]).toEqual([16, 8, "tsk_1 (record-unreadable)"]);
});

it("an executor that does not answer makes the run incomplete", async () => {
  answerWith({
    reconcile: async () => {
      throw new Error("gone");
    },
  } as never);
  const { body } = await send(as("admin"), "/v1/jobs/reviews/run", { body: {} });
  expect([body.looked, body.error]).toEqual([0, "not-running"]);
  expect(body.named).toHaveLength(8);
});

it("no app and no agent runs a job, and no other job exists", async () => {
  for (const role of ["app", "agent", "approver", "auditor"] as const)
    expect((await send(as(role), "/v1/jobs/outboxes/run", { body: {} })).body.code).toBe("forbidden");
  expect((await send(as("admin"), "/v1/jobs/delete-everything/run", { body: {} })).status).not.toBe(200);
});

it("a cron expression that no job has runs nothing", async () => {
  await runCron(env as unknown as Bindings, "0 0 1 1 *");
  expect(calls).toEqual([]);
});

it("an alert is raised, told once under a signature, acknowledged, and cleared when it is over", async () => {
  const key = Buffer.from("a secret of this test only");
  const told: { headers: Headers; body: string }[] = [];
  let status = 503;
  const receive = (async (_url: string, init: { headers: HeadersInit; body: string }) => {
    told.push({ headers: new Headers(init.headers), body: init.body });
    return new Response(null, { status });
  }) as unknown as typeof fetch;
  const where = {
    ALERT_WEBHOOK_URL: "https://on-call.example/x",
    ALERT_WEBHOOK_SECRET: `whsec_${key.toString("base64")}`,
  };
  const tenant = { id: "acme", regions: acme.regions, shards: acme.shards, rootKey: {} as never };
  const start = Date.now() - 10 * 60_000;
  const evaluate = (n: number) => evaluateAlerts({ ...bindings, ...where }, tenant, start + n * 60_000, receive);
  const listed = async () => (await send(as("auditor"), "/v1/alerts")).body.alerts;

  expect((await send(as("auditor"), "/v1/alerts")).body).toMatchObject({ at: null, stale: true, alerts: [] });
  // The ledger does not answer: there are no figures.
  await evaluate(0);
  expect((await evaluate(0)).counted).toBe(false);
  expect([told.length, (await listed())[0].state]).toEqual([0, "pending"]);
  await evaluate(1);
  expect((await listed())[0]).toMatchObject({
    id: "ledger-down",
    state: "raised",
    owner: "operations",
    runbook: "docs/runbooks/ledger-down.md",
    notification: { state: "waiting", error: "status 503" },
  });
  status = 204;
  await evaluate(2);
  await evaluate(3);
  expect(told.map(({ headers }) => headers.get("webhook-id"))).toEqual(
    Array(2).fill(told[0]!.headers.get("webhook-id")),
  );
  const { headers, body } = told[1]!;
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  expect(headers.get("webhook-signature")).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  expect([body === told[0]!.body, JSON.parse(body).type]).toEqual([true, "alert.raised"]);

  const acknowledge = (role: "auditor" | "operator", id = "ledger-down") =>
    send(as(role), `/v1/alerts/${id}/acknowledge`, { body: {} });
  expect([(await acknowledge("auditor")).status, (await acknowledge("operator", "retries:a:eu")).status]).toEqual([
    403, 404,
  ]);
  expect((await acknowledge("operator")).body).toMatchObject({ acknowledged: { by: expect.any(String) } });

  answerWith({ witness: async () => ok({ executor: "acme/eu/0", ...WITNESS }) as never });
  Object.assign(ledger, {
    figures: async () => ok({ rows: [], open: [], cut: false }),
    health: async () => ok({ size: 1, root: "", executors: [], projections: [], traces: null }),
  });
  for (let n = 4; n < 4 + LIMITS.alertClearAfter; n++) await evaluate(n);
  expect((await listed())[0]).toMatchObject({ state: "cleared", notification: { state: "told" } });
  expect(told.map((one) => JSON.parse(one.body).type)).toEqual(["alert.raised", "alert.raised", "alert.cleared"]);
});

const WITNESS = {
  head: { seq: 1, hash: "" },
  delivered: 1,
  undeliveredSince: null,
  checkpoint: null,
  alarms: [],
  tasks: { open: 0, waiting: 0 },
  deadLetters: { count: 0, newest: [] },
  stuck: [],
  quarantined: [],
  stops: [],
};
