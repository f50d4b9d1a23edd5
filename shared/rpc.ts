/**
 * The calls of the executors, and how Workers call each other at all. intent-manager → executors → ledger, and intent-manager → ledger; nothing else.
 * Expected failures come back as values (`Result`); only broken runtimes throw. Every callee parses what it receives.
 */
import type { ReplayAnswer } from "./api/replay.ts";
import type { CompletenessFound } from "./rpc/answers.ts";
import type { CapabilityContract } from "./capability.ts";
import type { Principal, StopKind, StopMode } from "./events.ts";
import type { Disclosure } from "./commitments.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ModelCall } from "./model.ts";
import type { ProblemCode } from "./problems.ts";
import type { Result } from "./result.ts";
import type { ReleaseDelivery } from "./release.ts";
import type { SignedAttestation } from "./attestation.ts";
import type { RewindApplied } from "./api/rewinds.ts";
import type { SignedEpoch } from "./epoch.ts";
import type { SignedRewind } from "./rewind.ts";
import type { Envelope } from "./signing.ts";
import type { SignedResolution } from "./resolution.ts";
import type { OwedKind, OwedView } from "./api/oversight.ts";
import type { DoubtView, ReviewView, TaskEventView, TaskView } from "./views.ts";

/** Opens a task; carries its first plan where the planner is a playbook. */
export type SubmitCommand = {
  readonly task: string;
  readonly automation: string;
  readonly release: string;
  readonly region: string;
  /** Opens the input commitment that the plan names. */
  readonly input: Disclosure & { readonly value: JsonObject };
  /** Digest over the request as received: the same task id with another digest is an idempotency conflict. */
  readonly requestDigest: string;
  readonly principal: Principal;
  readonly trigger: { readonly kind: string; readonly id: string } | null;
  readonly purpose: string | null;
  /** Data subjects that the request names beside those that the contract marks. */
  readonly subjects?: readonly string[];
  /** Anomaly gates that found the input unusual and send its writes to people; absent where none did. */
  readonly unusual?: readonly string[];
  readonly traceparent: string | null;
  readonly plan: SignedPlan | null;
  /** Present on the second attempt, after `release-needed`. */
  readonly delivery: ReleaseDelivery | null;
  /** How long to wait for the task to settle before answering, at most `LIMITS.waitSeconds`. */
  readonly waitMs: number;
};

/** A plan's envelope with the values behind its commitments, by commitment. */
export type SignedPlan = {
  readonly envelope: Envelope;
  readonly disclosures: { readonly [commitment: string]: Disclosure };
};

/** Admits a plan into an open task. */
export type ProposeCommand = {
  readonly task: string;
  readonly plan: SignedPlan;
  /** Names the request: a digest over who asks and their idempotency key, or `requestDigest` where they gave none. */
  readonly requestKey: string;
  /** Digest over the request as received: the same key with another digest is an idempotency conflict. */
  readonly requestDigest: string;
  /** The lease under which it was planned, where no agent did. */
  readonly epoch?: number;
  readonly delivery: ReleaseDelivery | null;
  readonly waitMs: number;
};

/** The right to plan the next round of a task, until the next one is given out. */
export type PlanningLease = {
  readonly epoch: number;
  /** Planning has stopped before, and a person was asked. */
  readonly stopped: boolean;
  /** No further plan is taken: the last one has come, or the task is ending. */
  readonly closed: boolean;
  readonly context: TaskContext;
};
export type StopPlanningCommand = {
  readonly task: string;
  readonly epoch: number;
  readonly code: ProblemCode;
  readonly next: "person" | "end";
  readonly calls: readonly ModelCall[];
  /** Transcripts of the calls, by commitment. */
  readonly disclosures: { readonly [commitment: string]: Disclosure };
};

/** What the intent-manager needs to decide a proposal into an open task. */
export type TaskContext = {
  readonly task: TaskView;
  readonly input: JsonObject;
  readonly inputCommitment: string;
  readonly purpose: string | null;
  /** Its input came out of an event. */
  readonly fromEvent: boolean;
  /** It is about a data subject, whoever named them: all that it holds ends with an erasure. */
  readonly ofSubject?: boolean;
  /** Round that the next plan must carry, or that of the plan which was admitted for this request already. */
  readonly nextRound: number;
  /** Every step already used in this task. */
  readonly stepIds: readonly string[];
  /** Results of applied read steps with the provenance of the arguments that named them. */
  readonly records: readonly {
    readonly step: string;
    readonly capability: string;
    readonly keyProvenance: string;
    readonly result: Json;
  }[];
  readonly results: JsonObject;
};

