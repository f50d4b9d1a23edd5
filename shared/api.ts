/**
 * Answers of the public HTTP interface that are more than one task or review: the server validates its document with them, the client
 * its answers. Times are RFC 3339 in UTC; `incomplete` always lists the executors that did not answer in time.
 */
import * as z from "zod";
import { CapabilityContract } from "./capability.ts";
import { StepDecision, StepStatus, StopKind, StopMode, TaskStatus, Principal } from "./events.ts";
import { PublicJwk } from "./keys.ts";
import { HeldPremise } from "./receipt.ts";
import { Envelope } from "./signing.ts";
import { DoubtView, JsonValue, ReviewView, TaskView } from "./views.ts";

const At = z.iso.datetime();
const Incomplete = z.array(z.string());

/** What a reversal of a step would meet. */
export const DependentsView = z.object({
  status: StepStatus,
  reversibleUntil: z.iso.datetime().nullable(),
  /** The newest step that takes this one back, or null. */
  undo: z.string().nullable(),
  /** Later actions that touched the same things and were not taken back, newest first. */
  dependents: z.array(
    z.object({
      task: z.string(),
      step: z.string(),
      action: z.string(),
      at: z.iso.datetime(),
      tags: z.array(z.string()),
    }),
  ),
});
export type DependentsView = z.infer<typeof DependentsView>;

/** `task` is null where an action that depends on this one is still being taken back. */
export const ReversalAnswer = z.object({
  status: StepStatus,
  undo: z.string().nullable(),
  cascaded: z.array(z.object({ task: z.string(), step: z.string(), status: z.string() })),
  task: TaskView.nullable(),
});
export type ReversalAnswer = z.infer<typeof ReversalAnswer>;

export const TaskLinks = z.object({ self: z.string(), events: z.string(), explain: z.string() });
/** Answer 202 to an intent or a proposal; a settled task is answered 200 with its view instead. */
export const Accepted = z.object({ task: z.string(), status: TaskStatus, links: TaskLinks });
export type Accepted = z.infer<typeof Accepted>;

/** A row of the ledger's read model; it follows the record with a small delay. */
export const TaskSummary = z.object({
  task: z.string(),
  automation: z.string(),
  status: z.string(),
  region: z.string(),
  executor: z.string(),
  openedAt: z.string(),
  updatedAt: z.string(),
  firstIndex: z.int(),
  lastIndex: z.int(),
});
export const TaskPage = z.object({ tasks: z.array(TaskSummary), next: z.string().nullable() });
export type TaskPage = z.infer<typeof TaskPage>;

/** `taken`: a step waited for it. `kept`: none does yet. `duplicate`: it was here before. */
export const SignalReceived = z.object({
  task: z.string(),
  id: z.string(),
  status: z.enum(["taken", "kept", "duplicate"]),
});
export type SignalReceived = z.infer<typeof SignalReceived>;

/** `taken`: steps that waited for it; while it is kept, steps that begin to wait take it too. */
export const EventAccepted = z.object({
  source: z.string(),
  id: z.string(),
  duplicate: z.boolean(),
  taken: z.int(),
});
export type EventAccepted = z.infer<typeof EventAccepted>;

/** What waits for a person: decisions, and effects of which nobody knows whether they happened. */
export const ReviewPage = z.object({
  reviews: z.array(ReviewView),
  doubts: z.array(DoubtView),
  incomplete: Incomplete,
});
export type ReviewPage = z.infer<typeof ReviewPage>;

/** One signature of a person over a step, as the record holds it. */
export const ExplainedAttestation = z.object({
  attestation: z.string(),
  decision: z.enum(["approve", "reject"]),
  member: z.string(),
  roles: z.array(z.string()),
  kid: z.string(),
  reason: z.string().nullable(),
  at: At,
});

export const ExplainedStep = z.object({
  id: z.string(),
  round: z.int(),
  capability: z.string(),
  status: StepStatus,
  after: z.array(z.string()),
  args: JsonValue,
  /** Argument → whose words it repeats. */
  provenance: z.record(z.string(), z.string()),
  /** What the executor decided, with the rules that decided. */
  decision: StepDecision.nullable(),
  /** The same in words. */
  because: z.string(),
  review: z.string().nullable(),
  attestations: z.array(ExplainedAttestation),
  result: JsonValue.nullable(),
  tags: z.array(z.string()),
  premises: z.array(HeldPremise),
  appliedAt: At.nullable(),
  replayed: z.boolean(),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  /** Key that signed the receipt. */
  receiptKid: z.string().nullable(),
});

