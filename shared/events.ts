/**
 * Events: what happened to a task or to an executor, in the past tense, as it stands in the executor's hash chain and in the ledger.
 * Payloads are commitments and digests; the values stay in the region beside the record. A stored form: tests hold its exact bytes.
 */
import * as z from "zod";
import { CapabilityName, Delivery } from "./capability.ts";
import { ObservedField } from "./expectation.ts";
import {
  AutomationName,
  Digest,
  EpochId,
  ExecutorName,
  MemberId,
  RecordedStepId,
  RegionId,
  ReviewId,
  RewindId,
  StepId,
  TaskId,
} from "./ids.ts";
import { GateId } from "./gates/schema.ts";
import { LIMITS } from "./limits.ts";
import { ModelCalls } from "./model.ts";
import { OutcomeLabel, OutcomeSource } from "./outcome.ts";
import { PROBLEMS, type ProblemCode } from "./problems.ts";
import { PlannerKind, Premise, RecordedName } from "./proposal.ts";
import { HeldPremise } from "./receipt.ts";
import { SignedPromotion } from "./release.ts";
import { SAMPLE_UNIT } from "./sampling.ts";
import { Envelope } from "./signing.ts";
import { Purpose, SubjectKey } from "./subjects.ts";

const Commit = z.string().max(60);
const Code = z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]);

/** The executor's own decision about a step, with the rules that decided. */
export const StepDecision = z.strictObject({
  answer: z.enum(["deny", "review", "notify", "allow"]),
  final: z.boolean(),
  rules: z.array(z.string()),
  reviews: z.array(z.strictObject({ rule: z.string(), role: z.string(), quorum: z.int().min(1) })),
  errors: z.array(z.string()),
  deferred: z.array(z.string()),
  byDefault: z.boolean(),
});
export type StepDecision = z.infer<typeof StepDecision>;

export const TaskStatus = z.enum([
  "accepted",
  "planning",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "compensating",
  "compensated",
  "cancelled",
  "expired",
]);
export type TaskStatus = z.infer<typeof TaskStatus>;
export const StepStatus = z.enum([
  "proposed",
  "awaiting_review",
  "ready",
  "applying",
  "applied",
  "retrying",
  "failed",
  "denied",
  "skipped",
  "in_doubt",
  "undoing",
  "reversed",
  "compensated",
  "undo_in_doubt",
  "expired",
]);
export type StepStatus = z.infer<typeof StepStatus>;

export const Principal = z
  .strictObject({
    /** Id of the API key that opened the task. */
    key: z.string().max(60),
    role: z.enum(["app", "agent", "approver", "operator", "auditor", "admin"]),
    /** The person behind the request: the one whom the key belongs to, or the one whom the app names. */
    member: MemberId.nullable(),
    /** `evaluable` when the API key itself belongs to a person; a name that the app gives can only exclude. */
    sod: z.enum(["evaluable", "not-evaluable"]),
  })
  .refine(({ sod, member }) => sod === "not-evaluable" || member !== null, "a known requester has a name");
export type Principal = z.infer<typeof Principal>;

/** What became of a prediction. `unobserved`: nothing could be read, or the prediction refers to what is not there. */
export const OutcomeVerdict = z.enum(["matched", "mismatched", "unobserved"]);
export type OutcomeVerdict = z.infer<typeof OutcomeVerdict>;

const step = RecordedStepId;
/** A permit that an action used: of its capability's gate (the lease's number there), or of an aggregate limit (`over`: people approved the overrun). */
export const UsedPermit = z.union([
  z.strictObject({ gate: z.string().max(40) }),
  z.strictObject({ limit: z.string().max(100), over: z.boolean() }),
]);
export type UsedPermit = z.infer<typeof UsedPermit>;
/** Absent where the action needed none. */
const permits = z
  .array(UsedPermit)
  .min(1)
  .max(LIMITS.policyLimits + 1)
  .optional();