/** Somebody's word on whether a task decided right. */
export type OutcomeCommand = {
  readonly task: string;
  readonly correct: boolean;
  readonly label: string | null;
  readonly source: string;
  readonly occurredMs: number | null;
  readonly note: string | null;
  /** Id of the API key that reports it. */
  readonly by: string;
};
/** A member's word on whether a sampled action was right. */
export type JudgeCommand = {
  readonly task: string;
  readonly step: string;
  readonly correct: boolean;
  readonly label: string | null;
  readonly note: string | null;
  readonly member: string;
  /** Id of the member's API key. */
  readonly by: string;
};
export type SignalCommand = {
  readonly task: string;
  readonly name: string;
  readonly id: string;
  readonly payload: Json;
  /** Id of the API key that sends it. */
  readonly by: string;
};
/** `taken`: a step waited for it. `kept`: none does yet. `duplicate`: it was here before. */
export type SignalAnswer = { readonly status: "taken" | "kept" | "duplicate" };
export type TakeEventCommand = {
  readonly task: string;
  readonly step: string;
  readonly key: string;
  readonly event: CorrelatedEvent;
};
/** The part of a CloudEvent that a waiting step sees. */
export type CorrelatedEvent = {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly data: Json;
};

export type Submitted = { readonly view: TaskView; readonly duplicate: boolean };

export type StopCommand = {
  readonly kind: StopKind;
  readonly mode: StopMode;
  readonly target: string;
  readonly stop: string;
  readonly by: string;
  readonly reason: string;
};
export type StopAnswer = {
  readonly stop: string;
  /** What was claimed before and may still happen, the steps of an undo left out: they are exempt. */
  readonly alreadyClaimed: readonly Claimed[];
  /** There are more than the answer lists. */
  readonly more: boolean;
};
export type Claimed = {
  readonly task: string;
  readonly step: string;
  readonly capability: string;
  readonly action: string;
  /** When it was claimed. */
  readonly since: string;
};

/** A data subject by name, and by a digest under a secret of the tenant's: erasures are found by it once the name is gone. */
export type SubjectCommand = { readonly subject: string; readonly digest: string };
export type EraseCommand = SubjectCommand & { readonly erasure: string; readonly by: string };
export type ConsentCommand = SubjectCommand & {
  readonly purpose: string;
  readonly given: boolean;
  /** Where the proof of the consent is kept. */
  readonly evidence: string | null;
  readonly by: string;
};
/** What of erased values had left before: counted from the record, for whoever has to ask others to erase too. */
export type LeftBefore = {
  readonly actions: readonly { readonly capability: string; readonly delivery: string; readonly count: number }[];
  readonly agents: readonly { readonly agent: string; readonly tasks: number }[];
  readonly readers: readonly { readonly member: string; readonly tasks: number }[];
};
export type ErasedHere = {
  /** Tasks whose values were sealed under the destroyed keys. */
  readonly tasks: number;
  /** Those of which something still stands elsewhere: an action under way, or a database that gave no answer. */
  readonly remaining: number;
  readonly underWay: readonly Claimed[];
  readonly left: LeftBefore;
  readonly done: boolean;
};
export type SubjectHere = {
  /** Whether a key of this subject is held here. */
  readonly held: boolean;
  readonly tasks: number;
  readonly open: number;
  readonly consents: readonly {
    readonly purpose: string;
    readonly given: boolean;
    readonly evidence: string | null;
    readonly by: string;
    readonly at: string;
  }[];
  readonly erasures: readonly {
    readonly erasure: string;
    readonly at: string;
    readonly tasks: number;
    readonly remaining: number;
    readonly done: boolean;
  }[];
};
export type ConsentAnswer = { readonly alreadyClaimed: readonly Claimed[]; readonly more: boolean };

/** A task that only an operator can help: its stored record cannot be read, or going on with it fails (its capability is not deployed any more). */
export type StuckTask = { readonly task: string; readonly why: "record-unreadable" | "cannot-go-on" };

/** A message that was handed over to a queue and that no consumer could process. */
export type DeadLetter = {
  readonly task: string;
  readonly step: string;
  readonly capability: string;
  readonly action: string;
  readonly at: string;
};
export type DeadLetters = { readonly count: number; readonly newest: readonly DeadLetter[] };

