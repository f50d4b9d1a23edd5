/**
 * evolve(state, event) → state. The only place where a task's state changes; it never refuses, because events already happened.
 * Live execution and recovery both come through here (E4).
 */
import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { canonicalize, digestOf } from "../../shared/canonical.ts";
import { discloseFields, type Disclosure } from "../../shared/commitments.ts";
import type { StepDecision, TaskEvent } from "../../shared/events.ts";
import { actionId } from "../../shared/ids.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { isObject } from "../../shared/pointer.ts";
import { ERASED } from "../../shared/subjects.ts";
import { Plan, type ProposedStep } from "../../shared/proposal.ts";
import type { Provenance } from "../../shared/provenance.ts";
import { unreachable } from "../../shared/result.ts";
import type { Envelope } from "../../shared/signing.ts";
import type { Subject } from "../../shared/attestation.ts";
import { undoDigest, undoIdOf, undoneBy, undoProvenance } from "../../shared/undo.ts";
import { disclosuresIn } from "./disclose.ts";
import type { Observed, Prediction } from "./prediction.ts";
import type { Private, Review, StepPhase, StepState, TaskState } from "./state.ts";

export type At = { readonly task: string; readonly seq: number; readonly atMs: number };
/** A plan that was just verified is handed on, so that it is not parsed twice; recovery reads it from the envelope. */
export type Known = Private & { readonly plan?: Plan | undefined };

/** The state after an event of record `at`. `state` is null before the first event. */
export function evolve(state: TaskState | null, event: TaskEvent, at: At, known: Known): TaskState {
  if (event.type === "task-opened") return opened(event, at, known);
  if (state === null) throw new Error(`${at.task}: ${event.type} before task-opened`);
  const next = apply(state, event, at, known);
  return {
    ...next,
    erased: next.erased || known.erased === true,
    restored: next.restored || known.restored === true,
    lastSeq: at.seq,
    updatedMs: at.atMs,
  };
}

function opened(event: Extract<TaskEvent, { type: "task-opened" }>, at: At, known: Known): TaskState {
  const input = open(known, event.input);
  return {
    id: at.task,
    automation: event.automation,
    release: event.release,
    region: event.region,
    input: { ...input, value: input.value as JsonObject, commitment: event.input },
    requestDigest: known.requestDigest ?? "",
    principal: event.principal,
    trigger: event.trigger,
    purpose: event.purpose,
    traceparent: event.traceparent,
    subjects: event.subjects ?? [],
    erased: known.erased === true,
    restored: known.restored === true,
    openedMs: at.atMs,
    updatedMs: at.atMs,
    deadlineMs: event.deadlineMs,
    firstSeq: at.seq,
    lastSeq: at.seq,
    round: 0,
    planByRequest: new Map(),
    last: false,
    cancelledBy: null,
    signals: new Map(),
    compensating: false,
    planningStopped: null,
    classified: null,
    toggles: undefined,
    unusual: event.unusual,
    retries: 0,
    steps: new Map(),
    features: [],
    reported: [],
    settled: null,
  };
}

