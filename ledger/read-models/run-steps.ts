/** What one event makes of the steps of a run. */
import type { StepDecision, StepStatus, TaskEvent } from "../../shared/events.ts";
import { undoIdOf, undoneBy } from "../../shared/undo.ts";

export type RunReviewRecord = {
  readonly review: string;
  readonly requestedMs: number;
  endedMs: number | null;
  outcome: "waiting" | "approved" | "rejected" | "expired";
  readonly signed: {
    readonly member: string;
    readonly roles: readonly string[];
    readonly decision: "approve" | "reject";
    readonly atMs: number;
  }[];
};

export type RunStepRecord = {
  readonly round: number;
  action: string;
  readonly capability: string;
  /** The capability that would take it back. */
  readonly undo: string | null;
  /** Of an undo: the step that it takes back, and how that step is called then. */
  readonly undoes: { readonly step: string; readonly as: "reversed" | "compensated" } | null;
  status: StepStatus;
  why: string | null;
  decision: Pick<StepDecision, "answer" | "rules" | "byDefault" | "errors"> | null;
  args: string | null;
  result: string | null;
  tags: readonly string[];
  readonly reviews: RunReviewRecord[];
  /** How often its effect can happen, as it was claimed. */
  delivery: string | null;
  attempts: number;
  retries: number;
  holds: number;
  asked: number;
  errors: string[];
  resolved: { readonly member: string; readonly outcome: "applied" | "not-applied" } | null;
  /** What was read back after the act, against what the step predicted. */
  observed: { readonly verdict: string; readonly fields: readonly string[] } | null;
  startedMs: number | null;
  endedMs: number | null;
  /** The planner's own number; absent where it gave none. */
  claimed?: number;
  /** It was drawn for the audit sample, and how it was judged. */
  sampled?: { readonly rate: number };
  judged?: { readonly correct: boolean; readonly member: string };
};

/** Stands for a capability where the signed plan cannot be read: the run counts all the same. */
export const UNKNOWN = "unknown";

export const decided = (decision: StepDecision | undefined): RunStepRecord["decision"] =>
  decision === undefined
    ? null
    : { answer: decision.answer, rules: decision.rules, byDefault: decision.byDefault, errors: decision.errors };

export const newStep = (
  round: number,
  action: string,
  capability: string,
  undo: string | null,
  undoes: RunStepRecord["undoes"],
): RunStepRecord => ({
  round,
  action,
  capability,
  undo,
  undoes,
  status: "proposed",
  why: null,
  decision: null,
  args: null,
  result: null,
  tags: [],
  reviews: [],
  delivery: null,
  attempts: 0,
  retries: 0,
  holds: 0,
  asked: 0,
  errors: [],
  resolved: null,
  observed: null,
  startedMs: null,
  endedMs: null,
});

type Steps = { [step: string]: RunStepRecord };
type StepEvent = Exclude<
  TaskEvent,
  {
    type:
      | "task-opened"
      | "plan-admitted"
      | "planning-stopped"
      | "cancel-requested"
      | "outcome-reported"
      | "task-settled";
  }
>;

/** Throws for an event about a step that was never planned: the entry is quarantined. */
export function stepEvent(steps: Steps, event: StepEvent, atMs: number): void {
  if (event.type === "undo-started") return undoStarted(steps, event);
  if (!("step" in event) || event.type === "reversal-window-closed") return;
  const step = steps[event.step];
  if (step === undefined) throw new Error(`${event.type} of a step that was not planned`);
  change(step, event, atMs);
  if (step.undoes !== null) taken(steps, step);
}