/** A capability that an executor leaves alone because its tool changed. `found`: the digest that it had then, or `none`. */
export type QuarantinedTool = {
  readonly capability: string;
  readonly tool: string;
  readonly pinned: string;
  readonly found: string;
  readonly at: string;
};

/** What became of predictions: counts per automation and capability, and the newest actions that left something else (docs/tasks.md). */
export type Outcomes = {
  readonly counts: readonly {
    readonly automation: string;
    readonly capability: string;
    readonly matched: number;
    readonly mismatched: number;
    readonly unobserved: number;
  }[];
  readonly newest: readonly {
    readonly task: string;
    readonly step: string;
    readonly capability: string;
    readonly fields: readonly string[];
    readonly at: string;
  }[];
};

/** Ids of the keys of the three planes, as one executor holds them. */
export type ExecutorKeys = {
  /** Its own, for receipts and statements. */
  readonly signs: string;
  /** Those whose signatures count here, unless they are revoked. */
  readonly trusts: readonly string[];
  /** Those of the configuration, retired ones too, that are revoked here. */
  readonly revoked: readonly string[];
};

/** What an executor says about itself, for verifiers that compare views. */
export type Witness = {
  readonly executor: string;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly delivered: number;
  /** When the oldest record was written that the ledger does not have; null where it has all. Absent where an older executor answers. */
  readonly undeliveredSince?: string | null;
  /** When the oldest work should have been begun whose time has come; null where nothing is due. */
  readonly dueSince?: string | null;
  /** Signed note of the newest checkpoint it verified. */
  readonly checkpoint: string | null;
  readonly alarms: readonly { readonly code: string; readonly detail: string; readonly at: string }[];
  readonly tasks: { readonly open: number; readonly waiting: number };
  /** Tasks found unreadable, or unable to go on, since this object started; at most `LIMITS.stuckNamed`. */
  readonly stuck: readonly StuckTask[];
  readonly deadLetters: DeadLetters;
  readonly outcomes: Outcomes;
  /** Erasures of data subjects that are not done. */
  readonly erasing: number;
  readonly keys?: ExecutorKeys;
  readonly quarantined: readonly QuarantinedTool[];
  readonly stops: readonly {
    readonly kind: string;
    readonly mode: string;
    readonly target: string;
    readonly stop: string;
    readonly by: string;
    readonly reason: string;
    readonly at: string;
  }[];
};

/** What should have happened more than `LIMITS.jobLateMs` ago. */
export type Late = { readonly records: number; readonly timers: number; readonly reviews: number };
export type Reconciled = {
  readonly executor: string;
  readonly before: Late;
  readonly after: Late;
  readonly stuck: readonly StuckTask[];
};

