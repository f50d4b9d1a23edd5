/** A stored run as it is read: the closed record, what came later, and what that made of its steps. */
import type { RunModelUse, RunStep, RunView } from "../../shared/api/runs.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { StepDecision, TaskStatus } from "../../shared/events.ts";
import { parseExecutorName } from "../../shared/ids.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import type { ModelUse } from "../read-models/model-use.ts";
import { foldRun, type LaterEvent, type RunRecord } from "../read-models/run-record.ts";
import type { RunStepRecord } from "../read-models/run-steps.ts";

/** Columns of a row of rm_runs. */
export type RunRow = {
  readonly task: string;
  readonly status: string;
  readonly openedMs: number;
  readonly endedMs: number | null;
  readonly firstIdx: number;
  readonly lastIdx: number;
  readonly record: string;
  readonly later: string;
};
export const RUN_COLUMNS =
  "r.task, r.status, r.opened_ms AS openedMs, r.ended_ms AS endedMs, r.first_idx AS firstIdx, r.last_idx AS lastIdx, r.record, r.later";

const STRICTEST = ["deny", "review", "notify", "allow"] as const;

/** The steps of a run as they are now: those of its record, with what came later folded over them. */
export const stepsNow = (row: Pick<RunRow, "task" | "record" | "later">): RunRecord["steps"] => runNow(row).steps;

function runNow(row: Pick<RunRow, "task" | "record" | "later">): RunRecord {
  const run = JSON.parse(row.record) as RunRecord;
  for (const { event, atMs } of JSON.parse(row.later) as readonly LaterEvent[])
    if (event.type !== "plan-admitted" && event.type !== "task-opened") foldRun(run, row.task, event, atMs);
  return run;
}

export function runView(row: RunRow): RunView {
  const run = JSON.parse(row.record) as RunRecord;
  const later = JSON.parse(row.later) as readonly LaterEvent[];
  const steps = Object.entries(run.steps);
  const route = parseExecutorName(run.executor)!;
  const uses = [...run.plans.flatMap(({ model }) => (model === undefined ? [] : [model])), ...(run.stopped ?? [])];
  const standing = later.length === 0 ? run : runNow(row);
  const now = standing.steps;
  return {
    task: row.task,
    automation: run.automation,
    release: run.release,
    status: row.status as TaskStatus,
    why: run.why,
    routing: { region: route.region, shard: route.shard, executor: run.executor },
    principal: run.principal,
    // Whoever asked over HTTP and named nothing else is what set it off.
    trigger: run.trigger ?? { kind: "key", id: run.principal.key },
    purpose: run.purpose,
    traceparent: run.traceparent,
    input: run.input,
    output: outputOf(steps),
    decision: {
      answer: strictest(steps.flatMap(([, { decision }]) => (decision === null ? [] : [decision.answer]))),
      rules: [...new Set(steps.flatMap(([, { decision }]) => decision?.rules ?? []))],
    },
    plans: run.plans.map(({ atMs, model, classified, recalled, memory = [], ...plan }) => ({
      ...plan,
      classified: classified ?? null,
      at: iso(atMs),
      memory: memory.map(({ atMs: writtenMs, ...shown }) => ({ ...shown, at: iso(writtenMs) })),
      model: model?.model ?? recalled?.model ?? null,
      ...(recalled === undefined ? {} : { recalled: { at: iso(recalled.atMs), savedMicroCents: recalled.microCents } }),
      used: model === undefined ? null : usedView([model]),
    })),
    model: uses.at(-1)?.model ?? null,
    ...usedView(uses),
    steps: steps.map(([step, record]) => stepView(step, record, now[step]?.judged)),
    reported: standing.reported ?? {},
    retries: steps.reduce((sum, [, { retries }]) => sum + retries, 0),
    errors: [...new Set(steps.flatMap(([, { errors }]) => errors))],
    cancelledBy: run.cancelledBy,
    openedAt: iso(row.openedMs),
    endedAt: isoOrNull(row.endedMs),
    durationMs: row.endedMs === null ? null : row.endedMs - row.openedMs,
    deadlineAt: iso(run.deadlineMs),
    record: { firstIndex: row.firstIdx, endIndex: run.endIdx, lastIndex: row.lastIdx },
    later: later.map(({ idx, atMs, event }) => ({
      at: iso(atMs),
      index: idx,
      type: event.type,
      step: "step" in event ? event.step : null,
      by: byWhom(event),
      ...(event.type === "outcome-reported" ? { outcome: { correct: event.correct, label: event.label } } : {}),
    })),
    now: Object.fromEntries(
      Object.entries(now).flatMap(([step, { status }]) => (run.steps[step]?.status === status ? [] : [[step, status]])),
    ),
  };
}

const stepView = (step: string, record: RunStepRecord, judged: RunStepRecord["judged"]): RunStep => ({
  step,
  round: record.round,
  action: record.action,
  capability: record.capability,
  status: record.status,
  undoes: record.undoes?.step ?? null,
  why: record.why,
  decision:
    record.decision === null
      ? null
      : { ...record.decision, rules: [...record.decision.rules], errors: [...record.decision.errors] },
  args: record.args,
  result: record.result,
  tags: [...record.tags],
  reviews: record.reviews.map(({ review, requestedMs, endedMs, outcome, signed }) => ({
    review,
    requestedAt: iso(requestedMs),
    endedAt: isoOrNull(endedMs),
    tookMs: endedMs === null ? null : endedMs - requestedMs,
    outcome,
    signed: signed.map(({ member, roles, decision, atMs }) => ({ member, roles: [...roles], decision, at: iso(atMs) })),
  })),
  claimed: record.claimed ?? null,
  sampled: record.sampled ?? null,
  judged: judged ?? null,
  attempts: record.attempts,
  retries: record.retries,
  holds: record.holds,
  asked: record.asked,
  errors: record.errors,
  resolved: record.resolved,
  observed: record.observed === null ? null : { ...record.observed, fields: [...record.observed.fields] },
  startedAt: isoOrNull(record.startedMs),
  endedAt: isoOrNull(record.endedMs),
  durationMs: record.startedMs === null || record.endedMs === null ? null : record.endedMs - record.startedMs,
});

function outputOf(steps: readonly [string, RunStepRecord][]): string | null {
  const results = steps.flatMap(([step, { result }]) => (result === null ? [] : [[step, result]]));
  return results.length === 0 ? null : `sha256:${sha256Hex(canonicalize(results))}`;
}

const strictest = (answers: readonly StepDecision["answer"][]): StepDecision["answer"] | null =>
  STRICTEST.find((answer) => answers.includes(answer)) ?? null;

function byWhom(event: LaterEvent["event"]): string | null {
  if (event.type === "outcome-reported") return event.source;
  if ("member" in event && typeof event.member === "string") return event.member;
  return "by" in event && typeof event.by === "string" && event.by !== "" ? event.by : null;
}

export const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

const usedView = (uses: readonly ModelUse[]): RunModelUse => {
  const sum = (of: (use: ModelUse) => number): number => uses.reduce((total, use) => total + of(use), 0);
  return {
    models: [...new Set(uses.flatMap(({ models }) => models))],
    modelCalls: sum(({ calls }) => calls),
    modelCallsShared: sum(({ shared }) => shared),
    modelCallsReserved: sum(({ reserved }) => reserved),
    modelMs: sum(({ ms }) => ms),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    costMicroCents: sum(({ microCents }) => microCents),
  };
};