function change(step: RunStepRecord, event: Extract<StepEvent, { step: string }>, atMs: number): void {
  switch (event.type) {
    case "step-resolved":
      step.decision = decided(event.decision);
      step.args = event.args;
      step.tags = event.tags;
      step.startedMs ??= atMs;
      return;
    case "review-requested":
      step.status = "awaiting_review";
      step.reviews.push({ review: event.review, requestedMs: atMs, endedMs: null, outcome: "waiting", signed: [] });
      return;
    case "attested": {
      const { member, roles, decision } = event;
      step.reviews.at(-1)?.signed.push({ member, roles, decision, atMs });
      if (decision === "reject") end(step, "denied", atMs, "rejected");
      return closeReview(step, decision === "reject" ? "rejected" : null, atMs);
    }
    case "review-approved":
      step.status = "ready";
      return closeReview(step, "approved", atMs);
    case "review-rejected":
      end(step, "denied", atMs, "rejected");
      return closeReview(step, "rejected", atMs);
    case "review-expired":
      end(step, "expired", atMs, "review-expired");
      return closeReview(step, "expired", atMs);
    case "step-claimed":
      step.status = "applying";
      step.action = event.action;
      step.attempts = event.attempt;
      step.delivery = event.delivery;
      step.startedMs ??= atMs;
      return;
    case "wait-started":
      step.status = "applying";
      step.action = event.action;
      step.startedMs ??= atMs;
      return;
    case "step-held":
      step.status = "retrying";
      step.holds = event.holds;
      return note(step, event.code);
    case "step-applied":
      step.action = event.action;
      step.result = event.result;
      step.tags = event.tags;
      step.startedMs ??= atMs;
      if (event.sampled !== undefined) step.sampled = { rate: event.sampled.rate };
      return end(step, "applied", atMs);
    case "step-refused":
      note(step, event.code);
      if (event.retryAtMs === null) return end(step, "failed", atMs);
      step.retries++;
      step.status = "retrying";
      return;
    case "step-denied":
      return end(step, "denied", atMs, event.byDefault ? "no-rule-allows" : "rule");
    case "step-failed":
      note(step, event.code);
      return end(step, "failed", atMs);
    case "step-in-doubt":
      step.status = "in_doubt";
      step.asked = event.asked;
      return note(step, event.code);
    case "doubt-resolved":
      step.resolved = { member: event.member, outcome: event.outcome };
      if (event.retry) step.status = "retrying";
      else if (event.outcome === "not-applied") end(step, "failed", atMs);
      return;
    case "outcome-observed":
      step.observed = { verdict: event.verdict, fields: event.fields };
      return;
    case "answer-contradicted":
      return note(step, "answer-contradicted");
    case "step-skipped":
      return end(step, "skipped", atMs, event.why);
    case "step-expired":
      return end(step, "expired", atMs);
    default:
  }
}

function undoStarted(steps: Steps, event: Extract<StepEvent, { type: "undo-started" }>): void {
  const undone = steps[event.step];
  if (undone === undefined) throw new Error("undo-started of a step that was not planned");
  const as = event.kind === "reversal" ? "reversed" : "compensated";
  const action = undoIdOf(undone.action, undoneBy(event.undo)?.attempt ?? 1);
  const undo = newStep(undone.round, action, undone.undo ?? UNKNOWN, null, { step: event.step, as });
  undo.args = event.args;
  steps[event.undo] = undo;
  undone.status = "undoing";
}

/** What the state of an undo makes of the step that it takes back. */
function taken(steps: Steps, undo: RunStepRecord): void {
  const undone = steps[undo.undoes!.step];
  if (undone === undefined) return;
  if (undo.status === "applied") undone.status = undo.undoes!.as;
  else if (undo.status === "in_doubt") undone.status = "undo_in_doubt";
  else if (undo.endedMs !== null) undone.status = "applied";
  else undone.status = "undoing";
}

function end(step: RunStepRecord, status: RunStepRecord["status"], atMs: number, why: string | null = null): void {
  step.status = status;
  step.endedMs = atMs;
  step.why = why;
}

function closeReview(step: RunStepRecord, outcome: RunReviewRecord["outcome"] | null, atMs: number): void {
  const review = step.reviews.at(-1);
  if (review === undefined || outcome === null || review.endedMs !== null) return;
  review.outcome = outcome;
  review.endedMs = atMs;
}

function note(step: RunStepRecord, code: string): void {
  if (!step.errors.includes(code)) step.errors.push(code);
}
