/** Figures counted from entries, and what people and Prometheus are told. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { figuresOf } from "../../../ledger/queries/figures.ts";
import { figuresProjector } from "../../../ledger/read-models/figures.ts";
import { Follower } from "../../../ledger/read-models/follower.ts";
import type { Metrics } from "../../../shared/api.ts";
import { ENTRY_TYPES } from "../../../shared/entry.ts";
import type { TaskEvent } from "../../../shared/events.ts";
import { boundOf } from "../../../shared/figures/names.ts";
import { toPrometheus } from "../../../shared/figures/prometheus.ts";
import { waitsByPlace, waitsOf } from "../../../shared/figures/waits.ts";
import type { ModelCall } from "../../../shared/model.ts";
import { reportOf } from "../../../shared/figures/report.ts";
import { applied, claimed, opened, settled, testTask } from "../../support/chain.ts";
import { openLedgerDatabase } from "../../support/sqlite-d1.ts";
import { plannedSteps, tracedTask } from "../../support/trace-task.ts";

const EXECUTOR = "acme/eu/0";
const AT = 1_790_000_000_000;
type Rounds = readonly (readonly TaskEvent[])[];

/** Entries with the records of tasks, so many records each, ten milliseconds apart. */
function entriesOf(tasks: readonly Rounds[], perEntry: number) {
  const entries: { index: number; body: string }[] = [];
  for (const [n, rounds] of tasks.entries())
    for (let from = 0; from < rounds.length; from += perEntry) {
      const records = rounds.slice(from, from + perEntry).map((events, i) => ({
        version: 1,
        executor: EXECUTOR,
        seq: from + i + 1,
        prev: "0".repeat(64),
        atMs: AT + 10 * (from + i),
        task: testTask(EXECUTOR, n),
        events,
      }));
      entries.push({
        index: entries.length,
        body: JSON.stringify({
          type: ENTRY_TYPES.task,
          subject: testTask(EXECUTOR, n),
          source: `/executors/${EXECUTOR}`,
          data: { records },
        }),
      });
    }
  return entries;
}

async function follow(entries: ReturnType<typeof entriesOf>, stepSize = 500) {
  const db = openLedgerDatabase();
  const follower = new Follower("acme", figuresProjector);
  const read = async (from: number, limit: number) => entries.slice(from, from + Math.min(limit, stepSize));
  while (await follower.step(db, read, AT));
  const rebuild = async () => {
    await follower.reset(db);
    while (await follower.step(db, read, AT));
  };
  return { db, rebuild, figures: () => figuresOf(db, "acme", null) };
}

const sla = (slaMs: number): TaskEvent => ({ ...opened(EXECUTOR), slaMs }) as TaskEvent;
const observed = (verdict: string) =>
  ({ type: "outcome-observed", step: "s1", action: "a", verdict }) as unknown as TaskEvent;
const reported = (correct: boolean, supersedes: { correct: boolean; atMs: number } | null): TaskEvent => ({
  type: "outcome-reported",
  automation: "refunds",
  capabilities: ["orders.s1"],
  correct,
  label: null,
  source: "audit",
  by: "key_app",
  occurredMs: null,
  note: null,
  supersedes,
});
const TASKS: readonly Rounds[] = [
  tracedTask(EXECUTOR, testTask(EXECUTOR, 0), AT),
  [
    [sla(15), plannedSteps(["s1"], AT)],
    [claimed("s1")],
    [{ ...applied("s1"), left: null } as TaskEvent, observed("matched")],
    [settled()],
  ],
  [[sla(60_000), plannedSteps(["s1"], AT)], [claimed("s1")], [applied("s1"), observed("mismatched")], [settled()]],
  [
    [opened(EXECUTOR), plannedSteps(["s1"], AT)],
    [{ type: "step-denied", step: "s1", rules: [], byDefault: true }],
    [settled("failed")],
    [reported(true, null)],
    [reported(false, { correct: true, atMs: AT + 30 })],
  ],
  [
    [opened(EXECUTOR), plannedSteps(["s1"], AT)],
    [{ ...tracedTask(EXECUTOR, testTask(EXECUTOR, 4), AT)[1]![0]!, step: "s1" } as TaskEvent],
  ],
];

const iso = (ms: number): string => new Date(ms).toISOString();
const call = (outcome: string) =>
  ({ startMs: AT, endMs: AT + 40, inputTokens: 10, outputTokens: 2, microCents: 100, outcome }) as ModelCall;
