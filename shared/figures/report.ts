/** Stored figures as a report: by automation and region, and below them by capability. Pure. */
import type { AutomationMetrics, Durations, StepMetrics } from "../api/metrics.ts";
import { DURATION_BOUNDS_MS, type FigureName, type FigureRow } from "./names.ts";

/** The report of a window. @param hours its length */
export function reportOf(rows: readonly FigureRow[], hours: number): AutomationMetrics[] {
  return groups(rows, ({ automation, region }) => `${automation} ${region}`).map((own) => automationOf(own, hours));
}

function automationOf(rows: readonly FigureRow[], hours: number): AutomationMetrics {
  const { automation, region } = rows[0]!;
  const count = (name: FigureName) => words(rows, name);
  const settled = count("settled");
  const ended = sum(settled);
  const writes = count("applied")["write"] ?? 0;
  const reviews = count("reviews");
  const undos = count("undos");
  const predictions = count("predictions");
  const sla = count("sla");
  const of = (counts: { readonly [word: string]: number }, word: string) => counts[word] ?? 0;
  const [approved, rejected, expired] = ["approved", "rejected", "expired"].map((word) => of(reviews, word));
  const [compensations, reversals] = [of(undos, "compensation"), of(undos, "reversal")];
  const [matched, mismatched] = [of(predictions, "matched"), of(predictions, "mismatched")];
  const [met, missed] = [of(sla, "met"), of(sla, "missed")];
  const people = sum(count("people"));
  const overrides = sum(count("overrides"));
  return {
    automation,
    region,
    opened: sum(count("opened")),
    settled,
    throughputPerHour: hours === 0 ? 0 : Math.round((ended / hours) * 1_000) / 1_000,
    cycle: durations(rows, "cycle"),
    people: { tasks: people, frequency: ratio(people, ended), timeToIntervention: durations(rows, "intervention") },
    suggestions: {
      approved: approved!,
      rejected: rejected!,
      expired: expired!,
      acceptance: ratio(approved!, approved! + rejected!),
    },
    rollback: { compensations, reversals, rate: ratio(compensations + reversals, writes) },
    overrides: { count: overrides, rate: ratio(overrides, ended) },
    predictions: {
      matched,
      mismatched,
      unobserved: of(predictions, "unobserved"),
      mismatchRate: ratio(mismatched, matched + mismatched),
    },
    decisions: decisionsOf(count("decisions")),
    sla: { met, missed, adherence: ratio(met, met + missed) },
    costMicroCents: rows.filter(({ name }) => name === "cost").reduce((all, { total }) => all + total, 0),
    steps: groups(
      rows.filter(({ capability }) => capability !== ""),
      ({ capability }) => capability,
    ).map(stepOf),
  };
}

/** Of the words that stand, those that say it was right. */
function decisionsOf(words: { readonly [word: string]: number }): AutomationMetrics["decisions"] {
  const standing = (verdict: string): number => (words[verdict] ?? 0) - (words[`${verdict}-superseded`] ?? 0);
  const [correct, incorrect] = [standing("correct"), standing("incorrect")];
  return { correct, incorrect, accuracy: ratio(correct, correct + incorrect) };
}

const stepOf = (rows: readonly FigureRow[]): StepMetrics => ({
  capability: rows[0]!.capability,
  latency: durations(rows, "step"),
  attempts: sum(words(rows, "attempts")),
  applied: words(rows, "applied"),
  retries: words(rows, "retries"),
  errors: words(rows, "errors"),
  held: words(rows, "held"),
  inDoubt: sum(words(rows, "doubts")),
  inDoubtFor: durations(rows, "doubt"),
  reviews: words(rows, "reviews"),
  predictions: words(rows, "predictions"),
  undos: words(rows, "undos"),
  decisions: decisionsOf(words(rows, "decisionsOf")),
});

/** Label → how many. */
function words(rows: readonly FigureRow[], name: FigureName): { [word: string]: number } {
  const counts: { [word: string]: number } = {};
  for (const row of rows) if (row.name === name) counts[row.label] = (counts[row.label] ?? 0) + row.n;
  return counts;
}
const sum = (counts: { readonly [word: string]: number }): number => Object.values(counts).reduce((a, b) => a + b, 0);
const ratio = (part: number, of: number): number | null =>
  of === 0 ? null : Math.round((part / of) * 10_000) / 10_000;

export function durations(rows: readonly FigureRow[], name: FigureName): Durations {
  const own = rows.filter((row) => row.name === name);
  const count = own.reduce((all, { n }) => all + n, 0);
  if (count === 0) return { count, meanMs: null, p50Ms: null, p95Ms: null, p99Ms: null };
  const byBound = words(own, name);
  const quantile = (part: number): number => {
    let seen = 0;
    for (const bound of DURATION_BOUNDS_MS) {
      seen += byBound[bound] ?? 0;
      if (seen >= part * count) return bound;
    }
    // Beyond the last bound nothing finer is known.
    return DURATION_BOUNDS_MS.at(-1)!;
  };
  const total = own.reduce((all, row) => all + row.total, 0);
  return {
    count,
    meanMs: Math.round(total / count),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
  };
}

function groups(rows: readonly FigureRow[], keyOf: (row: FigureRow) => string): FigureRow[][] {
  const byKey = new Map<string, FigureRow[]>();
  for (const row of rows) {
    const group = byKey.get(keyOf(row));
    if (group === undefined) byKey.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
