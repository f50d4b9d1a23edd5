/** A task's state as people and programs read it. Pure; receipts are signed by the caller. */
import { resolvingRoles } from "../../shared/resolution.ts";
import type { DoubtView, ReviewView, Shown, StepView, TaskView } from "../../shared/views.ts";
import type { StepStatus } from "../../shared/events.ts";
import type { Json } from "../../shared/json.ts";
import type { Receipt } from "../../shared/receipt.ts";
import type { Envelope } from "../../shared/signing.ts";
import { idempotencyKeyOf } from "../adapters/http-definition.ts";
import { requestersOf } from "./decide.ts";
import { holds } from "../guards/person.ts";
import { reportedView } from "./reported.ts";
import { isObserving } from "./prediction.ts";
import {
  isTerminal,
  isUnsuccessful,
  stepStatus,
  taskStatus,
  undoOf,
  type Review,
  type StepState,
  type TaskState,
} from "./state.ts";
import { stopsCompensation } from "./undo.ts";

const at = (ms: number): string => new Date(ms).toISOString();

export function taskView(
  state: TaskState,
  executor: string,
  delivered: number,
  receipts: ReadonlyMap<string, Envelope>,
): TaskView {
  return {
    id: state.id,
    automation: state.automation,
    release: state.release,
    region: state.region,
    status: taskStatus(state),
    settled: state.settled !== null,
    why: state.settled?.why ?? waitsFor(state),
    principal: state.principal,
    ...(state.erased ? { erased: true as const } : {}),
    ...(state.restored ? { restored: true as const } : {}),
    input: state.input.value,
    ...(state.features.length === 0
      ? {}
      : { features: state.features.map((feature) => ({ ...feature, from: [...feature.from] })) }),
    ...(state.unusual === undefined ? {} : { unusual: [...state.unusual] }),
    round: state.round,
    ...(state.toggles === undefined ? {} : { toggles: state.toggles }),
    ...(state.classified === null ? {} : { classified: state.classified }),
    openedAt: at(state.openedMs),
    updatedAt: at(state.updatedMs),
    deadlineAt: at(state.deadlineMs),
    executor,
    seq: state.lastSeq,
    recorded: state.lastSeq <= delivered,
    ...(state.reported.length === 0 ? {} : { reported: reportedView(state.reported) }),
    steps: [...state.steps.values()].map((step) => stepView(state, step, receipts.get(step.id) ?? null)),
  };
}

function waitsFor(state: TaskState): string | null {
  const steps = [...state.steps.values()];
  if (steps.some((step) => step.phase.at === "awaiting_review")) return "a person";
  if (state.planningStopped !== null && state.settled === null) return `a person: ${state.planningStopped.code}`;
  const doubts = steps.flatMap(({ phase }) => (phase.at === "in_doubt" ? [phase.askAtMs] : []));
  if (doubts.includes(null)) return "a person: an effect is in doubt";
  if (steps.some((step) => stopsCompensation(state, step))) return "a person: an undo has failed";
  if (doubts.length > 0) return "an answer from the target";
  const wait = steps.find((step) => step.phase.at === "waiting")?.phase;
  if (wait?.at === "waiting") return wait.name === null ? "a time" : `the ${wait.wait} ${wait.name}`;
  if (state.settled === null && isObserving(state)) return "the outcome of an action, which is read back";
  return taskStatus(state) === "planning" ? "the agent's next proposal" : null;
}

function stepView(state: TaskState, step: StepState, receipt: Envelope | null): StepView {
  const applied = step.phase.at === "applied" ? step.phase : null;
  return {
    id: step.id,
    round: step.round,
    proposal: step.proposal,
    action: step.action,
    capability: step.capability,
    status: undoStatus(state, step) ?? stepStatus(step.phase),
    after: [...step.after],
    args: step.resolvedArgs ?? step.args,
    provenance: step.provenance,
    decision: step.decision,
    review: step.review?.id ?? null,
    attempts: step.attempts,
    result: applied?.result.value ?? null,
    problem: problemOf(step),
    waitsFor: waitsOf(step),
    resolved:
      step.resolved === null
        ? null
        : {
            resolution: step.resolved.resolution,
            member: step.resolved.member,
            outcome: step.resolved.outcome,
            contradiction: step.resolved.contradiction,
          },
    outcome: outcomeOf(step),
    premises: [...step.premises],
    tags: [...step.tags],
    appliedAt: applied === null ? null : at(applied.atMs),
    reversibleUntil:
      applied === null || step.windowClosed || (step.undo?.windowMs ?? null) === null
        ? null
        : at(applied.atMs + step.undo!.windowMs!),
    undo: undoOf(state, step.id)?.id ?? null,
    undoes:
      step.undoes === null
        ? null
        : { step: step.undoes.step, kind: step.undoes.kind, by: step.undoes.by || "the task" },
    receipt,
  };
}

/** What was predicted and what was read; a step that ended without its effect has no outcome. */
function outcomeOf({ predicted, observed, phase }: StepState): StepView["outcome"] {
  if (predicted === null || (isTerminal(phase) && phase.at !== "applied")) return null;
  if (observed === null)
    return { verdict: "pending", expected: predicted.expect, observed: null, fields: [], code: null, at: null };
  const { verdict, values, fields, code, atMs } = observed;
  return {
    verdict,
    expected: values?.expected ?? predicted.expect,
    observed: values?.observed ?? null,
    fields: [...fields],
    code,
    at: at(atMs),
  };
}

