/**
 * What people and programs read: tasks, steps, reviews. Values are in the clear here, because the reader asked the region itself.
 */
import * as z from "zod";
import { Classification } from "./classifier/classification.ts";
import { OutcomeVerdict, StepDecision, StepStatus, TaskStatus, Principal } from "./events.ts";
import { Envelope } from "./signing.ts";
import { OutcomeView } from "./outcome.ts";
import { HeldPremise } from "./receipt.ts";
import type { Json } from "./json.ts";
import { Toggles } from "./toggles.ts";

/** Any JSON value, typed as the parser types it. */
export const JsonValue: z.ZodType<Json> = z.json();

const ProblemView = z.object({ code: z.string(), detail: z.string() });

export const StepView = z.object({
  id: z.string(),
  round: z.int(),
  proposal: z.string(),
  /** Names the action for ever: its own id, and what an executor's receipt and the target's own record call it. */
  action: z.string(),
  capability: z.string(),
  status: StepStatus,
  after: z.array(z.string()),
  /** Resolved where they are known; references otherwise. */
  args: JsonValue,
  provenance: z.record(z.string(), z.string()),
  decision: StepDecision.nullable(),
  review: z.string().nullable(),
  attempts: z.int(),
  result: JsonValue.nullable(),
  problem: ProblemView.nullable(),
  /** What an unfinished step waits for. `until` is when that is over, or when it is tried or asked again. */
  waitsFor: z
    .object({
      what: z.enum(["person", "retry", "answer", "time", "signal", "event"]),
      name: z.string().nullable(),
      until: z.iso.datetime().nullable(),
    })
    .nullable(),
  /** A person's word on what became of an attempt that was in doubt. */
  resolved: z
    .object({
      resolution: z.string(),
      member: z.string(),
      outcome: z.enum(["applied", "not-applied"]),
      /** What the target answered later, against that word. */
      contradiction: z.enum(["applied", "refused"]).nullable(),
    })
    .nullable(),
  /**
   * What was predicted of the action and what was read back after it; null where nothing was predicted, or the action did not happen.
   * `expected` holds references until it is compared; `fields` are those that differ; `code` says why nothing was read.
   */
  outcome: z
    .object({
      verdict: z.enum([...OutcomeVerdict.options, "pending"]),
      expected: JsonValue,
      observed: JsonValue.nullable(),
      fields: z.array(z.string()),
      code: z.string().nullable(),
      at: z.iso.datetime().nullable(),
    })
    .nullable(),
  premises: z.array(HeldPremise),
  tags: z.array(z.string()),
  appliedAt: z.iso.datetime().nullable(),
  /** Until when its reversal may be asked for; null where it may not. */
  reversibleUntil: z.iso.datetime().nullable(),
  /** The newest step that takes this one back, or null. */
  undo: z.string().nullable(),
  /** Of a step that takes another one back: which, why, and who asked. */
  undoes: z.object({ step: z.string(), kind: z.enum(["compensation", "reversal"]), by: z.string() }).nullable(),
  /** DSSE envelope of the receipt, once applied. */
  receipt: Envelope.nullable(),
});
export type StepView = z.infer<typeof StepView>;

