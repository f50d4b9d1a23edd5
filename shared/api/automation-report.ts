/** What an automation did in a span of time, and why: counted from the run log, in words. */
import * as z from "zod";
import { StepStatus, TaskStatus } from "../events.ts";

const Time = z.iso.datetime();
const Case = z.object({
  task: z.string(),
  step: z.string(),
  capability: z.string(),
  at: Time.nullable(),
  explain: z.string(),
});
const Count = z.int().min(0);

export const AutomationReport = z.object({
  automation: z.string(),
  from: Time,
  to: Time,
  /** Sentences that say the most important of it. */
  words: z.array(z.string()),
  runs: z.object({
    total: Count,
    byStatus: z.partialRecord(TaskStatus, Count),
    medianMs: Count.nullable(),
    /** Nine of ten took no longer. */
    p90Ms: Count.nullable(),
  }),
  /** What set the tasks off, by kind, as the app said; `key` where it said nothing. */
  triggers: z.record(z.string(), Count),
  /** What was done, by capability, with the capability's own summary; each step counted once, as it stands now. */
  did: z.array(
    z.object({ capability: z.string(), summary: z.string().nullable(), byStatus: z.partialRecord(StepStatus, Count) }),
  ),
  /** What policy denied or sent to people, by rule, with the rule's own words and some of the tasks. */
  stopped: z.array(
    z.object({
      rule: z.string(),
      answer: z.enum(["deny", "review"]),
      message: z.string().nullable(),
      when: z.string().nullable(),
      times: Count,
      cases: z.array(Case),
    }),
  ),
  /** Of the reviews: who signed, and how long people took. */
  countersigned: z.object({
    members: z.array(z.object({ member: z.string(), approved: Count, rejected: Count })),
    expired: Count,
    waiting: Count,
    medianMs: Count.nullable(),
  }),
  undone: z.array(
    Case.extend({ as: z.enum(["reversed", "compensated", "undoing", "undo_in_doubt"]), by: z.string().nullable() }),
  ),
  inDoubt: z.array(Case),
  failed: z.array(z.object({ code: z.string(), times: Count, cases: z.array(Case) })),
  /** Tasks that failed or expired, and not because of a step: why, and some of them. */
  ended: z.array(z.object({ why: z.string(), times: Count, tasks: z.array(z.string()) })),
  /** What was said later of the decisions of these tasks; each task counted once, by the last word on it. */
  judged: z.object({ correct: Count, incorrect: Count }),
  /** Acts that did not come out as their plan predicted. */
  mismatched: z.array(Case),
  /** Calls of models, their tokens and cost; a cent has 1,000,000 micro-cents. */
  cost: z.object({
    modelCalls: Count,
    models: z.array(z.string()),
    inputTokens: Count,
    outputTokens: Count,
    costMicroCents: Count,
  }),
  releases: z.array(z.object({ release: z.string(), runs: Count })),
  /** There were more runs than one report counts: it covers the newest, down to `countedFrom`. */
  cut: z.boolean(),
  countedFrom: Time,
});
export type AutomationReport = z.infer<typeof AutomationReport>;