function apply(state: TaskState, event: Exclude<TaskEvent, { type: "task-opened" }>, at: At, known: Known): TaskState {
  switch (event.type) {
    case "plan-admitted": {
      const plan = known.plan ?? planOf(event.envelope);
      const steps = new Map(state.steps);
      plan.steps.forEach((step, index) => steps.set(step.id, proposed(state.id, plan, step, index, event, known)));
      const request = { round: event.round, digest: known.requestDigest ?? "" };
      const planByRequest = new Map(state.planByRequest).set(known.requestKey ?? event.plan, request);
      const classified = plan.classified ?? state.classified;
      return {
        ...state,
        round: event.round,
        planByRequest,
        last: event.last,
        steps,
        planningStopped: null,
        classified,
        toggles: plan.toggles ?? state.toggles,
        ...featuresIn(plan, known),
      };
    }
    case "planning-stopped": {
      const { code, next } = event;
      return { ...state, last: state.last || next === "end", planningStopped: { code, next } };
    }
    case "step-resolved": {
      const args = open(known, event.args).value as JsonObject;
      return withStep(state, event.step, {
        resolvedArgs: args,
        premises: event.premises,
        tags: event.tags,
        decision: event.decision,
      });
    }
    case "review-requested": {
      const shown = open(known, event.shown).value as Subject;
      const review: Review = {
        id: event.review,
        subject: event.subject,
        parts: shown,
        required: event.required,
        approvals: [],
        requestedMs: at.atMs,
        expiresMs: event.expiresMs,
        status: "waiting",
      };
      return withStep(state, event.step, { review, phase: { at: "awaiting_review" } });
    }
    case "attested": {
      const step = state.steps.get(event.step)!;
      const review = step.review!;
      if (event.decision === "reject")
        return withStep(state, event.step, {
          phase: { at: "rejected", by: event.member },
          detail: detailOf(known, event.step),
        });
      const approvals = [
        ...review.approvals,
        { attestation: event.attestation, member: event.member, roles: event.roles },
      ];
      return withStep(state, event.step, { review: { ...review, approvals } });
    }
    case "review-approved":
      return withReview(state, event.step, "approved", { at: "approved" });
    case "review-rejected":
      return withReview(state, event.step, "rejected", state.steps.get(event.step)!.phase);
    case "review-expired":
      return withReview(state, event.step, "expired", { at: "expired" });
    case "step-claimed":
      return withStep(state, event.step, {
        phase: { at: "applying", attempt: event.attempt },
        attempts: event.attempt,
        claimedMs: at.atMs,
        effectKey: event.effectKey,
      });
    case "step-applied": {
      const result = { ...open(known, event.result), commitment: event.result };
      const phase = { at: "applied", result, seq: at.seq, atMs: at.atMs, replayed: event.replayed } as const;
      return withStep(state, event.step, {
        phase,
        premises: event.premises,
        tags: event.tags,
        effectKey: event.effectKey,
        left: event.left,
        sampled: event.sampled ?? null,
      });
    }
    case "outcome-observed": {
      const { verdict, fields, code } = event;
      const isGone = event.values === null || known.erased === true;
      const values = isGone ? null : (open(known, event.values!).value as Observed["values"]);
      return withStep(state, event.step, { observed: { verdict, fields, code, values, atMs: at.atMs } });
    }
    case "undo-started":
      return undoing(state, event, known);
    case "compensation-started":
      return { ...state, compensating: true };
    case "reversal-window-closed":
      return withStep(state, event.step, { windowClosed: true });
    case "step-refused": {
      const detail = detailOf(known, event.step);
      const step = state.steps.get(event.step)!;
      const counted = { refusals: step.refusals + 1, refusedSinceMs: step.refusedSinceMs ?? at.atMs, detail };
      if (event.retryAtMs === null)
        return withStep(state, event.step, { ...counted, phase: { at: "failed", code: event.code } });
      const retrying = { at: "retrying", retryAtMs: event.retryAtMs, code: event.code } as const;
      return { ...withStep(state, event.step, { ...counted, phase: retrying }), retries: state.retries + 1 };
    }
    case "step-held":
      return withStep(state, event.step, {
        phase: { at: "retrying", retryAtMs: event.retryAtMs, code: event.code },
        holds: event.holds,
        detail: detailOf(known, event.step),
      });
    case "step-denied":
      return withStep(state, event.step, {
        phase: { at: "denied", rules: event.rules, byDefault: event.byDefault },
        detail: detailOf(known, event.step),
      });
    case "step-failed": {
      const phase: StepPhase = { at: "failed", code: event.code };
      return withdrawn(withStep(state, event.step, { phase, detail: detailOf(known, event.step) }), event.step);
    }
    case "step-in-doubt": {
      const before = state.steps.get(event.step)!.phase;
      const { attempt, code, asked, askAtMs } = event;
      const sinceMs = before.at === "in_doubt" ? before.sinceMs : at.atMs;
      return withStep(state, event.step, {
        phase: { at: "in_doubt", attempt, code, sinceMs, asked, askAtMs },
        detail: detailOf(known, event.step),
      });
    }
    case "doubt-resolved": {
      const { resolution, member, outcome, attempt } = event;
      const resolved = { resolution, member, outcome, attempt, contradiction: null };
      // What was applied gets its result with the event that follows.
      if (outcome === "applied") return withStep(state, event.step, { resolved });
      const phase: StepPhase = event.retry
        ? { at: "retrying", retryAtMs: at.atMs, code: "effect-in-doubt" }
        : { at: "failed", code: "effect-refused" };
      return withStep(state, event.step, { resolved, phase, detail: detailOf(known, event.step) });
    }
    case "answer-contradicted": {
      const { resolved } = state.steps.get(event.step)!;
      return withStep(state, event.step, { resolved: { ...resolved!, contradiction: event.answer } });
    }
    case "wait-started": {
      const { wait, name, untilMs, onTimeout } = event;
      return withStep(state, event.step, { phase: { at: "waiting", wait, name, untilMs, onTimeout } });
    }
    case "wait-ended":
      return event.by === "signal" ? signalTaken(state, event.id!, event.step) : state;
    case "signal-received": {
      const { name, id, payload, bytes } = event;
      const { salt, value } = open(known, payload);
      const signal = { id, name, commitment: payload, salt, bytes, value, takenBy: null };
      return { ...state, signals: new Map(state.signals).set(id, signal) };
    }
    case "step-skipped":
      return withdrawn(withStep(state, event.step, { phase: { at: "skipped", why: event.why } }), event.step);
    case "step-expired":
      return withdrawn(withStep(state, event.step, { phase: { at: "expired" } }), event.step);
    case "outcome-reported": {
      const { source, correct, label, by, occurredMs } = event;
      const note = event.note === null ? null : textOf(open(known, event.note).value);
      const reported = { source, correct, label, by, occurredMs, atMs: at.atMs, note, judged: event.judged ?? null };
      return { ...state, reported: [...state.reported, reported] };
    }
    case "cancel-requested":
      return { ...state, cancelledBy: event.by };
    case "task-settled":
      return { ...state, settled: { status: event.status, why: event.why } };
    default:
      return unreachable(event);
  }
}

