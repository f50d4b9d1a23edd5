/**
 * Impact: from a record back to the runs that touched it, and forward to what depended on it. A record is named by an impact tag, such as
 * `order:W123`: capabilities declare which tags their actions have, the first naming what they change.
 */
import * as z from "zod";
import { StepStatus } from "../events.ts";

export const Touch = z.object({
  task: z.string(),
  step: z.string(),
  action: z.string(),
  at: z.iso.datetime(),
  /** Null where the run log has not come so far yet. */
  capability: z.string().nullable(),
  automation: z.string().nullable(),
  release: z.string().nullable(),
  askedBy: z.string().nullable(),
  /** Members whose approval the action carried. */
  countersignedBy: z.array(z.string()),
  /** As it is now: applied, in_doubt, undoing, reversed, compensated, undo_in_doubt, or failed where a doubt ended so. */
  status: StepStatus,
  /** `changed` this record, changed something that `concerns` it, or only `read` it. */
  how: z.enum(["changed", "concerns", "read"]),
  /** The record that the action changes or reads. */
  record: z.string(),
  /** Of an undo: the step that it takes back. */
  undoes: z.string().nullable(),
  /** The entry of the log. */
  index: z.int(),
});
export type Touch = z.infer<typeof Touch>;

export const Dependence = Touch.extend({
  /** The record through which it depends, and over how many records. */
  through: z.string(),
  depth: z.int(),
});
export type Dependence = z.infer<typeof Dependence>;

export const ImpactAnswer = z.object({
  resource: z.string(),
  direction: z.enum(["back", "forward"]),
  /** Actions that touched the record, newest first (`back`). */
  touched: z.array(Touch),
  /** Actions after it that touched the record, or a record that one of them changed, nearest first (`forward`). */
  depended: z.array(Dependence),
  /** Forward: the time from which on, and records reached so far. */
  since: z.iso.datetime().nullable(),
  records: z.array(z.string()),
  /** There are further records than a single question follows: ask about one of `records`. */
  cut: z.boolean(),
  next: z.string().nullable(),
  /** The read model has taken in the log up to here. */
  asOf: z.int(),
});
export type ImpactAnswer = z.infer<typeof ImpactAnswer>;
