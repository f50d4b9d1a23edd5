/**
 * How sure the decisions of an automation were, against what came out: from reviews, from the audit sample and from reported outcomes, counted from
 * its runs. Pure: runs in, tables out, one for each release and for whoever decided.
 */
import type { CalibrationTable } from "../../shared/api/calibration.ts";
import type { RunStep, RunView } from "../../shared/api/runs.ts";
import {
  calibrationError,
  errorOf,
  reliability,
  suggestThreshold,
  suggestWorth,
  type Evidence,
} from "../../shared/calibration/reliability.ts";
import { SAMPLE_UNIT } from "../../shared/sampling.ts";

type By = CalibrationTable["by"];
/** Of a release: the exact name of its small model; null where it has none. */
export type SmallModels = ReadonlyMap<string, string | null>;
type Decided = { readonly by: By; readonly value: number | null };
type Found = {
  readonly release: string;
  readonly by: By;
  readonly evidence: Evidence[];
  readonly reviewed: { answers: number; right: number };
  readonly sampled: { answers: number; right: number; standFor: number; waiting: number };
  readonly reported: { answers: number; right: number };
};

export function calibrationTables(
  runs: readonly RunView[],
  smallModels: SmallModels,
  wantedError: number,
): CalibrationTable[] {
  const tables = new Map<string, Found>();
  for (const run of runs) {
    const touched = new Set<Found>();
    for (const step of run.steps) {
      if (step.undoes !== null) continue;
      const decided = whoDecided(run, step, smallModels);
      if (decided === null) continue;
      const found = tableOf(tables, run.release, decided.by);
      touched.add(found);
      count(found, step, decided.value);
    }
    // One word of a source stands; where sources differ, one that says wrong weighs.
    const words = Object.values(run.reported);
    if (words.length > 0)
      for (const { reported } of touched) {
        reported.answers++;
        if (words.every((correct) => correct)) reported.right++;
      }
  }
  return [...tables.values()]
    .map((found) => viewOf(found, wantedError))
    .toSorted((a, b) => (a.release === b.release ? (a.by < b.by ? -1 : 1) : a.release < b.release ? -1 : 1));
}

function count(found: Found, { reviews, sampled, judged }: RunStep, value: number | null): void {
  const evidence = (right: boolean, weight: number) => {
    if (value !== null) found.evidence.push({ value, right, weight });
  };
  const outcome = reviews.at(-1)?.outcome;
  if (outcome === "approved" || outcome === "rejected") {
    found.reviewed.answers++;
    if (outcome === "approved") found.reviewed.right++;
    evidence(outcome === "approved", 1);
  }
  if (sampled === null) return;
  if (judged === null) {
    found.sampled.waiting++;
    return;
  }
  const weight = SAMPLE_UNIT / sampled.rate;
  found.sampled.answers++;
  found.sampled.standFor += weight;
  if (judged.correct) found.sampled.right++;
  evidence(judged.correct, weight);
}

function whoDecided({ plans, release }: RunView, step: RunStep, smallModels: SmallModels): Decided | null {
  const plan = plans.find(({ round }) => round === step.round);
  if (plan === undefined) return null;
  if (plan.classified !== null) {
    const { by, confidence, claimed } = plan.classified;
    return { by, value: by === "local" ? confidence : claimed };
  }
  if (plan.planner === "playbook") return { by: "playbook", value: 1 };
  if (plan.planner === "agent") return { by: "agent", value: step.claimed };
  return { by: plan.agent === smallModels.get(release) ? "small" : "large", value: step.claimed };
}

function tableOf(tables: Map<string, Found>, release: string, by: By): Found {
  const key = `${release} ${by}`;
  let found = tables.get(key);
  if (found === undefined)
    tables.set(
      key,
      (found = {
        release,
        by,
        evidence: [],
        reviewed: { answers: 0, right: 0 },
        sampled: { answers: 0, right: 0, standFor: 0, waiting: 0 },
        reported: { answers: 0, right: 0 },
      }),
    );
  return found;
}

function viewOf({ evidence, ...found }: Found, wantedError: number): CalibrationTable {
  const isClaim = found.by !== "local" && found.by !== "playbook";
  const bins = reliability(evidence);
  return {
    ...found,
    value: isClaim ? "claim" : "confidence",
    error: evidence.length === 0 ? null : errorOf(evidence),
    bins,
    calibrationError: calibrationError(bins),
    threshold: suggestThreshold(evidence, wantedError),
    worth: isClaim ? suggestWorth(evidence) : null,
  };
}
