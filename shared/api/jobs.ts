/** Reconciliation jobs: what each looks for, and what its last runs found. */
import * as z from "zod";
import { At } from "./common.ts";

const Count = z.int().min(0);

export const JobRunView = z.object({
  startedAt: At,
  endedAt: At,
  /** Executors that answered, or effects and actions that were compared. */
  looked: Count,
  found: Count,
  /** Of these, what happened after it was asked for again. The rest is named. */
  repaired: Count,
  named: z.array(z.string()),
  /** Code of what kept the run from a whole answer. */
  error: z.string().nullable(),
  /** How far a job that goes on from its last run has come. */
  reached: At.nullable(),
  /** What it left, where its time was up: the span, the region in which the next run goes on, and what of that has been compared. */
  left: z.object({ from: At, to: At, region: z.string(), compared: Count, tries: Count }).nullable(),
});
export type JobRunView = z.infer<typeof JobRunView>;

export const JobView = z.object({
  name: z.string(),
  what: z.string(),
  /** When it runs by itself. */
  cron: z.string(),
  /** The newest first. */
  runs: z.array(JobRunView),
});
export type JobView = z.infer<typeof JobView>;
export const JobPage = z.object({ jobs: z.array(JobView) });
export type JobPage = z.infer<typeof JobPage>;