/** Why a task ended as it did, from its view and its ledger entries alone. */
export const Explanation = z.object({
  task: z.string(),
  automation: z.string(),
  release: z.string(),
  region: z.string(),
  status: TaskStatus,
  settled: z.boolean(),
  why: z.string().nullable(),
  asked: z.object({
    principal: Principal,
    trigger: z.object({ kind: z.string(), id: z.string() }).nullable(),
    purpose: z.string().nullable(),
    input: JsonValue,
    at: At,
  }),
  plans: z.array(
    z.object({
      round: z.int(),
      plan: z.string(),
      planner: z.string(),
      agent: z.string(),
      last: z.boolean(),
      /** Key ids that signed the plan. */
      kids: z.array(z.string()),
      at: At,
    }),
  ),
  steps: z.array(ExplainedStep),
  record: z.object({
    executor: z.string(),
    /** Position of the newest record in the executor's chain, and whether the ledger has it. */
    seq: z.int(),
    recorded: z.boolean(),
    entries: z.array(z.object({ index: z.int(), id: z.string(), proof: z.string() })),
    /** Size of the newest signed checkpoint. */
    checkpointSize: z.int().nullable(),
    /** What of the record could not be read; empty normally. */
    missing: z.array(z.string()),
  }),
});
export type Explanation = z.infer<typeof Explanation>;

/** A stop that stands. Lifting it takes a signed restore that names its id. */
export const StopView = z.object({
  stop: z.string(),
  mode: StopMode,
  by: z.string(),
  reason: z.string(),
  at: At,
});
export const Stopped = z.object({
  stop: z.string(),
  /** What the executors had already claimed when they were told: it may still happen. */
  alreadyClaimed: z.array(
    z.object({ task: z.string(), step: z.string(), capability: z.string(), action: z.string(), since: At }),
  ),
  /** More was claimed than is listed. */
  more: z.boolean(),
  /** Every executor has confirmed: nothing is claimed any more. False while `incomplete` names any; they are told for some time more. */
  done: z.boolean(),
  incomplete: Incomplete,
});
export type Stopped = z.infer<typeof Stopped>;
/** Every stop that stands. */
export const StopPage = z.object({ stops: z.array(StopView.extend({ kind: StopKind, target: z.string() })) });
export type StopPage = z.infer<typeof StopPage>;
export const Restored = z.object({ stop: z.string(), incomplete: Incomplete });
export type Restored = z.infer<typeof Restored>;
export const KeyRevoked = z.object({ kid: z.string(), incomplete: Incomplete });
export type KeyRevoked = z.infer<typeof KeyRevoked>;

export const CapabilityView = z.object({
  contract: CapabilityContract,
  digest: z.string(),
  stop: StopView.nullable(),
});
export const CapabilityPage = z.object({ capabilities: z.array(CapabilityView) });
export type CapabilityPage = z.infer<typeof CapabilityPage>;

export const ReleaseView = z.object({
  release: z.string(),
  createdAt: At,
  /** Serial of its newest promotion; null where it was never promoted. */
  serial: z.int().nullable(),
});
export const AutomationView = z.object({
  name: z.string(),
  /** The release in force; null where none is promoted. */
  release: z.string().nullable(),
  serial: z.int(),
  promotedAt: At.nullable(),
  summary: z.string().nullable(),
  owner: z.string().nullable(),
  tier: z.int().nullable(),
  planner: z.string().nullable(),
  /** Set while the automation is paused. */
  stop: StopView.nullable(),
  releases: z.array(ReleaseView),
});
export type AutomationView = z.infer<typeof AutomationView>;
export const AutomationPage = z.object({ automations: z.array(AutomationView) });
export type AutomationPage = z.infer<typeof AutomationPage>;
export const ReleasePublished = z.object({
  automation: z.string(),
  release: z.string(),
  /** Smallest serial that a promotion may carry now. */
  nextSerial: z.int(),
});
export type ReleasePublished = z.infer<typeof ReleasePublished>;
export const ReleasePromoted = z.object({
  automation: z.string(),
  release: z.string(),
  serial: z.int(),
});
export type ReleasePromoted = z.infer<typeof ReleasePromoted>;

export const EnrolmentView = z.object({
  kid: z.string(),
  member: z.string(),
  roles: z.array(z.string()),
  createdAt: At,
  expiresAt: At,
  revokedAt: At.nullable(),
  envelope: Envelope,
  chain: z.array(Envelope),
});
export type EnrolmentView = z.infer<typeof EnrolmentView>;
/** A key that waits for an admin's signature; `possession` proves that whoever asks holds it. */
export const EnrolmentRequestView = z.object({
  kid: z.string(),
  member: z.string(),
  key: PublicJwk,
  createdAt: At,
  possession: Envelope,
});
export type EnrolmentRequestView = z.infer<typeof EnrolmentRequestView>;
export const EnrolmentPage = z.object({
  enrolments: z.array(EnrolmentView),
  requests: z.array(EnrolmentRequestView),
});
export type EnrolmentPage = z.infer<typeof EnrolmentPage>;