function proposed(
  task: string,
  plan: Plan,
  step: ProposedStep,
  index: number,
  event: Extract<TaskEvent, { type: "plan-admitted" }>,
  known: Known,
): StepState {
  const args = discloseArgs(step.args as JsonObject, known);
  return {
    id: step.id,
    index,
    round: plan.round,
    planner: plan.agent.planner,
    agent: plan.agent.id,
    agentMember: plan.agent.member,
    proposal: step.proposal,
    action: actionId(task, plan.round, index),
    capability: step.capability,
    contract: step.contract,
    digest: digestOf(step),
    args,
    after: step.after,
    when: step.when,
    fanOut: step.fanOut ?? null,
    expected: step.premises,
    provenance: event.provenance[step.id] as { [argument: string]: Provenance },
    claimedConfidence: step.claimedConfidence,
    classified: plan.classified ?? null,
    memory: plan.memory,
    toggles: plan.toggles,
    rationale:
      step.rationale === null ? null : ((known.values[step.rationale.$commit]?.value ?? null) as string | null),
    predicted: step.predicted === null ? null : predictionOf(step.predicted.$commit, known),
    observed: null,
    decision: event.decisions[step.id]!,
    resolvedArgs: null,
    premises: [],
    tags: [],
    effectKey: null,
    review: null,
    attempts: 0,
    refusals: 0,
    holds: 0,
    claimedMs: null,
    refusedSinceMs: null,
    resolved: null,
    detail: null,
    undo: step.undo,
    left: null,
    windowClosed: false,
    sampled: null,
    undoes: null,
    phase: { at: "proposed" },
  };
}

/** A value that is gone with its subject reads like any other that is. */
function featuresIn({ features }: Plan, known: Known): Pick<TaskState, "features"> | Record<never, never> {
  if (features === undefined) return {};
  const { value } = open(known, features.values.$commit);
  const isThere = isObject(value) && !Object.hasOwn(value, "$erased");
  return { features: features.of.map((one) => ({ ...one, value: isThere ? (value[one.name] ?? null) : value })) };
}

