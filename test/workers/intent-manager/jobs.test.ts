import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { jobAlerts } from "../../../intent-manager/alerts/from-jobs.ts";
import { tellNotices } from "../../../intent-manager/alerts/notices.ts";
import { evaluateAlerts } from "../../../intent-manager/alerts/run.ts";
import type { Bindings } from "../../../intent-manager/bindings.ts";
import { compare } from "../../../intent-manager/jobs/compare.ts";
import type { JobRun } from "../../../intent-manager/jobs/jobs.ts";
import { runCron } from "../../../intent-manager/jobs/runs.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { acme, answerWith, as, bindings, calls, ledger, script, seedTenants, send } from "./world.ts";

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
    "schedules",
    "memory",
    "alerts",
    "notices",
    "samples",
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

describe("the comparison with the log", () => {
  const HOUR_MS = 3_600_000;
  const row = (action: string, task: string) => ({ action, task, step: "s", status: "applied", atMs: 5 });
  const known = (action: string, task: string, region: string) => ({ action, task, step: "s", region });
  /** Regions with rows of their own, one of them unknown to the log; a page of rows takes 15 seconds. */
  function world(rowsIn: { readonly [region: string]: number }) {
    const recorded: { region: string; effects: number; extra: number; whole: boolean }[] = [];
    let now = 100 * HOUR_MS;
    const nameOf = (i: number) => `act_${String(i).padStart(5, "0")}`;
    const state = { silent: "", pending: false };
    const executor = (name: string) => ({
      witness: async () => ok({ executor: name, head: { seq: 1 }, delivered: state.pending ? 0 : 1 }),
      recordCompleteness: async (found: (typeof recorded)[number]) => {
        recorded.push(found);
        return ok(null);
      },
    });
    const env = {
      REGIONAL_EXECUTOR: { getByName: executor },
      EXECUTORS: {
        effects: async ({ region, after, limit }: { region: string; after: string; limit: number }) => {
          if (region === state.silent) return err(problem("not-running", "Silent."));
          now += 15_000;
          const all = Array.from({ length: rowsIn[region]! }, (_, i) =>
            row(nameOf(i), `tsk_${region}_0_${"a".repeat(26)}`),
          );
          return ok(all.filter(({ action }) => action > after).slice(0, limit));
        },
        effectsOf: async () => ok([]),
      },
      LEDGER: {
        health: async () => ok({ size: 9, projections: [{ name: "runs", cursor: 9 }] }),
        actionsOf: async (_: string, tasks: readonly string[]) =>
          ok({
            actions: tasks.flatMap((of) => {
              const region = of.split("_")[1]!;
              return Array.from({ length: rowsIn[region]! - 1 }, (_, i) => known(nameOf(i), of, region));
            }),
          }),
        actionsOpened: async () => ok({ actions: [], next: null }),
      },
    } as unknown as Bindings;
    const tenant = { id: "acme", regions: Object.keys(rowsIn), shards: 1, rootKey: {} as never };
    let left: JobRun | null = null;
    const run = async (): Promise<JobRun> => {
      now += HOUR_MS;
      // As it is kept between two runs.
      const resume = JSON.parse(JSON.stringify(left?.resume ?? null)) as unknown;
      left = await compare({ env, tenant, nowMs: () => now, reached: left?.reached ?? null, resume, by: "cron" });
      return left;
    };
    return { run, recorded, state };
  }

  it("goes on inside a day that does not fit into its time, and ends with what one comparison would have found", async () => {
    const rows = LIMITS.completenessPage * 3 + 1;
    const { run, recorded } = world({ eu: rows, us: 1 });
    const first = await run();
    expect(first).toMatchObject({ looked: 1_000, found: 0, error: null, reached: null });
    expect(first.resume).toMatchObject({ region: "eu", tries: 0, progress: { phase: "extra", effects: 1_000 } });
    const second = await run();
    expect(second).toMatchObject({ looked: 501, found: 1, error: null, reached: null });
    const third = await run();
    expect(third).toMatchObject({ looked: 1, found: 2, error: null, resume: null });
    expect(third.reached).toBe(first.resume!.toMs);
    expect(third.named).toEqual(["eu: act_01500 is not in the log", "us: act_00000 is not in the log"]);
    expect(recorded).toMatchObject([
      { region: "eu", effects: rows, extra: 1, whole: true },
      { region: "us", effects: 1, extra: 1, whole: true },
    ]);
  });

  it("leaves a region that stays silent or behind after three tries, says so, and compares the others", async () => {
    const { run, recorded, state } = world({ eu: 1, us: 1 });
    state.silent = "eu";
    expect([(await run()).reached, (await run()).resume]).toMatchObject([null, { tries: 2 }]);
    const given = await run();
    expect(given).toMatchObject({ error: "not-running", resume: null, found: 1 });
    expect(given.named[0]).toBe("eu: does not answer; left after 3 tries");
    expect([given.reached === null, recorded.map(({ region }) => region)]).toEqual([false, ["us"]]);

    const late = world({ eu: 1 });
    late.state.pending = true;
    expect(await late.run()).toMatchObject({ error: "not-running", reached: null, resume: { tries: 1 } });
    late.state.pending = false;
    expect(await late.run()).toMatchObject({ error: null, found: 1, resume: null });
  });
});