const part = (of: number): ModelCall => ({ ...call("ok"), shared: { call: "0123456789abcdef", part: of, of: 2 } });
const RECALLED = { tier: "small", model: "tiny-1", atMs: AT, microCents: 70 } as const;
const stopped: TaskEvent = {
  type: "planning-stopped",
  round: 1,
  code: "model-timeout",
  next: "person",
  calls: [call("model-timeout")],
};
/** Planned in the second attempt; held by a gate since the second commit; waits for a plan; has done a round and waits for the next. */
const PLANNED: readonly Rounds[] = [
  [[opened(EXECUTOR), stopped], [plannedSteps(["s1"], AT, [call("ok"), call("ok"), part(2)])], [settled("failed")]],
  [
    [opened(EXECUTOR), plannedSteps(["s1"], AT)],
    [{ type: "step-held", step: "s1", code: "rate-exceeded", holds: 1 } as unknown as TaskEvent],
    [{ type: "step-held", step: "s1", code: "rate-exceeded", holds: 2 } as unknown as TaskEvent],
  ],
  [[opened(EXECUTOR)]],
  [[opened(EXECUTOR), plannedSteps(["s1"], AT, [], RECALLED)]],
  [[opened(EXECUTOR), { ...plannedSteps(["s1"], AT), last: false } as TaskEvent], [claimed("s1")], [applied("s1")]],
];

describe("figures", () => {
  it("come out of the entries: latency, retries, errors, doubts, people, acceptance, undos, predictions and targets", async () => {
    const { figures } = await follow(entriesOf(TASKS, 100));
    const { rows, open } = await figures();
    const [report, ...others] = reportOf(rows, 24);
    expect(others).toEqual([]);
    expect(report).toMatchObject({
      automation: "refunds",
      region: "eu",
      opened: 5,
      settled: { succeeded: 3, failed: 1 },
      people: { tasks: 1, frequency: 0.25, timeToIntervention: { count: 1, meanMs: 50, p50Ms: 50 } },
      suggestions: { approved: 1, rejected: 0, acceptance: 1 },
      rollback: { compensations: 0, reversals: 1, rate: 0.2 },
      predictions: { matched: 1, mismatched: 1, mismatchRate: 0.5 },
      sla: { met: 1, missed: 1, adherence: 0.5 },
      decisions: { correct: 0, incorrect: 1, accuracy: 0 },
      costMicroCents: 0,
    });
    const step = (capability: string) => report!.steps.find((one) => one.capability === capability)!;
    expect(step("orders.cancel")).toMatchObject({
      attempts: 2,
      retries: { "target-unavailable": 1 },
      latency: { count: 2, meanMs: 10, p99Ms: 10 },
      undos: { reversal: 1 },
    });
    expect(step("orders.refund")).toMatchObject({ held: { "rate-exceeded": 1 }, reviews: { approved: 1 } });
    expect(step("orders.ship")).toMatchObject({ inDoubt: 1, inDoubtFor: { count: 1, meanMs: 20 } });
    expect(step("orders.s1")).toMatchObject({ errors: { "policy-denied": 1 }, applied: { read: 1, write: 1 } });
    expect(step("orders.refund")).toMatchObject({ timeToIntervention: { count: 1 }, acceptance: 1 });
    expect(step("orders.cancel")).toMatchObject({ rollbackRate: 1, overrides: 0 });
    expect(open).toEqual([{ what: "review", automation: "refunds", region: "eu", count: 1, oldestMs: AT + 10 }]);
  });

  it("of models are those of every call, used or not, and of the rounds that nobody could plan", async () => {
    const { rows } = await (await follow(entriesOf(PLANNED, 1))).figures();
    expect(reportOf(rows, 1)[0]).toMatchObject({
      models: {
        calls: { count: 3, meanMs: 40, p95Ms: 50 },
        errors: { "model-timeout": 1 },
        inputTokens: 40,
        outputTokens: 8,
        planningStopped: { "model-timeout": 1 },
        recalled: 1,
        recalledSavedMicroCents: 70,
      },
      costMicroCents: 400,
      costPerTaskMicroCents: 400,
    });
  });

  it("of now say what waits for a gate and what for a planner, since when, by automation and region", async () => {
    const { open } = await (await follow(entriesOf(PLANNED, 1))).figures();
    expect(waitsByPlace(open)).toEqual([
      {
        automation: "refunds",
        region: "eu",
        inDoubt: { tasks: 0, oldestAt: null },
        reviews: { tasks: 0, oldestAt: null },
        held: { tasks: 1, oldestAt: iso(AT + 10) },
        planning: { tasks: 2, oldestAt: iso(AT) },
      },
    ]);
    expect(waitsOf(open).planning).toEqual({ tasks: 2, oldestAt: iso(AT) });
  });

  it("are the same however the entries are cut and however many are taken at a time, and built again", async () => {
    const whole = await follow(entriesOf(TASKS, 100));
    const wanted = await whole.figures();
    for (const [perEntry, stepSize] of [
      [1, 500],
      [1, 1],
      [3, 2],
    ] as const) {
      const { figures, rebuild } = await follow(entriesOf(TASKS, perEntry), stepSize);
      expect(await figures()).toEqual(wanted);
      await rebuild();
      expect(await figures()).toEqual(wanted);
    }
  });

  it("of a window are those whose ten minutes lie in it, and add up to those of all time", async () => {
    const { db, figures } = await follow(entriesOf(TASKS, 100));
    expect((await figuresOf(db, "acme", AT - 600_000)).rows).toEqual((await figures()).rows);
    expect((await figuresOf(db, "acme", AT + 600_000)).rows).toEqual([]);
  });

  it("of reported outcomes only grow: what was taken back is counted apart", async () => {
    const rows = (await (await follow(entriesOf(TASKS, 1))).figures()).rows.filter(({ name }) => name === "decisions");
    expect(rows.map(({ label, n }) => [label, n])).toEqual([
      ["correct", 1],
      ["correct-superseded", 1],
      ["incorrect", 1],
    ]);
  });

  it("remember nothing of a task that is over, and what is open of the others", async () => {
    const { db } = await follow(entriesOf(TASKS, 100));
    const { results } = await db
      .prepare("SELECT task FROM rm_flow WHERE tenant = ?")
      .bind("acme")
      .all<{ task: string }>();
    expect(results.map(({ task }) => task)).toEqual([testTask(EXECUTOR, 4)]);
  });

  it("put a duration under the bound that it does not pass", () => {
    expect([0, 10, 11, 604_800_000, 604_800_001].map(boundOf)).toEqual(["10", "10", "50", "604800000", "over"]);
  });
});

