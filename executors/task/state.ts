/**
 * The state of one task, as the fold of its events. Each phase of a step carries only what that phase needs.
 */
import type { Classification } from "../../shared/classifier/classification.ts";
import type { MemoryShown } from "../../shared/memory.ts";
import type { Disclosure, Disclosures } from "../../shared/commitments.ts";
import type { Principal, StepDecision, StepStatus, TaskStatus } from "../../shared/events.ts";
import { unreachable } from "../../shared/result.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { failedElements, isLeftOut } from "../../shared/fan-out.ts";
import type { FanOutElement } from "../../shared/playbook.ts";
import type { PlannerKind, Premise } from "../../shared/proposal.ts";
import type { Provenance } from "../../shared/provenance.ts";
import type { HeldPremise } from "../../shared/receipt.ts";
import type { ProblemCode } from "../../shared/problems.ts";
import type { Subject } from "../../shared/attestation.ts";
import type { FeatureValue } from "../../shared/features.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Toggles } from "../../shared/toggles.ts";
import type { Observed, Prediction } from "./prediction.ts";
import { undoStepId, type UndoTemplate } from "../../shared/undo.ts";

export type Requirement = { readonly rule: string; readonly role: string; readonly quorum: number };
export type Approval = { readonly attestation: string; readonly member: string; readonly roles: readonly string[] };

export type Review = {
  readonly id: string;
  readonly subject: string;
  readonly parts: Subject;
  readonly required: readonly Requirement[];
  readonly approvals: readonly Approval[];
  readonly requestedMs: number;
  readonly expiresMs: number;
  readonly status: "waiting" | "approved" | "rejected" | "expired" | "withdrawn";
};

export type StepPhase =
  /** Waits for its dependencies, or for its target to be read. */
  | { readonly at: "proposed" }
  | { readonly at: "awaiting_review" }
  /** Approved; the target is read again before the act. */
  | { readonly at: "approved" }
  | { readonly at: "applying"; readonly attempt: number }
  /** Waits; `untilMs` null: until the task ends. */
  | {
      readonly at: "waiting";
      readonly wait: "time" | "signal" | "event";
      readonly name: string | null;
      readonly untilMs: number | null;
      readonly onTimeout: "fail" | "continue";
    }
  | { readonly at: "retrying"; readonly retryAtMs: number; readonly code: ProblemCode }
  | {
      readonly at: "applied";
      readonly result: Disclosure & { readonly commitment: string };
      readonly seq: number;
      readonly atMs: number;
      readonly replayed: boolean;
    }
  | { readonly at: "failed"; readonly code: ProblemCode }
  | { readonly at: "denied"; readonly rules: readonly string[]; readonly byDefault: boolean }
  | { readonly at: "rejected"; readonly by: string }
  | { readonly at: "skipped"; readonly why: string }
  /** `askAtMs` is when the target is asked again; null when only a person can say what happened. */
  | {
      readonly at: "in_doubt";
      readonly attempt: number;
      readonly code: ProblemCode;
      readonly sinceMs: number;
      readonly asked: number;
      readonly askAtMs: number | null;
    }
  | { readonly at: "expired" };

export type StepState = {
  readonly id: string;
  /** Position in its plan. */
  readonly index: number;
  readonly round: number;
  readonly planner: PlannerKind;
  readonly agent: string;
  /** The member behind the agent, who may not approve. */
  readonly agentMember: string | null;
  readonly proposal: string;
  readonly action: string;
  readonly capability: string;
  readonly contract: string;
  /** Digest of the signed step. */
  readonly digest: string;
  /** As planned: values disclosed, references not yet resolved. */
  readonly args: JsonObject;
  readonly after: readonly string[];
  readonly when: string | null;
  /** The fan-out that it is an element of, where elements may fail. */
  readonly fanOut: FanOutElement | null;
  readonly expected: readonly Premise[];
  readonly provenance: { readonly [argument: string]: Provenance };
  readonly claimedConfidence: number | null;
  /** The label that its plan follows; null where the release has no classifier. */
  readonly classified: Classification | null;
  /** What its planner was shown of memory, as it was signed. */
  readonly memory: readonly MemoryShown[] | undefined;
  /** The feature toggles that its plan carries. */
  readonly toggles: Toggles | undefined;
  readonly rationale: string | null;
  /** What it expects to be read after the action, and what was. */
  readonly predicted: Prediction | null;
  readonly observed: Observed | null;
  readonly decision: StepDecision;
  /** Set once the step is resolved. */
  readonly resolvedArgs: JsonObject | null;
  readonly premises: readonly HeldPremise[];
  readonly tags: readonly string[];
  readonly effectKey: string | null;
  readonly review: Review | null;
  /** Claims so far. */
  readonly attempts: number;
  /** Attempts that were proved not executed, and when the first of them was. */
  readonly refusals: number;
  /** How often nothing permitted it. */
  readonly holds: number;
  /** When it was claimed last. */
  readonly claimedMs: number | null;
  readonly refusedSinceMs: number | null;
  /** A person's word on an attempt that was in doubt, and what the target said against it later. */
  readonly resolved: Resolved | null;
  readonly detail: string | null;
  /** What takes the action back, as it was signed with it. */
  readonly undo: UndoTemplate | null;
  /** Versions at which the applied action left what it changed; null before, and for a read. */
  readonly left: readonly Premise[] | null;
  readonly windowClosed: boolean;
  /** It was drawn for the audit sample. */
  readonly sampled: { readonly rate: number; readonly dueMs: number } | null;
  /** Of an undo: what it takes back, and who asked for it. */
  readonly undoes: Undoes | null;
  readonly phase: StepPhase;
};

