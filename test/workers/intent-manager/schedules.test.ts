import { beforeAll, expect, it } from "vitest";
import { JOBS } from "../../../intent-manager/jobs/jobs.ts";
import { problem } from "../../../shared/problems.ts";
import { err } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import { bundleOf, release } from "./release.ts";
import { accepts, acme, answerWith, bindings, calls, seedTenants } from "./world.ts";

const HOUR = 3_600_000;
const NOON = Date.parse("2026-11-23T12:00:00Z");
const tenant = { id: "acme", regions: acme.regions, shards: acme.shards, rootKey: {} as never };
const run = (nowMs: number, reached: number | null) =>
  JOBS.schedules.run({ env: bindings, tenant, nowMs: () => nowMs, reached, resume: null, by: "cron" });
const opened = () => calls.filter(({ method }) => method === "submit").map(({ args }) => args[0] as SubmitCommand);
const hourly = (more: object = {}) => ({
  id: "hourly",
  cron: "0 * * * *",
  timeZone: "UTC",
  input: { customer: { $cel: "schedule.time" }, email: "a@example.org" },
  ...more,
});

beforeAll(async () => {
  await seedTenants();
  await release(bundleOf("digest", { triggers: [hourly({ catchUp: 2 })] }));
});

it("a due minute is one task, however often the job runs and whatever release is in force", async () => {
  answerWith({ submit: accepts });
  expect(await run(NOON + 5_000, NOON - 60_000)).toMatchObject({ looked: 1, found: 0, error: null, reached: NOON });
  await run(NOON + 5_000, NOON - 60_000);
  await run(NOON + 65_000, NOON);
  await release(bundleOf("digest", { summary: "Another.", triggers: [hourly({ catchUp: 2 })] }), 2);
  await run(NOON + 70_000, NOON - 60_000);
  const commands = opened();
  expect([commands.length, new Set(commands.map(({ task }) => task)).size]).toEqual([3, 1]);
  expect(commands[0]).toMatchObject({
    principal: { key: "cron", role: "app", member: null },
    trigger: { kind: "cron-trigger", id: "hourly/2026-11-23T12:00Z" },
    input: { value: { customer: "12:00", email: "a@example.org" } },
  });
});

it("what an outage missed is made up for as declared, and the rest is named", async () => {
  answerWith({ submit: accepts });
  const answer = await run(NOON + 30 * 60_000, NOON - 5 * HOUR);
  expect(answer).toMatchObject({ found: 5, repaired: 2, named: ["digest/hourly: 3 missed"], error: null });
  expect(opened().map(({ input }) => input.value["customer"])).toEqual(["11:00", "12:00"]);
});

it("a run that may pass is tried again; one that is refused for good is named", async () => {
  answerWith({ submit: async () => err(problem("overloaded", "As scripted.")) });
  const shed = await run(NOON, NOON - 60_000);
  expect(shed).toMatchObject({ error: "overloaded", reached: NOON - 60_000 });
  answerWith({ submit: async () => err(problem("stopped", "As scripted.")) });
  expect(await run(NOON + 60_000, shed.reached)).toMatchObject({
    error: null,
    found: 1,
    named: ["digest/hourly 2026-11-23T12:00:00.000Z: stopped"],
    reached: NOON + 60_000,
  });
});