const NOTHING = { tasks: 0, oldestAt: null };
const WAITS = {
  inDoubt: { tasks: 1, oldestAt: new Date(AT - 60_000).toISOString() },
  reviews: NOTHING,
  held: NOTHING,
  planning: NOTHING,
};
const NOW: Metrics["now"] = {
  ...WAITS,
  waits: [{ automation: "mail", region: "us", ...WAITS }],
  executors: [
    {
      executor: EXECUTOR,
      open: 3,
      waiting: 1,
      undelivered: 2,
      oldestUndeliveredAt: new Date(AT - 5_000).toISOString(),
      oldestDueAt: new Date(AT - 2_000).toISOString(),
      alarms: 0,
      stuck: 0,
      deadLetters: 0,
      quarantined: 0,
    },
  ],
  silent: [],
  ledger: { size: 12, lag: 0, quarantined: 0 },
  traces: null,
};
/** Debian's promtool, where it is. */
const PROMTOOL = ["/tmp/countersign-promtool/usr/bin/promtool", "/usr/bin/promtool"].find((file) => existsSync(file));

describe("the text for Prometheus", () => {
  const text = async () => toPrometheus((await (await follow(entriesOf(TASKS, 100))).figures()).rows, NOW, AT);

  it("has counters, cumulative histograms in seconds and gauges, each family once", async () => {
    const lines = (await text()).split("\n");
    const types = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]);
    expect(new Set(types).size).toBe(types.length);
    expect(lines).toContain('countersign_tasks_settled_total{automation="refunds",region="eu",status="succeeded"} 3');
    expect(lines).toContain('countersign_in_doubt_oldest_seconds{automation="mail",region="us"} 60');
    expect(lines).toContain('countersign_in_doubt_oldest_seconds{automation="refunds",region="eu"} 0');
    expect(lines).toContain('countersign_due_oldest_seconds{executor="acme/eu/0"} 2');
    expect(lines).toContain('countersign_outbox_oldest_seconds{executor="acme/eu/0"} 5');
    const buckets = lines.filter((line) => line.startsWith("countersign_task_cycle_seconds_bucket"));
    const counts = buckets.map((line) => Number(line.split(" ").at(-1)));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(buckets.at(-1)).toContain('le="+Inf"} 4');
  });

  it("escapes what a label holds", () => {
    const row = {
      name: "opened",
      automation: 'a"\\\n',
      capability: "",
      region: "eu",
      label: "",
      n: 1,
      total: 0,
    } as const;
    expect(toPrometheus([row], NOW, AT)).toContain('{automation="a\\"\\\\\\n",region="eu"} 1');
  });

  it.skipIf(PROMTOOL === undefined)("is accepted by promtool", async () => {
    const { status, stdout, stderr } = spawnSync(PROMTOOL!, ["check", "metrics"], {
      input: await text(),
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`.trim()).toBe("");
    expect(status).toBe(0);
  });
});
