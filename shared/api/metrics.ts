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
  latency: Durations,
  attempts: z.int(),
  applied: ByWord,
  retries: ByWord,
  errors: ByWord,
  held: ByWord,
  inDoubt: z.int(),
  inDoubtFor: Durations,
  reviews: ByWord,
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
  /** Of model calls; a micro-cent is a millionth of a cent. */
  costMicroCents: z.int(),
  steps: z.array(StepMetrics),
});
export const Metrics = z.object({
  window: z.string(),
  from: At,
  to: At,
  /** There are more figures than the answer holds: ask for a shorter window. */
  cut: z.boolean(),
  automations: z.array(AutomationMetrics),
  now: z.object({
    inDoubt: z.object({ tasks: z.int(), oldestAt: At.nullable() }),
    reviews: z.object({ tasks: z.int(), oldestAt: At.nullable() }),
    /** Records on their way to the ledger, and since when the oldest is; requests that wait for a commit round. */
    executors: z.array(
      z.object({
        executor: z.string(),
        open: z.int(),
        waiting: z.int(),
        undelivered: z.int(),
        oldestUndeliveredAt: At.nullable(),
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
