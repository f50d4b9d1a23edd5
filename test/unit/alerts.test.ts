import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alertsOf } from "../../shared/alerts/evaluate.ts";
import { evolveAlerts, told, type KeptAlert } from "../../shared/alerts/life.ts";
import { alertsOfRuns } from "../../shared/alerts/from-jobs.ts";
import { ALERT_RULES, AUTOMATION_RULES, runbookOf } from "../../shared/alerts/rules.ts";
import { reportOf } from "../../shared/figures/report.ts";
import { LIMITS } from "../../shared/limits.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import type { Metrics } from "../../shared/api.ts";

const AT = 1_790_000_000_000;
const QUIET: Metrics["now"] = {
  inDoubt: { tasks: 0, oldestAt: null },
  reviews: { tasks: 0, oldestAt: null },
  held: { tasks: 0, oldestAt: null },
  planning: { tasks: 0, oldestAt: null },
  waits: [],
  executors: [],
  silent: [],
  ledger: { size: 1, lag: 0, quarantined: 0 },
  traces: null,
};
const row = { automation: "mail", capability: "", region: "eu", label: "", total: 0 };
const settled = (succeeded: number, failed: number) =>
  reportOf(
    [
      { ...row, name: "settled", label: "succeeded", n: succeeded },
      { ...row, name: "settled", label: "failed", n: failed },
    ],
    1,
  );
const idsOf = (automations: ReturnType<typeof reportOf>, now: Partial<Metrics["now"]> = {}) =>
  alertsOf({ automations, now: { ...QUIET, ...now } }, AT).map(({ rule }) => rule);

it("a quiet system raises nothing, also one without a single task", () => {
  expect(idsOf([])).toEqual([]);
  expect(idsOf(settled(100, 1))).toEqual([]);
});

it("a rate is raised at its threshold, by automation, and never from a few cases", () => {
  expect(idsOf(settled(8, 2))).toEqual(["task-failures"]);
  expect(idsOf(settled(81, 19))).toEqual([]);
  expect(idsOf(settled(1, 8))).toEqual([]);
  const [alert] = alertsOf({ automations: settled(8, 2), now: QUIET }, AT);
  expect(alert).toMatchObject({
    automation: "mail",
    region: "eu",
    value: 0.2,
    runbook: "docs/runbooks/task-failures.md",
  });
});

it("work that waits for its turn is raised by its age, whatever it waits for", () => {
  const ago = (minutes: number) => new Date(AT - minutes * 60_000).toISOString();
  expect(idsOf([], { held: { tasks: 1, oldestAt: ago(14) } })).toEqual([]);
  expect(idsOf([], { held: { tasks: 1, oldestAt: ago(16) } })).toEqual(["queue-age"]);
  expect(idsOf([], { planning: { tasks: 1, oldestAt: ago(16) } })).toEqual(["queue-age"]);
});

it("rounds that nobody could plan, and suggestions that people reject, are raised for the automation", () => {
  const opened = { ...row, name: "opened", n: 10 } as const;
  const stopped = { ...row, name: "planningStopped", label: "budget-exceeded" } as const;
  expect(idsOf(reportOf([opened, { ...stopped, n: 1 }], 1))).toEqual([]);
  expect(idsOf(reportOf([opened, { ...stopped, n: 2 }], 1))).toEqual(["planning-stopped"]);
  const review = { ...row, name: "reviews", capability: "a.b" } as const;
  const decided = (rejected: number) =>
    idsOf(
      reportOf(
        [
          { ...review, label: "approved", n: 10 - rejected },
          { ...review, label: "rejected", n: rejected },
        ],
        1,
      ),
    );
  expect([decided(4), decided(5)]).toEqual([[], ["suggestions-rejected"]]);
});

it("what wakes somebody comes first", () => {
  const old = new Date(AT - 86_400_000).toISOString();
  const now = {
    inDoubt: { tasks: 1, oldestAt: old },
    reviews: { tasks: 1, oldestAt: old },
    ledger: null,
    silent: ["a/eu/0"],
  };
  expect(idsOf(settled(0, 20), now)).toEqual([
    "in-doubt",
    "executor-silent",
    "ledger-down",
    "reviews-waiting",
    "task-failures",
  ]);
});