export const TaskEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("task-opened"),
    automation: AutomationName,
    release: Digest,
    region: RegionId,
    input: Commit,
    principal: Principal,
    trigger: z.strictObject({ kind: z.string().max(40), id: z.string().max(200) }).nullable(),
    purpose: z.string().max(100).nullable(),
    traceparent: z.string().max(100).nullable(),
    deadlineMs: z.int(),
    /** Target of its release for the time to its end; absent where there is none. */
    slaMs: z.int().min(1).optional(),
    /** How far it may go alone, why, and who answers for that, as the release says. */
    autonomy: z
      .strictObject({
        tier: z.union([z.literal(1), z.literal(2), z.literal(3)]),
        reason: z.string().max(300).nullable(),
        owner: z.string().max(100),
      })
      .optional(),
    /** Keys of the data subjects under which its values are sealed; absent where it is about none. */
    subjects: z.array(SubjectKey).min(1).max(LIMITS.taskSubjects).optional(),
    /** Anomaly gates of its release that send its writes to people; absent where none does. */
    unusual: z.array(GateId).min(1).max(LIMITS.gates).optional(),
  }),
  z.strictObject({
    type: z.literal("plan-admitted"),
    round: z.int(),
    plan: z.string(),
    planner: PlannerKind,
    agent: z.string(),
    last: z.boolean(),
    envelope: Envelope,
    decisions: z.record(StepId, StepDecision),
    provenance: z.record(StepId, z.record(z.string(), z.string())),
  }),
  /**
   * Nobody of the release's list could plan the next round. `person`: somebody has to propose, to ask for planning again or to cancel; `end`:
   * no plan follows. `calls` are those of models that were made for it.
   */
  z.strictObject({
    type: z.literal("planning-stopped"),
    round: z.int().min(1),
    code: Code,
    next: z.enum(["person", "end"]),
    calls: ModelCalls,
  }),
  /** References resolved, the target's state read, policy run on the values. */
  z.strictObject({
    type: z.literal("step-resolved"),
    step,
    args: Commit,
    preview: Commit.nullable(),
    premises: z.array(HeldPremise),
    tags: z.array(z.string()),
    decision: StepDecision,
  }),
  z.strictObject({
    type: z.literal("review-requested"),
    step,
    review: ReviewId,
    subject: Digest,
    shown: Commit,
    required: z.array(z.strictObject({ rule: z.string(), role: z.string(), quorum: z.int() })),
    expiresMs: z.int(),
  }),
  z.strictObject({
    type: z.literal("attested"),
    step,
    review: ReviewId,
    attestation: z.string(),
    member: MemberId,
    roles: z.array(z.string()),
    decision: z.enum(["approve", "reject"]),
    envelope: Envelope,
    chain: z.array(Envelope),
  }),
  z.strictObject({ type: z.literal("review-approved"), step, review: ReviewId }),
  z.strictObject({ type: z.literal("review-rejected"), step, review: ReviewId }),
  z.strictObject({ type: z.literal("review-expired"), step, review: ReviewId }),
  z.strictObject({
    type: z.literal("step-claimed"),
    step,
    action: z.string(),
    delivery: Delivery,
    effectKey: z.string().nullable(),
    attempt: z.int().min(1),
    attestations: z.array(z.string()),
    permits,
  }),
  /** Nothing permits the action now: not the gate of its capability, or nobody answered. `holds` counts; it tries again by itself. */
  z.strictObject({ type: z.literal("step-held"), step, code: Code, holds: z.int().min(1), retryAtMs: z.int() }),
  z.strictObject({
    type: z.literal("step-applied"),
    step,
    action: z.string(),
    effectKey: z.string().nullable(),
    result: Commit,
    premises: z.array(HeldPremise),
    attestations: z.array(z.string()),
    tags: z.array(z.string()),
    replayed: z.boolean(),
    permits,
    /** Versions at which the action left what it changed, as far as it says; null for a read. */
    left: z.array(Premise).max(64).nullable(),
    /** Until when somebody may ask for its reversal; null for not at all. */
    reversibleUntilMs: z.int().nullable(),
    /** It was decided that the owner is told of it. */
    notify: z.literal(true).optional(),
    /** It was drawn for the audit sample: so many in 10,000 are, and it is to be judged until then. */
    sampled: z.strictObject({ rate: z.int().min(1).max(SAMPLE_UNIT), dueMs: z.int().min(0) }).optional(),
  }),
  /**
   * What was read back after an applied action whose signed step predicts something; once for each, before the task ends. `fields` are the
   * names of those that differ; `values` commits to what was expected and read, and is null where nothing was read (`code` says why).
   */
  z.strictObject({
    type: z.literal("outcome-observed"),
    step,
    action: z.string(),
    /** The commitment in the signed step. */
    predicted: Commit,
    verdict: OutcomeVerdict,
    fields: z.array(ObservedField).max(LIMITS.expectedFields),
    values: Commit.nullable(),
    code: Code.nullable(),
  }),
  /** Proved not executed; `attempt` is the claim, 0 where nothing was claimed yet. `retryAtMs` is set when another attempt follows. */
  z.strictObject({
    type: z.literal("step-refused"),
    step,
    code: Code,
    attempt: z.int(),
    retryAtMs: z.int().nullable(),
  }),
  z.strictObject({ type: z.literal("step-denied"), step, rules: z.array(z.string()), byDefault: z.boolean() }),
  z.strictObject({ type: z.literal("step-failed"), step, code: Code }),
  /** The step was let through to wait; `name` is the signal's name or the event's type. */
  z.strictObject({
    type: z.literal("wait-started"),
    step,
    action: z.string(),
    wait: z.enum(["time", "signal", "event"]),
    name: RecordedName.nullable(),
    untilMs: z.int().nullable(),
    onTimeout: z.enum(["fail", "continue"]),
    attestations: z.array(z.string()),
  }),
  /** Followed by step-applied or step-failed. `id` is the signal's id, or the SHA-256 of the event's source and id. */
  z.strictObject({
    type: z.literal("wait-ended"),
    step,
    by: z.enum(["time", "signal", "event", "timeout"]),
    id: RecordedName.nullable(),
  }),
  z.strictObject({
    type: z.literal("signal-received"),
    name: RecordedName,
    id: RecordedName,
    /** Id of the API key that sent it. */
    by: z.string().max(60),
    payload: Commit,
    /** Canonical bytes of the payload. */
    bytes: z.int().min(0),
  }),
  /**
   * It is not known whether the attempt was executed. Recorded again after each question that brought no answer; `askAtMs` is when the
   * next one follows, null when only a person can say.
   */
  z.strictObject({
    type: z.literal("step-in-doubt"),
    step,
    action: z.string(),
    attempt: z.int().min(1),
    code: Code,
    asked: z.int().min(0),
    askAtMs: z.int().nullable(),
    /** What the action would have touched. */
    tags: z.array(z.string()),
  }),
  /** A person said what became of an effect in doubt. `applied` is followed by step-applied; `not-applied` ends the step or, with `retry`, opens another attempt. */
  z.strictObject({
    type: z.literal("doubt-resolved"),
    step,
    action: z.string(),
    attempt: z.int().min(1),
    resolution: z.string(),
    member: MemberId,
    roles: z.array(z.string()),
    outcome: z.enum(["applied", "not-applied"]),
    retry: z.boolean(),
    envelope: Envelope,
    chain: z.array(Envelope),
  }),
  /** The target answered after a person had decided, and says otherwise. Changes nothing; someone must look. */
  z.strictObject({
    type: z.literal("answer-contradicted"),
    step,
    action: z.string(),
    attempt: z.int().min(1),
    resolution: z.string(),
    answer: z.enum(["applied", "refused"]),
  }),
  z.strictObject({
    type: z.literal("step-skipped"),
    step,
    why: z.enum(["condition", "no-element", "reference", "dependency", "rejected", "cancelled", "expired"]),
  }),
  z.strictObject({ type: z.literal("step-expired"), step }),
  z.strictObject({ type: z.literal("cancel-requested"), by: z.string() }),
  /** The undo of `step` begins, as a step named `undo`. `args` commits to its arguments; `envelope` is the signed request for a reversal. */
  z.strictObject({
    type: z.literal("undo-started"),
    step,
    undo: RecordedStepId,
    kind: z.enum(["compensation", "reversal"]),
    by: z.string().max(100),
    member: MemberId.nullable(),
    request: z.string().max(60).nullable(),
    args: Commit,
    /** Versions at which the undo must find the records. */
    relies: z.array(Premise).max(64),
    envelope: Envelope.nullable(),
  }),
  /**
   * Somebody says later whether what the task decided was right. `automation` and `capabilities` (those with effects that its plans decided
   * about) let it be counted after the task is forgotten; `note` commits to words for people. `supersedes` is the earlier word of this source.
   */
  z.strictObject({
    type: z.literal("outcome-reported"),
    automation: AutomationName,
    capabilities: z.array(CapabilityName).max(LIMITS.outcomeCapabilities),
    correct: z.boolean(),
    label: OutcomeLabel.nullable(),
    source: OutcomeSource,
    /** Id of the API key that reported it. */
    by: z.string().max(100),
    occurredMs: z.int().min(0).nullable(),
    note: Commit.nullable(),
    supersedes: z.strictObject({ correct: z.boolean(), atMs: z.int().min(0) }).nullable(),
    /** The judgement of a sampled action, by a member. Absent of any other outcome. */
    judged: z.strictObject({ step, member: MemberId }).optional(),
  }),
  /** The task has failed and takes back what it did. `why` is what the task will give as its reason. */
  z.strictObject({ type: z.literal("compensation-started"), why: z.string().max(64) }),
  /** The time is over in which a person could ask for the reversal of this step. */
  z.strictObject({ type: z.literal("reversal-window-closed"), step }),
  /** `why` is a step's name or a word: at least as long as a name may be, because a record that the ledger refuses stops its executor. */
  z.strictObject({ type: z.literal("task-settled"), status: TaskStatus, why: z.string().max(64).nullable() }),
]);
export type TaskEvent = z.infer<typeof TaskEvent>;

