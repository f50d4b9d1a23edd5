/**
 * What an automation did, counted from its runs. Pure: runs and the releases' own rules in, the report out. Lists of cases are bounded; the
 * counts beside them are not.
 */
import type { AutomationReport } from "../../shared/api/automation-report.ts";
import type { RunStep, RunView } from "../../shared/api/runs.ts";
import { LIMITS } from "../../shared/limits.ts";
import { inWords } from "./report-words.ts";

export type RuleWords = { readonly message: string | null; readonly when: string | null };
export type ReportSources = {
  readonly automation: string;
  readonly from: string;
  readonly to: string;
  readonly runs: readonly RunView[];
  /** Rules of the releases that the runs ran under, by `release rule`. */
  readonly rules: ReadonlyMap<string, RuleWords>;
  /** What each capability does, in its own words. */
  readonly summaries: ReadonlyMap<string, string>;
  readonly cut: boolean;
};
type Case = AutomationReport["inDoubt"][number];
type Done = { readonly run: RunView; readonly step: RunStep; readonly status: RunStep["status"] };

export function automationReport({
  automation,
  from,
  to,
  runs,
  rules,
  summaries,
  cut,
}: ReportSources): AutomationReport {
  const steps = runs.flatMap((run) =>
    run.steps.map((step): Done => ({ run, step, status: run.now[step.step] ?? step.status })),
  );
  const own = steps.filter(({ step }) => step.undoes === null);
  const reviews = steps.flatMap(({ step }) => step.reviews);
  const took = runs.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs]));
  const report: Omit<AutomationReport, "words"> = {
    automation,
    from,
    to,
    runs: {
      total: runs.length,
      byStatus: counted(runs.map(({ status }) => status)),
      medianMs: quantile(took, 0.5),
      p90Ms: quantile(took, 0.9),
    },
    triggers: counted(runs.map(({ trigger }) => trigger.kind)) as Record<string, number>,
    did: [...grouped(own, ({ step }) => step.capability)]
      .map(([capability, all]) => ({
        capability,
        summary: summaries.get(capability) ?? null,
        byStatus: counted(all.map(({ status }) => status)),
      }))
      .toSorted((a, b) => (a.capability < b.capability ? -1 : 1)),
    stopped: stoppedBy(own, rules),
    countersigned: {
      members: signers(reviews),
      expired: reviews.filter(({ outcome }) => outcome === "expired").length,
      waiting: reviews.filter(({ outcome }) => outcome === "waiting").length,
      medianMs: quantile(
        reviews.flatMap(({ tookMs, outcome }) => (tookMs === null || outcome === "expired" ? [] : [tookMs])),
        0.5,
      ),
    },
    undone: own
      .flatMap((done) => {
        const { run, step, status } = done;
        if (!isUndone(status)) return [];
        const by = run.later.find((event) => event.type === "undo-started" && event.step === step.step)?.by ?? null;
        return [{ ...caseOf(done), as: status, by }];
      })
      .slice(0, LIMITS.reportCases),
    inDoubt: steps
      .filter(({ status }) => status === "in_doubt")
      .map(caseOf)
      .slice(0, LIMITS.reportCases),
    failed: [
      ...grouped(
        steps.filter(({ status }) => status === "failed"),
        ({ step }) => step.errors.at(-1) ?? "unknown",
      ),
    ]
      .map(([code, all]) => ({ code, times: all.length, cases: all.slice(0, LIMITS.reportExamples).map(caseOf) }))
      .toSorted((a, b) => b.times - a.times),
    ended: endedOtherwise(runs),
    judged: judgedIn(runs),
    mismatched: steps
      .filter(({ step }) => step.observed?.verdict === "mismatched")
      .map(caseOf)
      .slice(0, LIMITS.reportCases),
    cost: {
      modelCalls: sum(runs.map((run) => run.modelCalls)),
      models: [...new Set(runs.flatMap(({ models }) => models))],
      inputTokens: sum(runs.map((run) => run.inputTokens)),
      outputTokens: sum(runs.map((run) => run.outputTokens)),
      costMicroCents: sum(runs.map((run) => run.costMicroCents)),
    },
    releases: [...grouped(runs, ({ release }) => release)].map(([release, all]) => ({ release, runs: all.length })),
    cut,
    countedFrom: cut ? (runs.at(-1)?.openedAt ?? from) : from,
  };
  return { ...report, words: inWords(report) };
}

