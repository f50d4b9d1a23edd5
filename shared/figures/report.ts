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
  const costMicroCents = total(rows, "cost");
  return {
    automation,
    region,
    opened: sum(count("opened")),
    settled,
    throughputPerHour: perHour(ended, hours),
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
    models: {
      calls: durations(rows, "modelCall"),
      errors: count("modelErrors"),
      inputTokens: total(rows, "modelTokens", "in"),
      outputTokens: total(rows, "modelTokens", "out"),
      recalled: sum(count("recalled")),
      recalledSavedMicroCents: total(rows, "recalledSaved"),
      planningStopped: count("planningStopped"),
    },
    costMicroCents,
    costPerTaskMicroCents: ended === 0 ? null : Math.round(costMicroCents / ended),
    steps: groups(
      rows.filter(({ capability }) => capability !== ""),
      ({ capability }) => capability,
    ).map((own) => stepOf(own, hours)),
  };
}

/** Of the words that stand, those that say it was right. */
function decisionsOf(words: { readonly [word: string]: number }): AutomationMetrics["decisions"] {
  const standing = (verdict: string): number => (words[verdict] ?? 0) - (words[`${verdict}-superseded`] ?? 0);
  const [correct, incorrect] = [standing("correct"), standing("incorrect")];
  return { correct, incorrect, accuracy: ratio(correct, correct + incorrect) };
}

function stepOf(rows: readonly FigureRow[], hours: number): StepMetrics {
  const applied = words(rows, "applied");
  const errors = words(rows, "errors");
  const reviews = words(rows, "reviews");
  const undos = words(rows, "undos");
  const overrides = sum(words(rows, "overrides"));
  const approved = reviews["approved"] ?? 0;
  return {
    capability: rows[0]!.capability,
    throughputPerHour: perHour(sum(applied), hours),
    latency: durations(rows, "step"),
    attempts: sum(words(rows, "attempts")),
    applied,
    retries: words(rows, "retries"),
    errors,
    held: words(rows, "held"),
    inDoubt: sum(words(rows, "doubts")),
    inDoubtFor: durations(rows, "doubt"),
    reviews,
    timeToIntervention: durations(rows, "intervention"),
    acceptance: ratio(approved, approved + (reviews["rejected"] ?? 0)),
    rollbackRate: ratio(sum(undos), applied["write"] ?? 0),
    overrides,
    overrideRate: ratio(overrides, sum(applied) + sum(errors)),
    predictions: words(rows, "predictions"),
    undos,
    decisions: decisionsOf(words(rows, "decisionsOf")),
  };
}

const perHour = (n: number, hours: number): number => (hours === 0 ? 0 : Math.round((n / hours) * 1_000) / 1_000);

const total = (rows: readonly FigureRow[], name: FigureName, label?: string): number =>
  rows.reduce((all, row) => all + (row.name === name && (label ?? row.label) === row.label ? row.total : 0), 0);

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
