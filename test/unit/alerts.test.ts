import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { alertsOf } from "../../shared/alerts/evaluate.ts";
import { ALERT_RULES, runbookOf } from "../../shared/alerts/rules.ts";
import { reportOf } from "../../shared/figures/report.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import type { Metrics } from "../../shared/api.ts";

const AT = 1_790_000_000_000;
const QUIET: Metrics["now"] = {
  inDoubt: { tasks: 0, oldestAt: null },
  reviews: { tasks: 0, oldestAt: null },
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
  alertsOf({ automations, now: { ...QUIET, ...now } }, AT).map(({ id }) => id);

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
  for (const { id } of ALERT_RULES) {
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