/**
 * What a stop names. `automation` stops tasks of it, `capability` actions of it, `agent` plans of it, `release` plans under it, `key` what
 * that API key asks for, `tenant` everything.
 */
export const StopKind = z.enum(["automation", "capability", "agent", "release", "key", "tenant"]);
export type StopKind = z.infer<typeof StopKind>;

/** `stop-new` takes no new task and no new plan, and lets what is in flight finish; `stop-all` also claims no action any more. */
export const StopMode = z.enum(["stop-new", "stop-all"]);
export type StopMode = z.infer<typeof StopMode>;

/** What happens to an executor itself. */
export const ExecutorEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("release-learned"),
    automation: AutomationName,
    release: Digest,
    serial: z.int(),
    promotion: SignedPromotion,
  }),
  z.strictObject({
    type: z.literal("stop-set"),
    kind: StopKind,
    mode: StopMode,
    target: z.string().max(100),
    stop: z.string().max(60),
    by: z.string().max(100),
    reason: z.string().max(500),
  }),
  z.strictObject({
    type: z.literal("stop-lifted"),
    kind: StopKind,
    target: z.string().max(100),
    stop: z.string().max(60),
    envelope: Envelope,
    chain: z.array(Envelope),
  }),
  z.strictObject({
    type: z.literal("key-revoked"),
    kid: z.string().max(60),
    by: z.string().max(100),
    reason: z.string().max(500),
  }),
  /** The newest checkpoint of the ledger that this executor verified, in full, so that a later contradiction is provable. */
  z.strictObject({ type: z.literal("checkpoint-seen"), note: z.string().max(LIMITS.checkpointChars) }),
  /** The key of a data subject is destroyed: nobody reads the values of its tasks any more. `tasks` were sealed under it. */
  z.strictObject({
    type: z.literal("subject-erased"),
    key: SubjectKey,
    erasure: z.string().max(60),
    by: z.string().max(100),
    tasks: z.int().min(0),
  }),
  /** A data subject gave or withdrew consent to a purpose. `evidence` commits to a reference to where that is kept. */
  z.strictObject({
    type: z.literal("consent-recorded"),
    key: SubjectKey,
    purpose: Purpose,
    given: z.boolean(),
    evidence: Commit.nullable(),
    by: z.string().max(100),
  }),
  /** What the comparison of a region's own effect rows with the log found; `report` is the digest of the whole of it. */
  z.strictObject({
    type: z.literal("completeness-checked"),
    region: RegionId,
    fromMs: z.int().min(0),
    toMs: z.int().min(0),
    effects: z.int().min(0),
    actions: z.int().min(0),
    missing: z.int().min(0),
    extra: z.int().min(0),
    /** It was compared to the end of the span. */
    whole: z.boolean(),
    report: Digest,
    by: z.string().max(100),
  }),
  z.strictObject({ type: z.literal("alarm-raised"), code: Code, detail: z.string().max(500) }),
  /** People settled that the log goes on from an earlier checkpoint (shared/epoch.ts): ends the alarm, and what was seen of the log that ended counts no more. */
  z.strictObject({
    type: z.literal("epoch-accepted"),
    epoch: EpochId,
    envelope: Envelope,
    chains: z.array(z.array(Envelope).max(LIMITS.enrolmentDepth)).min(1).max(LIMITS.envelopeSignatures),
  }),
  /**
   * The storage of this executor went back to an earlier moment; the records before this one were taken from the ledger, up to the head that two
   * people signed (shared/rewind.ts). `lost`: of them, those whose values are gone; `setAside`: what was recorded after the rewind and stays
   * out of the chain; `tasks`: tasks with a lost record that had not settled, and end.
   */
  z.strictObject({
    type: z.literal("chain-restored"),
    rewind: RewindId,
    lost: z.int().min(0),
    setAside: z.int().min(0),
    tasks: z.int().min(0),
    envelope: Envelope,
    chains: z.array(z.array(Envelope).max(LIMITS.enrolmentDepth)).min(1).max(LIMITS.envelopeSignatures),
  }),
]);
export type ExecutorEvent = z.infer<typeof ExecutorEvent>;

/**
 * One record of an executor's chain: everything that one commit round did to one task (or to the executor, when `task` is null).
 * Its hash is SHA-256 over its canonical JSON; `prev` is the hash of the record before it, 64 zeros for the first.
 */
export const ChainRecord = z.strictObject({
  version: z.literal(1),
  executor: ExecutorName,
  seq: z.int().min(1),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  atMs: z.int().min(0),
  task: TaskId.nullable(),
  events: z.array(z.union([TaskEvent, ExecutorEvent])).min(1),
});
export type ChainRecord = z.infer<typeof ChainRecord>;

export const GENESIS_HASH = "0".repeat(64);

/** Signed by an admin (or the root): lifts a stop. Stops are set without a signature, because stopping is always safe. */
export const Restore = z.strictObject({
  version: z.literal(1),
  tenant: z.string(),
  kind: StopKind,
  target: z.string().max(100),
  /** Id of the stop that ends; a later stop of the same target needs its own restore. */
  stop: z.string().max(60),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Restore = z.infer<typeof Restore>;