export const TaskView = z.object({
  id: z.string(),
  automation: z.string(),
  release: z.string(),
  region: z.string(),
  status: TaskStatus,
  /** Whether the status will never change again. */
  settled: z.boolean(),
  /** Why a settled task ended so, or what a waiting one waits for. */
  why: z.string().nullable(),
  principal: Principal,
  /** The person whom the task was about was erased: values read as `{"$erased": true}`. */
  erased: z.literal(true).optional(),
  /** Values of the task were lost when its executor was restored; nothing more is done in it. */
  restored: z.literal(true).optional(),
  input: JsonValue,
  /** What the release computed from the input for rules, gates and playbooks: from which fields, and what; absent where it declares none. */
  features: z
    .array(z.object({ name: z.string(), version: z.string(), from: z.array(z.string()), value: JsonValue }))
    .optional(),
  /** Anomaly gates that found the input unusual: its writes wait for people. */
  unusual: z.array(z.string()).optional(),
  round: z.int(),
  /** The feature toggles that its newest plan carries; absent where its release looks at none. */
  toggles: Toggles.optional(),
  /** The label that its playbook follows, who gave it, how sure that is and who was asked before; absent without a classifier. */
  classified: Classification.optional(),
  openedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  deadlineAt: z.iso.datetime(),
  /** Position of its newest record in the executor's chain, and whether the ledger has it. */
  executor: z.string(),
  seq: z.int(),
  recorded: z.boolean(),
  steps: z.array(StepView),
  /** What was reported later of its decision, in the order in which it came; absent where nothing was. */
  reported: z.array(OutcomeView).optional(),
});
export type TaskView = z.infer<typeof TaskView>;

/** What a reviewer sees and signs over. */
export const Shown = z.object({
  /** One sentence: what will happen. */
  summary: z.string(),
  /** Record by record, what will change. */
  changes: z.array(z.object({ what: z.string(), from: z.string().nullable(), to: z.string() })),
  /** Who asks, and through what. */
  askedBy: z.string(),
  /** Why the planner wants it, in its own words (untrusted text). */
  rationale: z.string().nullable(),
  /** The rules that sent it to a person, each with its message. */
  rules: z.array(z.object({ id: z.string(), message: z.string() })),
  /** Argument → where its value came from. */
  provenance: z.record(z.string(), z.string()),
});
export type Shown = z.infer<typeof Shown>;

export const ReviewView = z.object({
  id: z.string(),
  task: z.string(),
  step: z.string(),
  automation: z.string(),
  capability: z.string(),
  region: z.string(),
  status: z.enum(["waiting", "approved", "rejected", "expired", "withdrawn"]),
  requestedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Role and quorum that each deciding rule asks for, with the members that have approved. */
  required: z.array(z.object({ rule: z.string(), role: z.string(), quorum: z.int(), approvedBy: z.array(z.string()) })),
  /** The member who asked and therefore may not approve, where known. */
  requester: z.string().nullable(),
  subject: z.string(),
  /** The parts of the subject digest: recompute it before signing. */
  parts: z.object({ challenge: z.string(), step: z.string(), args: JsonValue, premises: JsonValue, shown: Shown }),
});
export type ReviewView = z.infer<typeof ReviewView>;

/** An effect of which it is not known whether it happened: what someone must check, and what they sign over. */
export const DoubtView = z.object({
  task: z.string(),
  step: z.string(),
  automation: z.string(),
  capability: z.string(),
  region: z.string(),
  /** What the capability does, in a sentence. */
  summary: z.string(),
  args: JsonValue,
  /** Names the action here, and in messages on a queue. */
  action: z.string(),
  /** The key that every call for it carried, where the target takes one: look for it there. */
  idempotencyKey: z.string(),
  effectKey: z.string().nullable(),
  /** Digest of the signed step, and the claim that is in doubt. */
  digest: z.string(),
  attempt: z.int(),
  problem: ProblemView,
  since: z.iso.datetime(),
  /** Questions to the target so far, and when the next follows; null: only a person can say. */
  asked: z.int(),
  nextAskAt: z.iso.datetime().nullable(),
  /** Whether `not-applied` may ask for another attempt; of an undo that failed it may not. */
  mayRetry: z.boolean(),
  /** Roles of which whoever resolves it needs one, and the members who may not. */
  roles: z.array(z.string()),
  requesters: z.array(z.string()),
});
export type DoubtView = z.infer<typeof DoubtView>;

/** One event of a task as a stream shows it: chain position, time and the event with its values replaced by commitments. */
export const TaskEventView = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  event: z.looseObject({ type: z.string() }),
});
export type TaskEventView = z.infer<typeof TaskEventView>;
