/** What automatic actions owe to people afterwards: the audit sample and the notices. */
import * as z from "zod";
import { OutcomeLabel } from "../outcome.ts";
import { LIMITS } from "../limits.ts";
import { JsonValue } from "../views.ts";

export const OwedKind = z.enum(["sample", "notice"]);
export type OwedKind = z.infer<typeof OwedKind>;

/** One automatic action. Values are those that its region still holds. */
export const OwedView = z.object({
  task: z.string(),
  step: z.string(),
  automation: z.string(),
  release: z.string(),
  capability: z.string(),
  /** When it was done. */
  at: z.iso.datetime(),
  /** Of a sample: until when it is to be judged. Of a notice: until when it can be taken back; null for not at all. */
  dueAt: z.iso.datetime().nullable(),
  /** Of a sample: so many in 10,000 are drawn. */
  rate: z.int().nullable(),
  /** Of a notice: when it was sent. Null where it was not, or where nobody is configured to be told. */
  toldAt: z.iso.datetime().nullable(),
  /** The label that was followed, where there is one. */
  label: z.string().nullable(),
  rules: z.array(z.string()),
  input: JsonValue,
  args: JsonValue,
  result: JsonValue,
});
export type OwedView = z.infer<typeof OwedView>;

export const SamplePage = z.object({
  samples: z.array(OwedView),
  /** Of them, those whose time is over. */
  overdue: z.int(),
  incomplete: z.array(z.string()),
});
export type SamplePage = z.infer<typeof SamplePage>;

export const NoticePage = z.object({ notices: z.array(OwedView), incomplete: z.array(z.string()) });
export type NoticePage = z.infer<typeof NoticePage>;

/** The body of `POST /v1/tasks/{id}/steps/{step}/judgement`. */
export const Judgement = z.strictObject({
  correct: z.boolean(),
  label: OutcomeLabel.optional(),
  /** Words for people. The record holds a commitment to them; they stay in the region and go with an erasure. */
  note: z.string().min(1).max(LIMITS.outcomeNoteChars).optional(),
});
export type Judgement = z.infer<typeof Judgement>;