/** `body` is the entry's exact canonical text: the leaf of the log is its bytes. */
export const EntryPage = z.object({
  entries: z.array(z.object({ index: z.int(), body: z.string() })),
  next: z.int().nullable(),
});
export type EntryPage = z.infer<typeof EntryPage>;
/** RFC 6962 inclusion proof; hashes are base64, `checkpoint` is the signed note. */
export const InclusionProof = z.object({
  index: z.int(),
  size: z.int(),
  leafHash: z.string(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
});
export type InclusionProof = z.infer<typeof InclusionProof>;
export const TaskProof = z.object({ task: z.string(), proofs: z.array(InclusionProof) });
export type TaskProof = z.infer<typeof TaskProof>;
export const ConsistencyProof = z.object({
  from: z.int(),
  to: z.int(),
  proof: z.array(z.string()),
});
export type ConsistencyProof = z.infer<typeof ConsistencyProof>;

export const StuckTask = z.object({ task: z.string(), why: z.enum(["record-unreadable", "cannot-go-on"]) });

export const WitnessView = z.object({
  executor: z.string(),
  head: z.object({ seq: z.int(), hash: z.string() }),
  delivered: z.int(),
  checkpoint: z.string().nullable(),
  alarms: z.array(z.object({ code: z.string(), detail: z.string(), at: z.string() })),
  tasks: z.object({ open: z.int(), waiting: z.int() }),
  /** Tasks that only an operator can help. */
  stuck: z.array(StuckTask),
  stops: z.array(
    z.object({
      kind: z.string(),
      mode: z.string(),
      target: z.string(),
      stop: z.string(),
      by: z.string(),
      reason: z.string(),
      at: z.string(),
    }),
  ),
});
export const WitnessPage = z.object({ witnesses: z.array(WitnessView), incomplete: Incomplete });
export type WitnessPage = z.infer<typeof WitnessPage>;

/** Rows of a business database's own effect table. Ask again with `after` = `next` until it is null. */
export const EffectPage = z.object({
  effects: z.array(
    z.object({
      action: z.string(),
      task: z.string(),
      step: z.string(),
      status: z.string(),
      atMs: z.int(),
    }),
  ),
  next: z.string().nullable(),
});
export type EffectPage = z.infer<typeof EffectPage>;

export const LedgerHealthView = z.object({
  size: z.int(),
  root: z.string(),
  executors: z.array(z.object({ executor: z.string(), cursor: z.int() })),
  projections: z.array(z.object({ name: z.string(), cursor: z.int(), lag: z.int(), quarantined: z.int() })),
});

/** What the presented API key stands for. `member` is set where the key is bound to a person. */
export const Whoami = z.object({
  tenant: z.string(),
  key: z.string(),
  role: z.string(),
  member: z.string().nullable(),
});
export type Whoami = z.infer<typeof Whoami>;

/** Who is asking and what the system is doing now. */
export const Overview = z.object({
  tenant: z.string(),
  key: z.string(),
  role: z.string(),
  member: z.string().nullable(),
  regions: z.array(z.string()),
  shards: z.int(),
  /** Sums over the executors that answered. */
  tasks: z.object({ open: z.int(), waiting: z.int() }),
  executors: z.array(
    z.object({
      executor: z.string(),
      open: z.int(),
      waiting: z.int(),
      head: z.int(),
      delivered: z.int(),
      alarms: z.array(z.object({ code: z.string(), detail: z.string(), at: z.string() })),
      /** Tasks that only an operator can help; an agent, who may not list tasks, is told of none. */
      stuck: z.array(StuckTask),
      /** Capabilities left alone because the tool that they call has changed. An agent is told of none. */
      quarantined: z.array(
        z.object({ capability: z.string(), tool: z.string(), pinned: z.string(), found: z.string(), at: At }),
      ),
      /** Messages handed over to a queue that no consumer could process: all of them counted, the newest named. An agent is told of none. */
      deadLetters: z.object({
        count: z.int(),
        newest: z.array(
          z.object({ task: z.string(), step: z.string(), capability: z.string(), action: z.string(), at: At }),
        ),
      }),
    }),
  ),
  incomplete: Incomplete,
  /** Null when the ledger did not answer. */
  ledger: LedgerHealthView.nullable(),
});
export type Overview = z.infer<typeof Overview>;

/** What a verifier pins. Take it from the deploy configuration where you can: the server that is verified should not be the one that says whom to trust. */
export const TrustView = z.object({
  tenant: z.string(),
  rootKey: PublicJwk,
  /** Origin line of the tenant's log; null where the deploy configuration does not say. */
  logOrigin: z.string().nullable(),
  regions: z.array(z.string()),
  shards: z.int(),
  proposalKeys: z.array(PublicJwk),
  receiptKeys: z.array(PublicJwk),
  checkpointKeys: z.array(PublicJwk),
});
export type TrustView = z.infer<typeof TrustView>;

/** RFC 7517 key set. */
export const Jwks = z.object({
  keys: z.array(
    z.object({
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519"),
      x: z.string(),
      kid: z.string(),
      use: z.literal("sig"),
    }),
  ),
});
export type Jwks = z.infer<typeof Jwks>;

export const Health = z.object({
  status: z.enum(["ok", "failing"]),
  reasons: z.array(z.string()),
  /** The server's clock as it answered. */
  now: At,
});
export type Health = z.infer<typeof Health>;
