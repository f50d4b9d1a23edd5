/**
 * Runs as CSV (RFC 4180), one line each, for spreadsheets. A cell that a spreadsheet would take for a formula begins with an apostrophe:
 * much of a record was named by somebody else.
 */
import { stringify } from "csv-stringify/sync";
import type { RunView } from "../../shared/api/runs.ts";

type Cell = string | number | null;

const COLUMNS: { readonly [column: string]: (run: RunView) => Cell } = {
  task: (run) => run.task,
  automation: (run) => run.automation,
  release: (run) => run.release,
  status: (run) => run.status,
  why: (run) => run.why,
  region: ({ routing }) => routing.region,
  shard: ({ routing }) => routing.shard,
  executor: ({ routing }) => routing.executor,
  asked_by: ({ principal }) => principal.member ?? principal.key,
  asked_with_key: ({ principal }) => principal.key,
  asked_as: ({ principal }) => principal.role,
  trigger: ({ trigger }) => `${trigger.kind}:${trigger.id}`,
  purpose: (run) => run.purpose,
  input: (run) => run.input,
  output: (run) => run.output,
  answer: ({ decision }) => decision.answer,
  rules: ({ decision }) => list(decision.rules),
  planner: ({ plans }) => list(plans.map(({ planner }) => planner)),
  agent: ({ plans }) => list(plans.map(({ agent }) => agent)),
  model: (run) => run.model,
  models: ({ models }) => list(models),
  model_calls: (run) => run.modelCalls,
  model_calls_shared: (run) => run.modelCallsShared,
  model_calls_reserved: (run) => run.modelCallsReserved,
  model_ms: (run) => run.modelMs,
  input_tokens: (run) => run.inputTokens,
  output_tokens: (run) => run.outputTokens,
  cost_micro_cents: (run) => run.costMicroCents,
  steps: ({ steps }) => list(steps.map(({ step, capability, status }) => `${step}=${capability}:${status}`)),
  results: ({ steps }) => list(steps.flatMap(({ step, result }) => (result === null ? [] : [`${step}=${result}`]))),
  countersigned_by: ({ steps }) => list(steps.flatMap(approversOf)),
  review_ms: ({ steps }) => steps.flatMap(({ reviews }) => reviews).reduce((sum, { tookMs }) => sum + (tookMs ?? 0), 0),
  retries: (run) => run.retries,
  errors: ({ errors }) => list(errors),
  cancelled_by: (run) => run.cancelledBy,
  opened_at: (run) => run.openedAt,
  ended_at: (run) => run.endedAt,
  duration_ms: (run) => run.durationMs,
  first_index: ({ record }) => record.firstIndex,
  end_index: ({ record }) => record.endIndex,
  last_index: ({ record }) => record.lastIndex,
  later: ({ later }) => list(later.map(({ type, step }) => (step === null ? type : `${step}:${type}`))),
  now: ({ now }) => list(Object.entries(now).map(([step, status]) => `${step}:${status}`)),
};

const list = (values: readonly string[]): string => [...new Set(values)].join("; ");
const approversOf = ({ reviews }: RunView["steps"][number]): string[] =>
  reviews.flatMap(({ signed }) => signed.flatMap(({ decision, member }) => (decision === "approve" ? [member] : [])));

export const csvHeader = (): string => stringify([Object.keys(COLUMNS)], OPTIONS);

export const csvLines = (runs: readonly RunView[]): string =>
  stringify(
    runs.map((run) => Object.values(COLUMNS).map((cell) => cell(run))),
    OPTIONS,
  );

const OPTIONS = { escape_formulas: true, record_delimiter: "windows" } as const;
