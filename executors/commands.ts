/**
 * What comes in over RPC, taken literally: strict schemas, so that a caller who was taken over cannot smuggle anything in.
 */
import * as z from "zod";
import { acceptsOf, type Accepts } from "../shared/accepts.ts";
import {
  AutomationName,
  Digest,
  EventType,
  MemberId,
  RegionId,
  SignalName,
  StepId,
  TaskId,
  TenantId,
} from "../shared/ids.ts";
import { GateId } from "../shared/gates/schema.ts";
import { LIMITS } from "../shared/limits.ts";
import { Principal, StopKind, StopMode } from "../shared/events.ts";
import { OutcomeLabel, OutcomeSource } from "../shared/outcome.ts";
import { RecordedName } from "../shared/proposal.ts";
import { ReleaseDelivery } from "../shared/release.ts";
import { Envelope } from "../shared/signing.ts";
import { ModelCalls } from "../shared/model.ts";
import { problem, PROBLEMS, type ProblemCode } from "../shared/problems.ts";
import { SubjectId } from "../shared/subjects.ts";
import { err, ok, type Result } from "../shared/result.ts";

const Disclosure = z.strictObject({ salt: z.string().length(22), value: z.json() });
const SignedPlan = z.strictObject({ envelope: Envelope, disclosures: z.record(z.string().max(60), Disclosure) });
const WaitMs = z
  .int()
  .min(0)
  .max(LIMITS.waitSeconds * 1_000);

export const SubmitCommand = z.strictObject({
  task: TaskId,
  automation: AutomationName,
  release: Digest,
  region: RegionId,
  input: z.strictObject({ salt: z.string().length(22), value: z.record(z.string(), z.json()) }),
  requestDigest: Digest,
  principal: Principal,
  trigger: z.strictObject({ kind: z.string().max(40), id: z.string().max(200) }).nullable(),
  purpose: z.string().max(100).nullable(),
  subjects: z.array(SubjectId).max(LIMITS.taskSubjects).optional(),
  unusual: z.array(GateId).min(1).max(LIMITS.gates).optional(),
  traceparent: z.string().max(100).nullable(),
  plan: SignedPlan.nullable(),
  delivery: ReleaseDelivery.nullable(),
  waitMs: WaitMs,
});
export const ProposeCommand = z.strictObject({
  task: TaskId,
  plan: SignedPlan,
  requestKey: Digest,
  requestDigest: Digest,
  /** The lease under which it was planned, where no agent did. */
  epoch: z.int().optional(),
  delivery: ReleaseDelivery.nullable(),
  waitMs: WaitMs,
});
export const StopPlanningCommand = z.strictObject({
  task: TaskId,
  epoch: z.int(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  next: z.enum(["person", "end"]),
  calls: ModelCalls,
  disclosures: z.record(z.string().max(60), Disclosure),
});
export const StopCommand = z.strictObject({
  kind: StopKind,
  mode: StopMode,
  target: z.string().min(1).max(100),
  stop: z.string().regex(/^stp_[a-z2-7]{26}$/),
  by: z.string().max(100),
  reason: z.string().max(500),
});
export const CompletenessCommand = z.strictObject({
  region: RegionId,
  fromMs: z.int().min(0),
  toMs: z.int().min(0),
  effects: z.int().min(0),
  actions: z.int().min(0),
  missing: z.int().min(0),
  extra: z.int().min(0),
  whole: z.boolean(),
  report: Digest,
  by: z.string().max(100),
});
export const RevokeCommand = z.strictObject({
  kid: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  by: z.string().max(100),
  reason: z.string().max(500),
});
export const SignedByMember = z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3) });

export const OutcomeCommand = z.strictObject({
  task: TaskId,
  correct: z.boolean(),
  label: OutcomeLabel.nullable(),
  source: OutcomeSource,
  occurredMs: z.int().min(0).nullable(),
  note: z.string().min(1).max(LIMITS.outcomeNoteChars).nullable(),
  by: z.string().max(100),
});
export const JudgeCommand = z.strictObject({
  task: TaskId,
  step: StepId,
  correct: z.boolean(),
  label: OutcomeLabel.nullable(),
  note: z.string().min(1).max(LIMITS.outcomeNoteChars).nullable(),
  member: MemberId,
  by: z.string().max(100),
});
export const Noticed = z.array(z.strictObject({ task: TaskId, step: StepId })).max(LIMITS.noticesTold);
export const SignalCommand = z.strictObject({
  task: TaskId,
  name: SignalName,
  id: RecordedName,
  payload: z.json(),
  by: z.string().max(60),
});
export const CorrelatedEvent = z.strictObject({
  source: z.string().min(1).max(500),
  id: z.string().min(1).max(200),
  type: EventType,
  data: z.json(),
});
export const DeliverEventCommand = z.strictObject({
  tenant: TenantId,
  key: z.string().min(1).max(200),
  event: CorrelatedEvent,
});
export const TakeEventCommand = z.strictObject({
  task: TaskId,
  step: StepId,
  key: z.string().min(1).max(200),
  event: CorrelatedEvent,
});

/** A command that came as text. Nobody else reads this text, so its one meaning is what the engine reads in it. */
export function parseText(text: unknown): Result<unknown> {
  try {
    return ok(JSON.parse(String(text)));
  } catch {
    return err(problem("invalid-request", "The command is not JSON."));
  }
}

/** The commands of every task, as predicates: what they accept needs no second look. */
const QUICK: ReadonlyMap<unknown, Accepts> = new Map(
  [SubmitCommand, ProposeCommand].map((schema) => [schema, acceptsOf(schema)]),
);

/** Parses a command; the problem names the first field at fault, never a value. */
export function parseCommand<T>(schema: z.ZodType<T>, command: unknown): Result<T> {
  if (QUICK.get(schema)?.(command) === true) return ok(command as T);
  const parsed = schema.safeParse(command);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return err(problem("invalid-request", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`));
}