export type Undoes = {
  readonly step: string;
  readonly action: string;
  /** The domain key that it holds, which the undo frees. */
  readonly effectKey: string | null;
  /** Capability of the action that is taken back. */
  readonly capability: string;
  readonly kind: "compensation" | "reversal";
  readonly by: string;
  /** Id of the signed request for a reversal. */
  readonly request: string | null;
};

export type Resolved = {
  readonly resolution: string;
  readonly member: string;
  readonly outcome: "applied" | "not-applied";
  readonly attempt: number;
  readonly contradiction: "applied" | "refused" | null;
};

/** `value` until a step takes it. */
export type KeptSignal = {
  readonly id: string;
  readonly name: string;
  readonly commitment: string;
  readonly salt: string;
  readonly bytes: number;
  readonly value: Json;
  readonly takenBy: string | null;
};

/** A word on whether the task decided right. */
export type ReportedOutcome = {
  readonly source: string;
  readonly correct: boolean;
  readonly label: string | null;
  readonly by: string;
  readonly occurredMs: number | null;
  /** When it was recorded. */
  readonly atMs: number;
  readonly note: string | null;
  /** Of a judgement of the audit sample. */
  readonly judged: { readonly step: string; readonly member: string } | null;
};

export type TaskState = {
  readonly id: string;
  readonly automation: string;
  readonly release: string;
  readonly region: string;
  readonly input: Disclosure & { readonly value: JsonObject; readonly commitment: string };
  readonly requestDigest: string;
  /** The label that its playbook was followed with; null where its release has no classifier. */
  readonly classified: Classification | null;
  /** The feature toggles of the newest plan that carries any. */
  readonly toggles: Toggles | undefined;
  /** Anomaly gates that send its writes to people. */
  readonly unusual: readonly string[] | undefined;
  readonly principal: Principal;
  readonly trigger: { readonly kind: string; readonly id: string } | null;
  readonly purpose: string | null;
  readonly traceparent: string | null;
  /** Keys of the data subjects whom it is about; what it stores is sealed under them. */
  readonly subjects: readonly string[];
  /** One of them was erased: the values are gone, the task has ended or ends. */
  readonly erased: boolean;
  /** Values of it were lost when the executor was restored: nothing more is done, and it has ended or ends. */
  readonly restored: boolean;
  readonly openedMs: number;
  readonly updatedMs: number;
  readonly deadlineMs: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Newest admitted round. */
  readonly round: number;
  /** Key of each request that made a plan → the plan's round and the request's digest: a repeated proposal finds what it made. */
  readonly planByRequest: ReadonlyMap<string, { readonly round: number; readonly digest: string }>;
  /** No further plan will come. */
  readonly last: boolean;
  readonly cancelledBy: string | null;
  /** Signals by their ids, in the order in which they came. */
  readonly signals: ReadonlyMap<string, KeptSignal>;
  /** The task has failed and takes back what it did. */
  readonly compensating: boolean;
  /** Planning of the next round has stopped, and why; null while it may go on. */
  readonly planningStopped: { readonly code: ProblemCode; readonly next: "person" | "end" } | null;
  /** Further attempts that all steps have had. */
  readonly retries: number;
  readonly steps: ReadonlyMap<string, StepState>;
  /** What the release computed from the input, as the first plan says; empty where it declares none. */
  readonly features: readonly FeatureValue[];
  /** In the order in which they came. */
  readonly reported: readonly ReportedOutcome[];
  readonly settled: { readonly status: TaskStatus; readonly why: string | null } | null;
};

/** The values behind a record's commitments, and words for people that are not part of the record. Stored beside it, in the region. */
export type Private = {
  readonly values: Disclosures;
  readonly details: { readonly [step: string]: string };
  readonly requestDigest: string | null;
  /** Key of the request that made the plan of this record. */
  readonly requestKey: string | null;
  /** What policy saw in this record and its events do not say. */
  readonly facts?: RecordedFacts | null;
  /** A data subject of the task was erased: nothing of this can be read. */
  readonly erased?: true;
  /** The record was taken back from the ledger: its values are lost. */
  readonly restored?: true;
};