/** What has become of an applied step since somebody began to take it back; null where nobody has, or where it failed. */
function undoStatus(state: TaskState, step: StepState): StepStatus | null {
  const undo = step.undoes === null ? undoOf(state, step.id) : null;
  if (undo === null) return null;
  if (undo.phase.at === "in_doubt") return "undo_in_doubt";
  if (undo.phase.at === "applied") return undo.undoes!.kind === "reversal" ? "reversed" : "compensated";
  return isUnsuccessful(undo.phase) ? null : "undoing";
}

function waitsOf({ phase, review }: StepState): StepView["waitsFor"] {
  switch (phase.at) {
    case "awaiting_review":
      return { what: "person", name: review!.id, until: at(review!.expiresMs) };
    case "retrying":
      return { what: "retry", name: null, until: at(phase.retryAtMs) };
    case "in_doubt":
      return phase.askAtMs === null
        ? { what: "person", name: null, until: null }
        : { what: "answer", name: null, until: at(phase.askAtMs) };
    case "waiting":
      return { what: phase.wait, name: phase.name, until: phase.untilMs === null ? null : at(phase.untilMs) };
    default:
      return null;
  }
}

/** One effect in doubt, or an undo that failed in a task that compensates; the step must be. `summary` is what its capability does. */
export function doubtView(tenant: string, state: TaskState, step: StepState, summary: string): DoubtView {
  const doubt = step.phase.at === "in_doubt" ? step.phase : null;
  if (doubt === null && !stopsCompensation(state, step)) throw new Error(`${state.id}/${step.id} is not in doubt`);
  const failed = problemOf(step);
  const { attempt, code, sinceMs, asked, askAtMs } = doubt ?? {
    attempt: Math.max(1, step.attempts),
    code: failed?.code ?? "effect-refused",
    sinceMs: state.updatedMs,
    asked: 0,
    askAtMs: null,
  };
  return {
    task: state.id,
    step: step.id,
    automation: state.automation,
    capability: step.capability,
    region: state.region,
    summary,
    args: step.resolvedArgs ?? step.args,
    action: step.action,
    idempotencyKey: idempotencyKeyOf({ tenant, action: step.action }),
    effectKey: step.effectKey,
    digest: step.digest,
    attempt,
    problem: { code, detail: step.detail ?? "" },
    since: at(sinceMs),
    asked,
    nextAskAt: askAtMs === null ? null : at(askAtMs),
    mayRetry: doubt !== null,
    roles: [...resolvingRoles(step.decision.reviews)],
    requesters: requestersOf(state, step),
  };
}

/** Why a step was left out, in words. */
function whySkipped({ when }: StepState, why: string): string {
  switch (why) {
    case "condition":
      return `condition: ${when ?? ""} is false`;
    case "no-element":
      return "no-element: the list of its fan-out has no such element";
    case "reference":
      return "reference: it refers to a step that was left out";
    default:
      return why;
  }
}

function problemOf(step: StepState): { code: string; detail: string } | null {
  switch (step.phase.at) {
    case "failed":
      return { code: step.phase.code, detail: step.detail ?? "" };
    case "denied":
      return {
        code: "policy-denied",
        detail: step.detail ?? "No rule allows this.",
      };
    case "rejected":
      return { code: "rejected", detail: step.detail ?? `Rejected by ${step.phase.by}.` };
    case "skipped":
      return { code: "skipped", detail: whySkipped(step, step.phase.why) };
    case "expired":
      return { code: "expired", detail: "Its deadline passed before it could be done." };
    case "in_doubt":
      return {
        code: "effect-in-doubt",
        detail:
          step.phase.askAtMs === null
            ? "It is not known whether it happened, and the target cannot say: someone must check."
            : "It is not known yet whether it happened; the target is asked again.",
      };
    case "retrying":
      return { code: step.phase.code, detail: step.detail ?? "" };
    default:
      return null;
  }
}

/** What the executor states about one applied step; null for any other. */
export function receiptOf(
  state: TaskState,
  step: StepState,
  tenant: string,
  executor: string,
  delivery: Receipt["delivery"],
): Receipt | null {
  if (step.phase.at !== "applied") return null;
  return {
    version: 1,
    tenant,
    executor,
    task: state.id,
    step: step.id,
    action: step.action,
    proposal: step.proposal,
    capability: step.capability,
    contract: step.contract,
    release: state.release,
    delivery,
    effectKey: step.effectKey,
    premises: [...step.premises],
    left: step.left === null ? null : [...step.left],
    attestations: step.review?.approvals.map((approval) => approval.attestation) ?? [],
    result: step.phase.result.commitment,
    replayed: step.phase.replayed,
    atMs: step.phase.atMs,
    seq: step.phase.seq,
  };
}

export function reviewView(state: TaskState, step: StepState, review: Review): ReviewView {
  return {
    id: review.id,
    task: state.id,
    step: step.id,
    automation: state.automation,
    capability: step.capability,
    region: state.region,
    status: review.status,
    requestedAt: at(review.requestedMs),
    expiresAt: at(review.expiresMs),
    required: review.required.map(({ rule, role, quorum }) => ({
      rule,
      role,
      quorum,
      approvedBy: review.approvals.filter((approval) => holds(approval.roles, role)).map((approval) => approval.member),
    })),
    requester: requestersOf(state, step)[0] ?? null,
    subject: review.subject,
    parts: {
      ...review.parts,
      args: review.parts.args as Json,
      premises: review.parts.premises as Json,
      shown: review.parts.shown as unknown as Shown,
    },
  };
}
