/**
 * What a person is asked, and what their approval is for: the words and facts that are shown, the subject that is signed, and whether an
 * approval that was given still stands.
 */
import { subjectDigest, type Subject } from "../../shared/attestation.ts";
import type { StepDecision } from "../../shared/events.ts";
import { reviewId } from "../../shared/ids.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { messageOfGate, ruleOfGate } from "../../shared/gates/gates.ts";
import type { Problem } from "../../shared/problems.ts";
import { undoneBy } from "../../shared/undo.ts";
import type { Shown } from "../../shared/views.ts";
import type { Prepared } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import type { StepState, TaskState, Undoes } from "./state.ts";

const subjectParts = (
  draft: { random(): string } | { challenge: string },
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  shown: Shown,
): Subject => ({
  challenge: "challenge" in draft ? draft.challenge : draft.random(),
  step: step.digest,
  args,
  premises: (prepared?.premises ?? []) as unknown as Json,
  shown: shown as unknown as Json,
});

/**
 * An approval is for exactly what was shown. When the target, the arguments or the words have changed since, the approval is void and
 * nothing is done.
 */
export function staleApproval(
  state: TaskState,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  decision: StepDecision,
  deps: TaskDeps,
): Problem | null {
  if (step.review === null) return null;
  const parts = subjectParts(
    step.review.parts,
    step,
    args,
    prepared,
    shownOf(state, step, args, prepared, decision, deps),
  );
  if (GUARDS["approval-fresh"](subjectDigest(parts), step.review)) return null;
  return {
    code: "premise-failed",
    detail: "The record has changed since it was shown to the reviewer; nothing was done.",
  };
}

/** Whether the approvals given satisfy every review that the decision asks for: distinct members, each with the role. */
export function isCovered(step: StepState, decision: Pick<StepDecision, "reviews">): boolean {
  const approvals = step.review?.approvals ?? [];
  if (step.review?.status !== "approved" || decision.reviews.length === 0) return false;
  return decision.reviews.every((requirement) => GUARDS["review-quorum"](approvals, requirement));
}

export function requestReview(
  draft: Draft,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  decision: StepDecision,
  deps: TaskDeps,
): void {
  const state = draft.state;
  const shown = shownOf(state, step, args, prepared, decision, deps);
  const parts = subjectParts(draft, step, args, prepared, shown);
  draft.emit({
    type: "review-requested",
    step: step.id,
    review: reviewId(state.id, step.round, step.index, 1 + (undoneBy(step.id)?.attempt ?? 0)),
    subject: subjectDigest(parts),
    shown: draft.seal(parts as unknown as Json),
    required: decision.reviews,
    // U5: the task's own deadline is no deadline of an undo.
    expiresMs:
      step.undoes === null
        ? Math.min(deps.nowMs + deps.release.bundle.deadlines.reviewMs, state.deadlineMs)
        : deps.nowMs + deps.release.bundle.deadlines.reviewMs,
  });
}

/** What a reviewer sees: a sentence, the changes, who asks, why, and which rule sent it here. */
function shownOf(
  state: TaskState,
  step: StepState,
  args: JsonObject,
  prepared: Prepared | null,
  decision: StepDecision,
  deps: TaskDeps,
): Shown {
  const contract = deps.registry.get(step.capability)!.contract;
  const { policy, gates = [] } = deps.release.bundle;
  const { rules, limits = [] } = policy;
  const messageById = new Map([
    ...rules.map((rule) => [rule.id, rule.message ?? rule.when] as const),
    ...limits.map(({ id, message }) => [id, message ?? `This would exceed the limit ${id}.`] as const),
    ...gates.map((gate) => [ruleOfGate(gate), messageOfGate(gate)] as const),
  ]);
  const asker =
    state.principal.member === null ? `${state.principal.role} key ${state.principal.key}` : state.principal.member;
  return {
    summary: prepared?.summary ?? contract.summary,
    changes:
      prepared === null
        ? Object.entries(args).map(([what, to]) => ({ what, from: null, to: textOf(to) }))
        : [...prepared.changes],
    askedBy:
      step.undoes !== null
        ? undoAsker(step.undoes)
        : step.planner === "playbook"
          ? asker
          : `${asker}, planned by ${step.planner === "agent" ? "agent" : "model"} ${step.agent}`,
    rationale: step.rationale,
    rules: decision.reviews.map(({ rule }) => ({
      id: rule,
      message: messageById.get(rule) ?? "Every write of this automation waits for a person.",
    })),
    provenance: step.provenance,
  };
}

const undoAsker = ({ kind, step, by }: Undoes): string =>
  kind === "reversal" ? `${by}, to reverse ${step}` : `the task itself, which failed and takes ${step} back`;

const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
