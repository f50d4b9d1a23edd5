/** The life of one step, event by event: from its decision over its review and its claim to its end, or a person's word on it. */
import type { TaskEvent } from "../events.ts";
import { canonicalize } from "../canonical.ts";
import { isLeftOut } from "../fan-out.ts";
import { parseReviewId } from "../ids.ts";
import { unreachable } from "../result.ts";
import type { ActionBook } from "./action-book.ts";
import { checkAttestation } from "./attestations.ts";
import { allow, Fault, misplaced, type At } from "./fault.ts";
import type { Findings } from "./findings.ts";
import { checkResolution } from "./resolutions.ts";
import { isSatisfied, type EventOf, type StepState, type TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

export class StepBook {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #actions: ActionBook;
  readonly #usedAttestations: Set<string>;

  /** `usedAttestations` is shared with whoever else takes a person's word: none is used twice (V4). */
  constructor(trust: VerifierTrust, findings: Findings, actions: ActionBook, usedAttestations: Set<string>) {
    this.#trust = trust;
    this.#findings = findings;
    this.#actions = actions;
    this.#usedAttestations = usedAttestations;
  }

  async take(
    task: TaskState,
    step: StepState,
    event: Exclude<
      TaskEvent,
      EventOf<
        | "task-opened"
        | "plan-admitted"
        | "cancel-requested"
        | "signal-received"
        | "outcome-reported"
        | "planning-stopped"
        | "compensation-started"
        | "undo-started"
        | "reversal-window-closed"
        | "task-settled"
      >
    >,
    at: At,
  ): Promise<void> {
    if (step.phase === "applied" && event.type === "step-applied")
      throw new Fault("actions", "applied-twice", "The step was applied before.");
    switch (event.type) {
      case "step-resolved":
        allow(step, "open");
        step.decision = event.decision;
        return;
      case "review-requested":
        return requestReview(task, step, event);
      case "attested":
        return this.#attest(task, step, event, at);
      case "review-approved":
        allow(step, "waiting");
        if (step.review!.id !== event.review || !isSatisfied(step.review!))
          throw new Fault(
            "attestations",
            "quorum-missing",
            "The review was closed as approved without the approvals that it asks for.",
          );
        step.review!.approved = true;
        step.phase = "open";
        return;
      case "review-rejected":
        allow(step, "waiting");
        if (step.review!.rejectedBy === null)
          throw misplaced("The review was closed as rejected, and nobody rejected it.");
        step.phase = "ended";
        return;
      case "review-expired":
        allow(step, "waiting");
        step.phase = "ended";
        return;
      case "step-claimed":
        return this.#actions.claim(task, step, event, at);
      case "step-applied":
        return this.#actions.apply(task, step, event, at);
      case "outcome-observed":
        return this.#actions.observe(step, event);
      case "step-refused":
        allow(step, "open", "claimed", "in-doubt");
        step.phase = event.retryAtMs === null ? "ended" : "open";
        step.claim = null;
        return;
      case "step-held":
        allow(step, "open");
        return;
      case "step-in-doubt":
        allow(step, "claimed", "in-doubt");
        if (step.claim?.action !== event.action || step.claim.attempt !== event.attempt)
          throw misplaced("The doubt is about another attempt than was claimed.");
        step.phase = "in-doubt";
        return;
      case "wait-started":
        allow(step, "open");
        this.#actions.requireAuthority(task, step, event, at);
        step.phase = "paused";
        return;
      case "wait-ended":
        allow(step, "paused");
        step.over = true;
        return;
      case "doubt-resolved":
        return this.#resolve(task, step, event, at);
      case "answer-contradicted":
        if (step.resolution !== event.resolution) throw misplaced("The answer contradicts a word that nobody gave.");
        return raise(event, at);
      case "step-denied":
        allow(step, "open");
        step.phase = "ended";
        return;
      case "step-failed":
        // A subject ends also what people are asked about.
        allow(step, "open", "waiting", "paused");
        step.phase = "ended";
        return;
      case "step-expired":
        allow(step, "open", "waiting", "paused");
        step.phase = "ended";
        return;
      case "step-skipped":
        allow(step, "open", "waiting", "paused");
        step.phase = isLeftOut(event.why) ? "skipped" : "ended";
        return;
      default:
        return unreachable(event);
    }
  }

  async #attest(task: TaskState, step: StepState, event: EventOf<"attested">, at: At): Promise<void> {
    allow(step, "waiting");
    const review = step.review!;
    const checked = await checkAttestation(
      event,
      task,
      review,
      at.atMs,
      this.#trust,
      at.executor,
      this.#usedAttestations,
    );
    if (!checked.ok) throw new Fault("attestations", checked.problem.code, checked.problem.detail);
    this.#usedAttestations.add(checked.value.attestation);
    if (event.decision === "approve") review.approvals.push(checked.value);
    else review.rejectedBy = checked.value.member;
    this.#findings.pass("attestations");
  }

  async #resolve(task: TaskState, step: StepState, event: EventOf<"doubt-resolved">, at: At): Promise<void> {
    // Of an undo that failed a person may also say that it was done by hand, or that the action stays.
    if (step.undoes === null) allow(step, "in-doubt");
    else allow(step, "in-doubt", "ended");
    const checked = await checkResolution(event, task, step, at.atMs, this.#trust, at.executor, this.#usedAttestations);
    if (!checked.ok) throw new Fault("attestations", checked.problem.code, checked.problem.detail);
    this.#usedAttestations.add(checked.value.id);
    step.resolution = checked.value.id;
    step.resolvedResult = checked.value.result;
    if (event.outcome === "not-applied") {
      step.phase = event.retry ? "open" : "ended";
      step.claim = null;
    }
    this.#findings.pass("attestations");
  }
}

/** Nothing follows in the record from an answer that came too late; people read it where alarms are read. */
export function raise({ answer, action, resolution }: EventOf<"answer-contradicted">, { executor, where }: At): void {
  const detail = `The target answered ${answer} for ${action}, against ${resolution}.`;
  executor.alarms.push({ code: "effect-in-doubt", detail, where });
}

function requestReview(task: TaskState, step: StepState, event: EventOf<"review-requested">): void {
  allow(step, "open");
  const place = parseReviewId(event.review);
  if (place === null || place.task !== task.task || place.round !== step.round || place.step !== step.index)
    throw misplaced("The review's id is not that of the step.");
  if (step.decision.answer !== "review" || canonicalize(step.decision.reviews) !== canonicalize(event.required))
    throw misplaced("The review asks for something else than the decision.");
  const { review, subject, required, expiresMs } = event;
  step.review = { id: review, subject, required, expiresMs, approvals: [], approved: false, rejectedBy: null };
  step.phase = "waiting";
}
