import { beforeAll, beforeEach, expect, it } from "vitest";
import { env } from "cloudflare:workers";
import type { Bindings } from "../../../intent-manager/bindings.ts";
import { runCron } from "../../../intent-manager/jobs/runs.ts";
import { ok } from "../../../shared/result.ts";
import { answerWith, as, calls, seedTenants, send } from "./world.ts";

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
