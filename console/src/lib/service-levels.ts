/** The figures of an automation in a region as an operator reads them: what each is, what stands behind it, and which rule watches it. Pure. */
import type { AutomationMetrics, Durations, StepMetrics } from "../../../shared/api/metrics.ts";
import { count, percent, shortDuration } from "./format.ts";

export type Level = {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  /** The alert rule that looks at it, where there is one. */
  readonly rule: string | null;
};
type Counts = { readonly [word: string]: number };

const sum = (counts: Counts): number => Object.values(counts).reduce((a, b) => a + b, 0);
const share = (ratio: number | null): string => (ratio === null ? "–" : percent(ratio));
/** Quantiles are upper bounds of their buckets. */
const within = (ms: number | null): string => (ms === null ? "–" : `≤ ${shortDuration(ms)}`);
const level = (name: string, value: string, note: string, rule: string | null = null): Level => ({
  name,
  value,
  note,
  rule,
});
const listed = (parts: readonly (readonly [n: number, word: string])[], none: string): string =>
  parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${count(n)} ${word}`)
    .join(", ") || none;

/** What stands in the table. */
export function mainLevels(one: AutomationMetrics): readonly Level[] {
  const { settled, cycle, sla, people, rollback } = one;
  const ended = sum(settled);
  const [failed = 0, expired = 0] = [settled["failed"], settled["expired"]];
  return [
    level("Ended", count(ended), `of ${count(one.opened)} opened`),
    level(
      "Failed",
      ended === 0 ? "–" : percent((failed + expired) / ended),
      listed(
        [
          [failed, "failed"],
          [expired, "expired"],
        ],
        ended === 0 ? "" : "none",
      ),
      "task-failures",
    ),
    level("Took", within(cycle.p50Ms), cycle.p95Ms === null ? "" : `95 % ${within(cycle.p95Ms)}`),
    level(
      "In time",
      share(sla.adherence),
      sla.adherence === null ? "no target" : sla.missed === 0 ? "none late" : `${count(sla.missed)} late`,
      "sla-missed",
    ),
    level(
      "Needed a person",
      share(people.frequency),
      people.timeToIntervention.p50Ms === null ? "" : `who came in ${within(people.timeToIntervention.p50Ms)}`,
    ),
    level(
      "Taken back",
      share(rollback.rate),
      listed(
        [
          [rollback.reversals, "reversed"],
          [rollback.compensations, "compensated"],
        ],
        rollback.rate === null ? "" : "none",
      ),
      "rollbacks",
    ),
  ];
}

/** What stands below a row that is opened. */
export function moreLevels(one: AutomationMetrics): readonly Level[] {
  const { suggestions, overrides, predictions, decisions, cycle, steps } = one;
  const attempts = steps.reduce((all, step) => all + step.attempts, 0);
  const retries = steps.reduce((all, step) => all + sum(step.retries), 0);
  return [
    level("Ended an hour", String(one.throughputPerHour), ""),
    level("99 % took", within(cycle.p99Ms), cycle.meanMs === null ? "" : `on average ${shortDuration(cycle.meanMs)}`),
    level(
      "Suggestions approved",
      share(suggestions.acceptance),
      listed(
        [
          [suggestions.approved, "approved"],
          [suggestions.rejected, "rejected"],
          [suggestions.expired, "expired"],
        ],
        "none asked",
      ),
    ),
    level("Overridden by people", share(overrides.rate), listed([[overrides.count, "overridden"]], "none")),
    level(
      "Not as predicted",
      share(predictions.mismatchRate),
      listed(
        [
          [predictions.matched, "matched"],
          [predictions.mismatched, "differed"],
          [predictions.unobserved, "not compared"],
        ],
        "nothing predicted",
      ),
      "mismatches",
    ),
    level(
      "Decided right",
      share(decisions.accuracy),
      listed(
        [
          [decisions.correct, "right"],
          [decisions.incorrect, "wrong"],
        ],
        "nothing reported",
      ),
      "wrong-decisions",
    ),
    level(
      "Retried",
      attempts === 0 ? "–" : percent(retries / attempts),
      attempts === 0 ? "" : `${count(retries)} of ${count(attempts)} attempts`,
      "retries",
    ),
    level(
      "Model calls cost",
      (one.costMicroCents / 100_000_000).toFixed(one.costMicroCents > 0 && one.costMicroCents < 1_000_000 ? 4 : 2),
      "in the provider's currency",
    ),
  ];
}

/** The columns of the table of capabilities. */
export const STEP_COLUMNS = [
  "Applied",
  "Half took",
  "95 % took",
  "Retried",
  "Errors",
  "Held back",
  "In doubt",
] as const;

/** One row of it. */
export function stepCells(step: StepMetrics): readonly string[] {
  const quantiles = ({ p50Ms, p95Ms }: Durations) => [within(p50Ms), within(p95Ms)];
  return [
    `${count(sum(step.applied))} of ${count(step.attempts)}`,
    ...quantiles(step.latency),
    worded(step.retries),
    worded(step.errors),
    worded(step.held),
    step.inDoubt === 0
      ? "–"
      : `${count(step.inDoubt)}${step.inDoubtFor.p95Ms === null ? "" : `, ${within(step.inDoubtFor.p95Ms)}`}`,
  ];
}

/** `4 target-unavailable, 1 effect-refused`. */
const worded = (counts: Counts): string =>
  Object.entries(counts)
    .filter(([, n]) => n > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, n]) => `${count(n)} ${word}`)
    .join(", ") || "–";

/** Those with an alert first, then the busiest. @param alarmed `AUTOMATION:REGION` with an alert */
export const ranked = (all: readonly AutomationMetrics[], alarmed: ReadonlySet<string>): readonly AutomationMetrics[] =>
  all.toSorted(
    (a, b) =>
      Number(alarmed.has(rowKey(b))) - Number(alarmed.has(rowKey(a))) ||
      b.opened - a.opened ||
      rowKey(a).localeCompare(rowKey(b)),
  );

export const rowKey = ({ automation, region }: { readonly automation: string; readonly region: string }): string =>
  `${automation}:${region}`;
