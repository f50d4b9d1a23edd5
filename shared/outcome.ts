/**
 * What somebody says later of a task's decision: whether it was right. A word of a system or a team, which the record keeps and nobody has to
 * believe; it changes nothing of the task.
 */
import * as z from "zod";
import { LIMITS } from "./limits.ts";

/** Who says so: a system or a team, such as `returns-desk`. It stands in the log for good, so it is no person's name. */
export const OutcomeSource = z.string().regex(/^[a-z0-9][a-z0-9._:/-]{0,63}$/);
/** What was found, in one short code: `refunded-twice`. */
export const OutcomeLabel = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/);

/** The source of judgements of the audit sample; nobody else may report as it. */
export const SAMPLE_SOURCE = "audit-sample";

/** The body of `POST /v1/tasks/{id}/outcome`. */
export const OutcomeReport = z.strictObject({
  correct: z.boolean(),
  label: OutcomeLabel.optional(),
  source: OutcomeSource,
  /** When it turned out; not later than now. */
  at: z.iso.datetime().optional(),
  /** Words for people. The record holds a commitment to them; they stay in the region and go with an erasure. */
  note: z.string().min(1).max(LIMITS.outcomeNoteChars).optional(),
});
export type OutcomeReport = z.infer<typeof OutcomeReport>;

/** A reported outcome as it is read. */
export const OutcomeView = z.object({
  source: z.string(),
  correct: z.boolean(),
  label: z.string().nullable(),
  /** When it turned out, as far as was said. */
  at: z.iso.datetime().nullable(),
  reportedAt: z.iso.datetime(),
  /** Id of the API key that reported it. */
  by: z.string(),
  note: z.string().nullable(),
  /** Of a judgement: the sampled step that it is about, and the member who judged it. */
  judged: z.object({ step: z.string(), member: z.string() }).nullable(),
  /** The same source has said something else since. */
  superseded: z.boolean(),
});
export type OutcomeView = z.infer<typeof OutcomeView>;