it("each alert has a runbook that says how to look, stop the damage and repair", () => {
  for (const id of [...ALERT_RULES.map((rule) => rule.id), "quality-gate", "completeness", "samples-overdue"]) {
    expect(existsSync(inRoot(runbookOf(id))), id).toBe(true);
    const text = readFileSync(inRoot(runbookOf(id)), "utf8");
    for (const part of [
      "**Symptom.**",
      "**What it means.**",
      "## How to look",
      "## How to stop the damage",
      "## How to repair",
    ])
      expect(text, id).toContain(part);
    for (const [, linked] of text.matchAll(/\]\(([a-z-]+\.md)\)/g))
      expect(existsSync(inRoot("docs/runbooks", linked!))).toBe(true);
  }
});

it("what the jobs found is an alert: any comparison of the day, and the newest look at the sample", () => {
  const run = (job: string, found: number) => ({ job, found });
  expect(alertsOfRuns([run("samples", 0), run("completeness", 0), run("samples", 3)])).toEqual([]);
  const runs = [run("completeness", 0), run("samples", 2), run("completeness", 4), run("completeness", 1)];
  expect(alertsOfRuns(runs)).toMatchObject([
    { id: "completeness", severity: "page", value: 4 },
    { id: "samples-overdue", severity: "ticket", value: 2 },
  ]);
});

it("an automation sets its own threshold and answers for its alerts", () => {
  const settings = new Map([["mail", { owner: "post room", thresholds: { "task-failures": 0.5 } }]]);
  const found = (failed: number) =>
    alertsOf({ automations: settled(10 - failed, failed), now: QUIET }, AT, settings).map(({ rule, owner }) => [
      rule,
      owner,
    ]);
  expect(found(4)).toEqual([]);
  expect(found(5)).toEqual([["task-failures", "post room"]]);
  expect(ALERT_RULES.flatMap(({ of, id }) => (of === "automation" ? [id] : []))).toEqual([...AUTOMATION_RULES]);
});

describe("the life of an alert", () => {
  const [FOUND] = alertsOf({ automations: settled(8, 2), now: QUIET }, AT);
  /** One evaluation a minute; `x` is one with the alert, `.` one without. All that is to be told gets through, or fails. */
  function live(evaluations: string, error: string | null = null, tells = true) {
    let kept: KeptAlert[] = [];
    const sent: string[] = [];
    for (const [i, one] of [...evaluations].entries()) {
      const nowMs = AT + i * 60_000;
      kept = evolveAlerts(kept, one === "x" ? [FOUND!] : [], { nowMs, tells }).map((alert) => {
        if (alert.tell === null) return alert;
        sent.push(`${i}:${alert.tell.what}`);
        return told(alert, error, nowMs);
      });
    }
    return { kept, sent };
  }
  const states = (evaluations: string) => live(evaluations).kept.map(({ state }) => state);

  it("is raised by the second evaluation in a row, and cleared by the fifth without it", () => {
    expect([states("x"), states("x."), states("xx"), states("x.x")]).toEqual([
      ["pending"],
      [],
      ["raised"],
      ["pending"],
    ]);
    expect([states("xx...."), states("xx....x...."), states("xx.....")]).toEqual([["raised"], ["raised"], ["cleared"]]);
    expect(live("xx..x").kept[0]).toMatchObject({ firstSeenMs: AT, lastSeenMs: AT + 240_000, raisedMs: AT + 60_000 });
  });

  it("is told once when it is raised and once when it clears, however it flickers", () => {
    expect(live("xxxx..xx....x.....").sent).toEqual(["1:raised", "17:cleared"]);
    expect(live("xx.....xx").sent).toEqual(["1:raised", "6:cleared", "8:raised"]);
    expect(live("xxx", null, false).sent).toEqual([]);
  });

  it("what cannot be told is tried with every evaluation, and its clearing is not told", () => {
    const { kept, sent } = live("xxx.....", "no answer");
    expect(sent.map((one) => one.split(":")[1])).toEqual(Array(6).fill("raised"));
    expect(kept).toMatchObject([{ state: "cleared", tell: null, toldMs: null }]);
  });

  it("stays as it was while there are no figures, and leaves a day after it cleared", () => {
    const { kept } = live("xx");
    const only = new Set(["ledger-down"]);
    expect(evolveAlerts(kept, [], { nowMs: AT, tells: true, only })).toEqual(kept);
    const cleared = live("xx.....").kept;
    const after = (ms: number) => evolveAlerts(cleared, [], { nowMs: cleared[0]!.clearedMs! + ms, tells: true }).length;
    expect([after(LIMITS.alertClearedMs - 1), after(LIMITS.alertClearedMs)]).toEqual([1, 0]);
  });
});