/** One regional executor object, named `tenant/region/shard`. */
export interface ExecutorRpc extends Rpc.DurableObjectBranded {
  submit(command: SubmitCommand): Promise<Result<Submitted>>;
  propose(command: ProposeCommand): Promise<Result<Submitted>>;
  /**
   * {@link submit} and {@link propose} with the command and the answer as one JSON text each: what every task passes through costs half of
   * what it costs as objects, which the runtime would clone member by member. Refuses a text that is no JSON with invalid-request.
   */
  inText(call: "submit" | "propose", command: string): Promise<string>;
  /** Lets the caller plan the next round of a task; whoever had the lease before has lost it. Refuses with not-found, subject-erased. */
  leasePlanning(task: string): Promise<Result<PlanningLease>>;
  /** Planning gave nothing: the task waits for a person or ends. Refuses with planning-moved, task-settled, round-closed. */
  stopPlanning(command: StopPlanningCommand): Promise<Result<TaskView>>;
  context(task: string, requestKey: string): Promise<Result<TaskContext>>;
  read(task: string): Promise<Result<TaskView>>;
  /** Records what a comparison of its region's effects with the log found. */
  recordCompleteness(command: CompletenessFound): Promise<Result<null>>;
  /** Takes the task's decisions again, under its release or under a bundle that is given; nothing is done. */
  replay(task: string, bundle: string | null): Promise<Result<ReplayAnswer>>;
  /** Waits until the task settles or the time is over, with `orPerson` also until only a person can go on, then reads it. */
  wait(task: string, waitMs: number, orPerson?: boolean): Promise<Result<TaskView>>;
  /** Events after chain position `after`; when there are none yet, waits up to `waitMs`. */
  events(
    task: string,
    after: number,
    waitMs: number,
  ): Promise<Result<{ readonly events: readonly TaskEventView[]; readonly settled: boolean }>>;
  cancel(task: string, by: string): Promise<Result<TaskView>>;
  /** What waits for a person: reviews, and effects of which nobody knows whether they happened. */
  waiting(): Promise<Result<{ readonly reviews: readonly ReviewView[]; readonly doubts: readonly DoubtView[] }>>;
  review(id: string): Promise<Result<ReviewView>>;
  decide(review: string, signed: SignedAttestation): Promise<Result<ReviewView>>;
  /** A signal to a task; the same id again changes nothing. */
  /** Records what somebody says of a task, also after its end. */
  reportOutcome(command: OutcomeCommand): Promise<Result<TaskView>>;
  /** Refuses as reportOutcome does, and with not-found, approver-is-requester. */
  judge(command: JudgeCommand): Promise<Result<TaskView>>;
  /** What automatic actions owe to people: sampled ones to be judged, and notices, the oldest first. */
  owed(kind: OwedKind): Promise<Result<readonly OwedView[]>>;
  /** Notices that were sent. */
  noticed(told: readonly { readonly task: string; readonly step: string }[]): Promise<Result<null>>;
  signal(command: SignalCommand): Promise<Result<SignalAnswer>>;
  /** An event for one waiting step: `late` where it does not wait for it any more. Called by the correlation objects. */
  takeEvent(command: TakeEventCommand): Promise<Result<"taken" | "late">>;
  /** A person's signed word on what became of an effect in doubt. */
  resolve(task: string, step: string, signed: SignedResolution): Promise<Result<TaskView>>;
  /** Takes an applied action back, as `request` (a signed `Reversal`) asks; waits up to `waitMs` for the undo to end or to wait for a person. */
  reverse(task: string, step: string, request: Envelope, waitMs: number): Promise<Result<TaskView>>;
  stop(command: StopCommand): Promise<Result<StopAnswer>>;
  restore(signed: {
    readonly envelope: Envelope;
    readonly chain: readonly Envelope[];
  }): Promise<Result<{ readonly stop: string }>>;
  /** Destroys the keys of a data subject and removes what of its tasks stands elsewhere; repeated until `done`. */
  eraseSubject(command: EraseCommand): Promise<Result<ErasedHere>>;
  subject(command: SubjectCommand): Promise<Result<SubjectHere>>;
  /** Records a subject's word on a purpose. Withdrawn, nothing of its tasks for that purpose is claimed after the answer. */
  recordConsent(command: ConsentCommand): Promise<Result<ConsentAnswer>>;
  revokeKey(command: { readonly kid: string; readonly by: string; readonly reason: string }): Promise<Result<null>>;
  /** Ends this executor's alarm where an epoch that stands in the log says so; what the log lost is delivered again. */
  acceptEpoch(signed: SignedEpoch): Promise<Result<{ readonly epoch: string }>>;
  /** Takes what this executor's storage lost from the ledger, as two people signed, and ends its alarm. */
  acceptRewind(signed: SignedRewind): Promise<Result<RewindApplied>>;
  learn(delivery: ReleaseDelivery): Promise<Result<{ readonly release: string; readonly serial: number }>>;
  witness(): Promise<Result<Witness>>;
  /** Does again what the alarm does, and says what is late before and after it. */
  reconcile(): Promise<Result<Reconciled>>;
}

/** The stateless entrypoint of the executors Worker. */
export interface ExecutorsRpc extends Rpc.WorkerEntrypointBranded {
  capabilities(): Promise<readonly CapabilityContract[]>;
  /** An event with a correlation key, for the steps that wait for it now or later. */
  deliverEvent(command: {
    readonly tenant: string;
    readonly key: string;
    readonly event: CorrelatedEvent;
  }): Promise<Result<EventDelivered>>;
  /** Rows of a business database's own effect table, for the completeness check. */
  effects(query: {
    readonly tenant: string;
    readonly region: string;
    readonly after: string;
    readonly limit: number;
    /** Only rows from and to (exclusive) these times. */
    readonly fromMs?: number;
    readonly toMs?: number;
  }): Promise<Result<readonly EffectRow[]>>;
  /** The rows of these actions, as far as there are any. */
  effectsOf(query: {
    readonly tenant: string;
    readonly region: string;
    readonly actions: readonly string[];
  }): Promise<Result<readonly EffectRow[]>>;
}
/** `taken`: steps that waited for it; more may follow while it is kept. */
export type EventDelivered = { readonly duplicate: boolean; readonly taken: number };
export type EffectRow = {
  readonly action: string;
  readonly task: string;
  readonly step: string;
  readonly status: string;
  readonly atMs: number;
};
