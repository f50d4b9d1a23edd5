/** Figures of a tenant over a window, by automation and region and, below them, by capability. Durations are milliseconds. */
import * as z from "zod";
import { TraceExportState } from "../trace/export-state.ts";
import { At } from "./common.ts";

/** Quantiles are upper bounds: those of the bucket that they fall into. Null where nothing was counted. */
export const Durations = z.object({
  count: z.int(),
  meanMs: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
const Ratio = z.number().nullable();
const ByWord = z.record(z.string(), z.int());

/** From outcomes that were reported later; each source counts once for each task. */
export const Decisions = z.object({ correct: z.int(), incorrect: z.int(), accuracy: Ratio });

export const StepMetrics = z.object({
  capability: z.string(),
  /** Actions applied, for each hour of the window. */
  throughputPerHour: z.number(),
  latency: Durations,
  attempts: z.int(),
  applied: ByWord,
  retries: ByWord,
  errors: ByWord,
  held: ByWord,
  inDoubt: z.int(),
  inDoubtFor: Durations,
  reviews: ByWord,
  timeToIntervention: Durations,
  /** As of the automation, for this capability: approved of those decided, taken back of the writes, a person's word of all that ended. */
  acceptance: Ratio,
  rollbackRate: Ratio,
  overrides: z.int(),
  overrideRate: Ratio,
  predictions: ByWord,
  undos: ByWord,
  /** Of the tasks that decided about this capability. */
  decisions: Decisions,
});
export const AutomationMetrics = z.object({
  automation: z.string(),
  region: z.string(),
  opened: z.int(),
  settled: ByWord,
  /** Tasks that ended, for each hour of the window. */
  throughputPerHour: z.number(),
  cycle: Durations,
  /** Tasks in which a person decided something, and their part of those that ended. */
  people: z.object({ tasks: z.int(), frequency: Ratio, timeToIntervention: Durations }),
  /** Of what was suggested to a person, the part that was approved. */
  suggestions: z.object({ approved: z.int(), rejected: z.int(), expired: z.int(), acceptance: Ratio }),
  /** Of the writes that were applied, the part that was taken back. */
  rollback: z.object({ compensations: z.int(), reversals: z.int(), rate: Ratio }),
  overrides: z.object({ count: z.int(), rate: Ratio }),
  predictions: z.object({ matched: z.int(), mismatched: z.int(), unobserved: z.int(), mismatchRate: Ratio }),
  decisions: Decisions,
  sla: z.object({ met: z.int(), missed: z.int(), adherence: Ratio }),
  /** Calls of models, those among them that were not used, and rounds that nobody of the release's list could plan. */
  models: z.object({
    calls: Durations,
    errors: ByWord,
    inputTokens: z.int(),
    outputTokens: z.int(),
    /** Plans and labels that were kept from before, so that no model was asked, and what they cost when one was. */
    recalled: z.int(),
    recalledSavedMicroCents: z.int(),
    planningStopped: ByWord,
  }),
  /** Of model calls; a micro-cent is a millionth of a cent. */
  costMicroCents: z.int(),
  /** For each task that ended. */
  costPerTaskMicroCents: z.int().nullable(),
  steps: z.array(StepMetrics),
});
/** Tasks that wait for the same, and since when the oldest does. */
const Waiting = z.object({ tasks: z.int(), oldestAt: At.nullable() });
const Waits = z.object({
  inDoubt: Waiting,
  /** For a person. */
  reviews: Waiting,
  /** For a gate or limit that holds a step back. */
  held: Waiting,
  /** For a planner: a model, or an outside agent. */
  planning: Waiting,
});
export type Waits = z.infer<typeof Waits>;

export const Metrics = z.object({
  window: z.string(),
  from: At,
  to: At,
  /** There are more figures than the answer holds: ask for a shorter window. */
  cut: z.boolean(),
  automations: z.array(AutomationMetrics),
  now: z.object({
    ...Waits.shape,
    /** The same by automation and region, those where something waits. */
    waits: z.array(Waits.extend({ automation: z.string(), region: z.string() })),
    /** Records on their way to the ledger, and since when the oldest is; work whose time has come and that was not begun. */
    executors: z.array(
      z.object({
        executor: z.string(),
        open: z.int(),
        waiting: z.int(),
        undelivered: z.int(),
        oldestUndeliveredAt: At.nullable(),
        oldestDueAt: At.nullable(),
        alarms: z.int(),
        stuck: z.int(),
        deadLetters: z.int(),
        quarantined: z.int(),
      }),
    ),
    /** Executors that did not answer. */
    silent: z.array(z.string()),
    /** Entries that the slowest read model has not taken in, and entries that could not be read. Null when the ledger did not answer. */
    ledger: z.object({ size: z.int(), lag: z.int(), quarantined: z.int() }).nullable(),
    traces: TraceExportState.nullable(),
  }),
});
export type Metrics = z.infer<typeof Metrics>;
export type AutomationMetrics = z.infer<typeof AutomationMetrics>;
export type StepMetrics = z.infer<typeof StepMetrics>;
export type Durations = z.infer<typeof Durations>;
