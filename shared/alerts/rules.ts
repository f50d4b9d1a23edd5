/**
 * The shipped alert rules, as data: what is looked at, from which value on somebody should act, who owns it and which runbook says how.
 * Values are those of the figures of the last hour and of now.
 */
import * as z from "zod";
import type { AutomationMetrics, Metrics } from "../api/metrics.ts";

export type AlertRule = {
  readonly id: string;
  readonly title: string;
  readonly severity: "page" | "ticket";
  readonly owner: "operations" | "the automation's owner";
  /** Raised at this value and above it. */
  readonly raiseAt: number;
  readonly unit: "seconds" | "ratio" | "count";
  /** Below so many cases a ratio says nothing. */
  readonly cases?: number;
} & (
  | { readonly of: "system"; readonly value: (now: Metrics["now"], nowMs: number) => number }
  | {
      readonly of: "automation";
      readonly value: (figures: AutomationMetrics) => number | null;
      readonly counted: (figures: AutomationMetrics) => number;
    }
);

const age = (at: string | null, nowMs: number): number =>
  at === null ? 0 : Math.max(0, Math.round((nowMs - Date.parse(at)) / 1_000));
const sum = (counts: { readonly [word: string]: number }): number => Object.values(counts).reduce((a, b) => a + b, 0);
const most = (values: readonly number[]): number => Math.max(0, ...values);

const system = (
  id: string,
  title: string,
  severity: AlertRule["severity"],
  raiseAt: number,
  unit: AlertRule["unit"],
  value: (now: Metrics["now"], nowMs: number) => number,
): AlertRule => ({ id, title, severity, raiseAt, unit, of: "system", owner: "operations", value });

const automation = (
  id: string,
  title: string,
  raiseAt: number,
  cases: number,
  value: (figures: AutomationMetrics) => number | null,
  counted: (figures: AutomationMetrics) => number,
): AlertRule => ({
  id,
  title,
  severity: "ticket",
  raiseAt,
  cases,
  unit: "ratio",
  of: "automation",
  owner: "the automation's owner",
  value,
  counted,
});

export const ALERT_RULES: readonly AlertRule[] = [
  system("in-doubt", "An effect has been in doubt for long", "page", 1_800, "seconds", ({ inDoubt }, nowMs) =>
    age(inDoubt.oldestAt, nowMs),
  ),
  system("outbox-age", "Records do not reach the ledger", "page", 300, "seconds", ({ executors }, nowMs) =>
    most(executors.map(({ oldestUndeliveredAt }) => age(oldestUndeliveredAt, nowMs))),
  ),
  system("queue-age", "Work waits for its turn", "ticket", 900, "seconds", ({ executors, held, planning }, nowMs) =>
    most(
      [...executors.map(({ oldestDueAt }) => oldestDueAt), held.oldestAt, planning.oldestAt].map((at) =>
        age(at, nowMs),
      ),
    ),
  ),
  system("executor-alarm", "An executor has raised an alarm", "page", 1, "count", ({ executors }) =>
    executors.reduce((all, { alarms }) => all + alarms, 0),
  ),
  system("executor-silent", "An executor does not answer", "page", 1, "count", ({ silent }) => silent.length),
  system("ledger-down", "The ledger does not answer", "page", 1, "count", ({ ledger }) => (ledger === null ? 1 : 0)),
  system("stuck-tasks", "A task can only be helped by an operator", "ticket", 1, "count", ({ executors }) =>
    executors.reduce((all, { stuck }) => all + stuck, 0),
  ),
  system("dead-letters", "Messages that no consumer could process", "ticket", 1, "count", ({ executors }) =>
    executors.reduce((all, { deadLetters }) => all + deadLetters, 0),
  ),
  system("tool-changed", "A tool is not the one that was reviewed", "ticket", 1, "count", ({ executors }) =>
    executors.reduce((all, { quarantined }) => all + quarantined, 0),
  ),
  system("reviews-waiting", "A review has waited for long", "ticket", 4 * 3_600, "seconds", ({ reviews }, nowMs) =>
    age(reviews.oldestAt, nowMs),
  ),
  system("read-models", "Read models are behind or left entries out", "ticket", 1, "count", ({ ledger }) =>
    ledger === null ? 0 : ledger.quarantined + (ledger.lag > 5_000 ? 1 : 0),
  ),
  system("trace-export", "Traces do not reach their collector", "ticket", 1, "count", ({ traces }) =>
    traces === null ? 0 : (traces.failing === null ? 0 : 1) + traces.dropped.expired,
  ),
  automation(
    "task-failures",
    "Many tasks fail",
    0.2,
    10,
    ({ settled }) => ((settled["failed"] ?? 0) + (settled["expired"] ?? 0)) / sum(settled),
    ({ settled }) => sum(settled),
  ),
  automation(
    "retries",
    "Targets refuse and are tried again",
    0.5,
    10,
    ({ steps }) =>
      steps.reduce((all, step) => all + sum(step.retries), 0) / steps.reduce((all, step) => all + step.attempts, 0),
    ({ steps }) => steps.reduce((all, step) => all + step.attempts, 0),
  ),
  automation(
    "planning-stopped",
    "No model of the release could plan",
    0.2,
    5,
    ({ models, opened }) => (opened === 0 ? null : sum(models.planningStopped) / opened),
    ({ opened }) => opened,
  ),
  automation(
    "suggestions-rejected",
    "People reject much of what is suggested",
    0.5,
    10,
    ({ suggestions }) => (suggestions.acceptance === null ? null : 1 - suggestions.acceptance),
    ({ suggestions }) => suggestions.approved + suggestions.rejected,
  ),
  automation(
    "rollbacks",
    "Much of what was done is taken back",
    0.1,
    10,
    ({ rollback }) => rollback.rate,
    ({ steps }) => steps.reduce((all, { applied }) => all + (applied["write"] ?? 0), 0),
  ),
  automation(
    "mismatches",
    "What happened is not what was predicted",
    0.05,
    5,
    ({ predictions }) => predictions.mismatchRate,
    ({ predictions }) => predictions.matched + predictions.mismatched,
  ),
  automation(
    "wrong-decisions",
    "Decisions were wrong, as was reported later",
    0.1,
    5,
    ({ decisions }) => (decisions.accuracy === null ? null : 1 - decisions.accuracy),
    ({ decisions }) => decisions.correct + decisions.incorrect,
  ),
  automation(
    "sla-missed",
    "Tasks take longer than their target",
    0.1,
    10,
    ({ sla }) => (sla.adherence === null ? null : 1 - sla.adherence),
    ({ sla }) => sla.met + sla.missed,
  ),
];

/** Rules about one automation, which may set its own threshold. All of them are ratios. */
export const AUTOMATION_RULES = [
  "task-failures",
  "retries",
  "planning-stopped",
  "suggestions-rejected",
  "rollbacks",
  "mismatches",
  "wrong-decisions",
  "sla-missed",
] as const;
export const AlertThresholds = z.partialRecord(z.enum(AUTOMATION_RULES), z.number().gt(0).max(10));

export const runbookOf = (id: string): string => `docs/runbooks/${id}.md`;
