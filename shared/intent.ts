/**
 * What comes in: intents from apps, proposals from outside agents.
 */
import * as z from "zod";
import { Expectation } from "./expectation.ts";
import { AutomationName, MemberId, RegionId, StepId, TaskId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { Premise, RecordedName } from "./proposal.ts";
import { Purpose, SubjectId } from "./subjects.ts";

/** Names who or what caused the intent. A claim of the app: it can only exclude an approver, never admit one. */
export const Trigger = z.strictObject({
  kind: z.enum(["person", "schedule", "event", "system"]),
  /** An identifier: a member for a person, a schedule or an event otherwise. It stands in the record in the clear. */
  id: RecordedName,
});

export const Intent = z.strictObject({
  automation: AutomationName,
  /** Checked against the input contract of the release in force. */
  input: z.record(z.string(), z.json()),
  region: RegionId.optional(),
  /** The same key and body give the same task; the `Idempotency-Key` header is the same thing. */
  idempotencyKey: z.string().min(1).max(200).optional(),
  triggeredBy: Trigger.optional(),
  /** The member on whose behalf the app asks. */
  onBehalfOf: MemberId.optional(),
  /** A code of the tenant's own, such as `customer-service`; it stands in the record in the clear. */
  purpose: Purpose.optional(),
  /** Whom the values are about, beside those that the contract marks. Not recorded: their values are sealed under their keys. */
  subjects: z.array(SubjectId).max(LIMITS.taskSubjects).optional(),
});
export type Intent = z.infer<typeof Intent>;

export const AgentStep = z.strictObject({
  id: StepId,
  capability: z.string().max(100),
  args: z.record(z.string().max(100), z.json()),
  after: z.array(StepId).max(LIMITS.planSteps).optional(),
  premises: z.array(Premise).max(16).optional(),
  claimedConfidence: z.number().min(0).max(1).optional(),
  rationale: z.string().max(2_000).optional(),
  /** What the capability's `observe` is expected to read after the action. */
  expect: Expectation.optional(),
});
export type AgentStep = z.infer<typeof AgentStep>;

/** Into a task that somebody opened (`task`), or opening one itself (`automation` and `request`). */
export const AgentProposal = z.union([
  z.strictObject({
    task: TaskId,
    steps: z.array(AgentStep).max(LIMITS.planSteps),
    /** No further proposal follows: the task ends when these steps have. */
    last: z.boolean().optional(),
    idempotencyKey: z.string().min(1).max(200).optional(),
  }),
  z.strictObject({
    automation: AutomationName,
    request: z.record(z.string(), z.json()),
    subjects: z.array(SubjectId).max(LIMITS.taskSubjects).optional(),
    region: RegionId.optional(),
    steps: z.array(AgentStep).max(LIMITS.planSteps),
    last: z.boolean().optional(),
    idempotencyKey: z.string().min(1).max(200).optional(),
  }),
]);
export type AgentProposal = z.infer<typeof AgentProposal>;