/** The undo of a step, as a step of its own: everything in it follows from the undone step, its template and the event. */
function undoing(state: TaskState, event: Extract<TaskEvent, { type: "undo-started" }>, known: Known): TaskState {
  const done = state.steps.get(event.step)!;
  const template = done.undo!;
  const { attempt } = undoneBy(event.undo)!;
  const args = (open(known, event.args).value ?? {}) as JsonObject;
  const undo: StepState = {
    id: event.undo,
    index: done.index,
    round: done.round,
    planner: done.planner,
    agent: done.agent,
    agentMember: event.member ?? done.agentMember,
    proposal: undoIdOf(done.proposal, attempt),
    action: undoIdOf(done.action, attempt),
    capability: template.capability,
    contract: template.contract,
    digest: undoDigest(done.action, attempt, template),
    args,
    after: [],
    when: null,
    fanOut: null,
    expected: event.relies,
    provenance: undoProvenance(template, done.provenance),
    claimedConfidence: null,
    classified: done.classified,
    memory: undefined,
    // What is taken back is judged as it was done.
    toggles: done.toggles,
    rationale: null,
    predicted: null,
    observed: null,
    // Decided when its target is read: nothing was decided about it before.
    decision: UNDECIDED,
    resolvedArgs: args,
    premises: [],
    tags: [],
    effectKey: null,
    review: null,
    attempts: 0,
    refusals: 0,
    refusedSinceMs: null,
    holds: 0,
    claimedMs: null,
    resolved: null,
    detail: null,
    undo: null,
    left: null,
    windowClosed: false,
    sampled: null,
    undoes: {
      step: done.id,
      action: done.action,
      effectKey: done.effectKey,
      capability: done.capability,
      kind: event.kind,
      by: event.by,
      request: event.request,
    },
    phase: { at: "proposed" },
  };
  return { ...state, steps: new Map(state.steps).set(undo.id, undo) };
}

const UNDECIDED: StepDecision = {
  answer: "review",
  final: false,
  rules: [],
  reviews: [],
  errors: [],
  deferred: [],
  byDefault: false,
};

const predictionOf = (commitment: string, known: Known): Prediction => ({
  commitment,
  expect: open(known, commitment).value as JsonObject | null,
});

/** Only the commitments of these arguments are opened; the record holds those of other steps too. */
function discloseArgs(args: JsonObject, known: Known): JsonObject {
  const text = canonicalize(args);
  if (!text.includes('"$commit"')) return args;
  if (known.erased === true) return withErased(args) as JsonObject;
  const opened = discloseFields(args, disclosuresIn(text, known.values));
  return opened.ok ? (opened.value as JsonObject) : args;
}

/** Arguments of an erased task: what was never personal stays readable. */
const withErased = (value: Json): Json =>
  value === null || typeof value !== "object"
    ? value
    : Array.isArray(value)
      ? (value as readonly Json[]).map(withErased)
      : Object.hasOwn(value, "$commit")
        ? ERASED
        : Object.fromEntries(Object.entries(value as JsonObject).map(([name, part]) => [name, withErased(part)]));

/** The plan inside an envelope that was verified when it was admitted. */
export function planOf(envelope: Envelope): Plan {
  return Plan.parse(JSON.parse(fromUtf8(fromBase64(envelope.payload)!)!));
}

/** A value whose subject was erased says so; everything around it stays readable. */
const open = (known: Known, commitment: string): Disclosure =>
  Object.hasOwn(known.values, commitment)
    ? known.values[commitment]!
    : { salt: "", value: known.erased === true ? ERASED : null };

/** Words for people; those of an erased task are gone. */
const textOf = (value: Json): string | null => (typeof value === "string" ? value : null);

/** Words for people about a step. Agents name steps, also `constructor`: only what was put there counts. */
const detailOf = (known: Known, step: string): string | null =>
  Object.hasOwn(known.details, step) ? known.details[step]! : null;

function withStep(state: TaskState, id: string, change: Partial<StepState>): TaskState {
  const steps = new Map(state.steps);
  steps.set(id, { ...state.steps.get(id)!, ...change });
  return { ...state, steps };
}

function signalTaken(state: TaskState, id: string, step: string): TaskState {
  const taken = { ...state.signals.get(id)!, value: null, takenBy: step };
  return { ...state, signals: new Map(state.signals).set(id, taken) };
}

function withReview(state: TaskState, id: string, status: Review["status"], phase: StepState["phase"]): TaskState {
  return withStep(state, id, { review: { ...state.steps.get(id)!.review!, status }, phase });
}

const withdrawn = (state: TaskState, id: string): TaskState => {
  const review = state.steps.get(id)!.review;
  return review?.status === "waiting" ? withStep(state, id, { review: { ...review, status: "withdrawn" } }) : state;
};