/** A run says either which of its steps it failed with, or a word. */
function endedOtherwise(runs: readonly RunView[]): AutomationReport["ended"] {
  const others = runs.filter(
    ({ status, why, steps }) =>
      (status === "failed" || status === "expired") && why !== null && steps.every(({ step }) => step !== why),
  );
  return [...grouped(others, ({ why }) => why!)]
    .map(([why, all]) => ({
      why,
      times: all.length,
      tasks: all.slice(0, LIMITS.reportExamples).map(({ task }) => task),
    }))
    .toSorted((a, b) => b.times - a.times);
}

function judgedIn(runs: readonly RunView[]): AutomationReport["judged"] {
  const last = runs.flatMap(({ later }) => later.findLast(({ outcome }) => outcome !== undefined)?.outcome ?? []);
  const correct = last.filter((outcome) => outcome.correct).length;
  return { correct, incorrect: last.length - correct };
}

/** A step that several rules stopped counts under each. One that no rule allowed has none to name. */
function stoppedBy(own: readonly Done[], rules: ReportSources["rules"]): AutomationReport["stopped"] {
  const found = new Map<string, AutomationReport["stopped"][number]>();
  for (const done of own) {
    const { decision } = done.step;
    if (decision === null || (decision.answer !== "deny" && decision.answer !== "review")) continue;
    for (const rule of decision.rules.length === 0 ? [NO_RULE] : decision.rules) {
      const key = `${decision.answer} ${rule}`;
      const words = rules.get(`${done.run.release} ${rule}`);
      const entry = found.get(key) ?? {
        rule,
        answer: decision.answer,
        message: words?.message ?? (rule === NO_RULE ? "No rule allows this." : null),
        when: words?.when ?? null,
        times: 0,
        cases: [],
      };
      entry.times++;
      if (entry.cases.length < LIMITS.reportExamples) entry.cases.push(caseOf(done));
      found.set(key, entry);
    }
  }
  return [...found.values()].toSorted((a, b) => b.times - a.times || (a.rule < b.rule ? -1 : 1));
}

/** Stands for the policy's default. */
const NO_RULE = "(default)";

const UNDONE = ["reversed", "compensated", "undoing", "undo_in_doubt"] as const;
const isUndone = (status: string): status is (typeof UNDONE)[number] => (UNDONE as readonly string[]).includes(status);

const caseOf = ({ run, step }: Done): Case => ({
  task: run.task,
  step: step.step,
  capability: step.capability,
  at: step.endedAt ?? step.startedAt ?? run.openedAt,
  explain: `/v1/tasks/${run.task}/explain`,
});

function signers(reviews: readonly RunStep["reviews"][number][]): AutomationReport["countersigned"]["members"] {
  const signed = reviews.flatMap((review) => review.signed);
  return [...grouped(signed, ({ member }) => member)]
    .map(([member, all]) => ({
      member,
      approved: all.filter(({ decision }) => decision === "approve").length,
      rejected: all.filter(({ decision }) => decision === "reject").length,
    }))
    .toSorted((a, b) => b.approved + b.rejected - (a.approved + a.rejected));
}

function grouped<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

const counted = <K extends string>(values: readonly K[]): Partial<Record<K, number>> =>
  Object.fromEntries([...grouped(values, (value) => value)].map(([key, all]) => [key, all.length])) as Partial<
    Record<K, number>
  >;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The smallest value that this part of all are not above; null of none. */
function quantile(values: readonly number[], part: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null;
}