export type RecordedFacts = {
  /** When the plan was decided, where that was before the record. */
  readonly decidedMs?: number;
  /** By step, where the release's policy asks for consent. */
  readonly consent?: { readonly [step: string]: { readonly recorded: boolean; readonly given: boolean } };
};

export const isTerminal = (phase: StepPhase): boolean => {
  switch (phase.at) {
    case "applied":
    case "failed":
    case "denied":
    case "rejected":
    case "skipped":
    case "expired":
      return true;
    case "proposed":
    case "awaiting_review":
    case "approved":
    case "applying":
    case "retrying":
    case "waiting":
    case "in_doubt":
      return false;
    default:
      return unreachable(phase);
  }
};

/** Nothing of the step is under way, so it can end without asking anyone. */
export const isIdle = (step: StepState): boolean =>
  step.phase.at === "proposed" ||
  step.phase.at === "awaiting_review" ||
  step.phase.at === "approved" ||
  step.phase.at === "retrying" ||
  step.phase.at === "waiting";

/** Whether the step ended without the effect it was meant to have. */
export const isUnsuccessful = (phase: StepPhase): boolean =>
  isTerminal(phase) && phase.at !== "applied" && !(phase.at === "skipped" && isLeftOut(phase.why));

/** Whether a step that failed is one of the elements of its fan-out that may. */
export function mayHaveFailed({ steps }: TaskState, step: StepState): boolean {
  const { fanOut } = step;
  if (fanOut === null) return false;
  const failed = [...steps.values()].filter(({ round, phase }) => round === step.round && isUnsuccessful(phase));
  return (
    failedElements(
      fanOut,
      failed.map((one) => one.fanOut),
    ) <= fanOut.mayFail
  );
}

export function stepStatus(phase: StepPhase): StepStatus {
  switch (phase.at) {
    case "approved":
      return "ready";
    case "rejected":
      return "denied";
    // What it does is under way; the view says what it waits for.
    case "waiting":
      return "applying";
    default:
      return phase.at;
  }
}

/** Whether nothing of the task can change any more by itself: it has settled and no undo is under way. */
export const isQuiet = (state: TaskState): boolean => state.settled !== null && !isUndoing(state);

export const isUndoing = (state: TaskState): boolean =>
  [...state.steps.values()].some((step) => step.undoes !== null && !isTerminal(step.phase));

/** Whether a step may still move: in a settled task only undos do. */
export const isLive = (state: TaskState, step: StepState): boolean => state.settled === null || step.undoes !== null;

/** Whether a step is kept from moving by the cancellation of its task; an undo never is. */
export const isCancelled = (state: TaskState, step: StepState): boolean =>
  state.cancelledBy !== null && step.undoes === null;

export function taskStatus(state: TaskState): TaskStatus {
  if (state.settled !== null) return state.settled.status;
  if (state.compensating) return "compensating";
  const planning = state.planningStopped === null ? "planning" : "waiting";
  if (state.round === 0) return planning;
  const open = [...state.steps.values()].filter((step) => !isTerminal(step.phase));
  if (open.length === 0) return planning;
  const waits = (step: StepState) =>
    step.phase.at === "awaiting_review" ||
    step.phase.at === "waiting" ||
    step.phase.at === "in_doubt" ||
    isBlockedBy(state, step);
  return open.every(waits) ? "waiting" : "running";
}

/** Whether nothing but a person's decision can move the task: a target that owes an answer, or a wait, still moves by itself. */
export const needsPerson = (state: TaskState): boolean =>
  taskStatus(state) === "waiting" &&
  [...state.steps.values()].every(
    ({ phase }) => phase.at !== "waiting" && (phase.at !== "in_doubt" || phase.askAtMs === null),
  );

const isBlockedBy = (state: TaskState, step: StepState): boolean =>
  step.phase.at === "proposed" && step.after.some((id) => !isTerminal(state.steps.get(id)!.phase));

/** Results of applied steps, for references and for policy. */
export const resultsOf = (
  state: TaskState,
): { readonly [step: string]: { readonly capability: string; readonly result: Json } } =>
  Object.fromEntries(
    [...state.steps.values()].flatMap((step) =>
      step.phase.at === "applied" ? [[step.id, { capability: step.capability, result: step.phase.result.value }]] : [],
    ),
  );

export const plainResults = (state: TaskState): { readonly [step: string]: Json } =>
  Object.fromEntries(Object.entries(resultsOf(state)).map(([step, { result }]) => [step, result]));

/** The newest undo of a step, or null. */
export function undoOf(state: TaskState, step: string): StepState | null {
  for (let attempt = LIMITS.undoAttempts; attempt >= 1; attempt--) {
    const found = state.steps.get(undoStepId(step, attempt));
    if (found !== undefined) return found;
  }
  return null;
}