it("a comparison that could not end is kept where people look, and the timers between the hours go on with it", async () => {
  answerWith({ witness: async () => ok({ executor: "acme/eu/0", ...WITNESS }) as never });
  Object.assign(ledger, {
    health: async () => ok({ size: 1, projections: [{ name: "runs", cursor: 1, lag: 0, quarantined: 0 }] }),
    actionsOpened: async () => ok({ actions: [], next: null }),
  });
  const { EXECUTORS } = bindings as unknown as { EXECUTORS: { effects: () => Promise<unknown> } };
  const answers = EXECUTORS.effects;
  EXECUTORS.effects = async () => err(problem("overloaded", "Not now."));
  const first = (await send(as("operator"), "/v1/jobs/completeness/run", { body: {} })).body;
  expect(first).toMatchObject({ error: "not-running", reached: null, left: { region: "eu", compared: 0, tries: 1 } });
  EXECUTORS.effects = answers;
  script.recordCompleteness = async () => ok(null) as never;
  await runCron(bindings, "*/5 * * * *");
  const [run] = (await send(as("auditor"), "/v1/jobs")).body.jobs[3].runs;
  expect(run).toMatchObject({ error: null, left: null, reached: first.left.to });
  await runCron(bindings, "*/5 * * * *");
  expect((await send(as("auditor"), "/v1/jobs")).body.jobs[3].runs).toHaveLength(2);
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

it("a sampled action that nobody judged in time is named by the job until somebody does", async () => {
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const samples = [
    { automation: "moves", task: "tsk_late", step: "move", dueAt: at(-1_000) },
    { automation: "moves", task: "tsk_early", step: "move", dueAt: at(60_000) },
  ];
  answerWith({ owed: async () => ok(samples) as never } as never);
  const { body } = await send(as("operator"), "/v1/jobs/samples/run", { body: {} });
  expect(body).toMatchObject({ looked: 16, found: 8, repaired: 0, error: null });
  expect(new Set(body.named)).toEqual(new Set(["moves: tsk_late move is to be judged"]));
  expect(await jobAlerts(env as never, "acme", Date.now())).toMatchObject([
    { rule: "samples-overdue", value: 8, runbook: "docs/runbooks/samples-overdue.md" },
  ]);
  answerWith({ owed: async () => ok([]) as never } as never);
  await send(as("operator"), "/v1/jobs/samples/run", { body: {} });
  expect(await jobAlerts(env as never, "acme", Date.now())).toEqual([]);
});

it("a notice is told once, with the time to take the action back and no value of the task", async () => {
  const told: { headers: Headers; body: string }[] = [];
  const noted: unknown[] = [];
  let status = 503;
  const receive = (async (_url: string, init: { headers: HeadersInit; body: string }) => {
    told.push({ headers: new Headers(init.headers), body: init.body });
    return new Response(null, { status });
  }) as unknown as typeof fetch;
  const notice = {
    task: "tsk_eu_0_x",
    step: "move",
    automation: "watched",
    release: "sha256:0",
    capability: "orders.move",
    at: new Date(0).toISOString(),
    dueAt: new Date(60_000).toISOString(),
    rate: null,
    label: null,
    rules: ["tier-2"],
    input: { secret: "s3cret" },
    args: {},
    result: null,
  };
  const done = { ...notice, step: "done", toldAt: new Date(1).toISOString() };
  answerWith({
    owed: async () => ok(noted.length === 0 ? [{ ...notice, toldAt: null }, done] : [done]) as never,
    noticed: async (steps: unknown) => {
      noted.push(steps);
      return ok(null) as never;
    },
  } as never);
  const tenant = { id: "acme", regions: ["eu"], shards: 1, rootKey: {} as never };
  const where = { ALERT_WEBHOOK_URL: "https://on-call.example/x", ALERT_WEBHOOK_SECRET: "whsec_YSBzZWNyZXQ=" };
  const tell = () => tellNotices({ ...bindings, ...where }, tenant, Date.now(), receive);
  expect(await tellNotices(bindings, tenant, Date.now(), receive)).toMatchObject({ due: 0 });
  expect(await tell()).toEqual({ due: 1, sent: 0, failed: ["tsk_eu_0_x move: status 503"] });
  status = 204;
  expect([await tell(), await tell()]).toEqual([
    { due: 1, sent: 1, failed: [] },
    { due: 0, sent: 0, failed: [] },
  ]);
  expect([noted, told.length]).toEqual([[[{ task: "tsk_eu_0_x", step: "move" }]], 2]);
  expect(told[0]!.headers.get("webhook-id")).toBe(told[1]!.headers.get("webhook-id"));
  expect(JSON.parse(told[1]!.body)).toMatchObject({ type: "action.notice", data: { reversibleUntil: notice.dueAt } });
  expect(told[1]!.body).not.toContain("s3cret");
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
