/**
 * The life of every task, event by event, as the log tells it: each event is checked against what stood before it.
 *
 * V3  A task whose record is faulty is followed no further: what comes after a fault proves nothing, and one fault is one finding.
 * V4  Ids of settled tasks, of attestations and of effect keys are kept to the end, so that none of them comes twice.
 */
import type { ChainRecord, TaskEvent } from "../events.ts";
import { actionId, parseReviewId } from "../ids.ts";
import { canonicalize, digestOf } from "../canonical.ts";
import { unreachable } from "../result.ts";
import { faultOfActing, type Acting } from "./actions.ts";
import { checkAttestation } from "./attestations.ts";
import type { CheckName, FindingCode } from "./checks.ts";
import type { ExecutorState } from "./executor-events.ts";
import type { Findings, Where } from "./findings.ts";
import { checkPlan } from "./plans.ts";
import { checkResolution } from "./resolutions.ts";
import { isOver, isSatisfied, type EventOf, type StepPhase, type StepState, type TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";
import { checkUndo } from "./undos.ts";

/** An action that changed something outside, as the log tells it. */
export type AppliedAction = {
  readonly action: string;
  readonly task: string;
  readonly step: string;
  readonly region: string;
  readonly atMs: number;
};
/** What the record around an event says about it. */
type At = { readonly where: Where; readonly atMs: number; readonly executor: ExecutorState };

/** One fault ends the following of its task (V3). Thrown inside this module only. */
class Fault {
  readonly check: CheckName;
  readonly code: FindingCode;
  readonly detail: string;
  constructor(check: CheckName, code: FindingCode, detail: string) {
    this.check = check;
    this.code = code;
    this.detail = detail;
  }
}
const misplaced = (detail: string): Fault => new Fault("actions", "order-invalid", detail);

export class TaskBook {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #open = new Map<string, TaskState>();
  /** Settled, or faulty and followed no further. */
  readonly #settled = new Set<string>();
  readonly #faulty = new Set<string>();
  /** Settled, with actions whose reversal may still be asked for. */
  readonly #reversible = new Map<string, TaskState>();
  readonly #usedAttestations = new Set<string>();
  readonly #actionByEffectKey = new Map<string, string>();
  /** Claimed actions by id, and whether the log says how they ended: what the databases' own rows are compared with. */
  readonly claimed = new Map<
    string,
    AppliedAction & { readonly delivery: EventOf<"step-claimed">["delivery"]; applied: boolean }
  >();
  readonly counts = { tasks: 0, settled: 0, applied: 0 };

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
  }

  /** Takes one record of a task. */
  async take(record: ChainRecord & { readonly task: string }, executor: ExecutorState, where: Where): Promise<void> {
    for (const event of record.events) {
      if (this.#faulty.has(record.task)) return;
      const at = { where: "step" in event ? { ...where, step: event.step } : where, atMs: record.atMs, executor };
      try {
        await this.#takeEvent(record.task, event as TaskEvent, at);
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        this.#findings.fail(fault.check, fault.code, fault.detail, at.where);
        this.#faulty.add(record.task);
        this.#open.delete(record.task);
        this.#reversible.delete(record.task);
      }
    }
  }

  async #takeEvent(id: string, event: TaskEvent, at: At): Promise<void> {
    if (event.type === "task-opened") return this.#openTask(id, event, at);
    if (event.type === "answer-contradicted" && this.#settled.has(id)) return raise(event, at);
    const task = this.#open.get(id) ?? this.#reversible.get(id);
    if (task === undefined || (event.type === "task-settled" && !this.#open.has(id)))
      throw misplaced(this.#settled.has(id) ? "The task had ended before." : "The task was not opened before.");
    switch (event.type) {
      case "plan-admitted":
        return this.#admit(task, event, at);
      case "cancel-requested":
      case "signal-received":
        return;
      case "compensation-started":
        if (task.compensating) throw misplaced("The task compensates already.");
        task.compensating = true;
        return;
      case "undo-started":
        return this.#undo(task, event, at);
      case "reversal-window-closed":
        return this.#closeWindow(task, event.step);
      case "task-settled":
        return this.#settle(task);
      default:
        return this.#takeStepEvent(task, stepOf(task, event.step), event, at);
    }
  }

  #openTask(id: string, event: EventOf<"task-opened">, at: At): void {
    if (this.#open.has(id) || this.#settled.has(id))
      throw new Fault("actions", "replayed", "The task was opened before.");
    if (!id.startsWith(`tsk_${event.region}_`))
      throw new Fault("actions", "audience-mismatch", "The task's region is not that of its id.");
    if (!at.executor.wasPromoted(event.automation, event.release))
      throw new Fault(
        "promotions",
        "release-not-promoted",
        `The release ${event.release} was not promoted at this executor before the task.`,
      );
    this.#open.set(id, { task: id, opened: event, round: 0, last: false, compensating: false, steps: new Map() });
    this.counts.tasks += 1;
  }

  async #admit(task: TaskState, event: EventOf<"plan-admitted">, at: At): Promise<void> {
    const checked = await checkPlan(event, task, at.atMs, this.#trust, at.executor);
    if (!checked.ok) throw new Fault("plans", checked.problem.code, checked.problem.detail);
    const plan = checked.value;
    task.round = plan.round;
    task.last = plan.last;
    for (const [index, proposed] of plan.steps.entries())
      task.steps.set(proposed.id, {
        proposed,
        digest: digestOf(proposed),
        action: actionId(task.task, plan.round, index),
        undoes: null,
        round: plan.round,
        index,
        agent: plan.agent.id,
        agentMember: plan.agent.member,
        decision: event.decisions[proposed.id]!,
        review: null,
        phase: "open",
        claim: null,
        over: false,
        attempts: 0,
        resolution: null,
        resolvedResult: null,
      });
    this.#findings.pass("plans");
  }

  /** The undo of an action is a step of its own; all that it may be follows from what was signed with the action. */
  async #undo(task: TaskState, event: EventOf<"undo-started">, at: At): Promise<void> {
    const done = stepOf(task, event.step);
    const checked = await checkUndo(event, task, done, at.atMs, this.#trust, at.executor, this.#usedAttestations);
    if (!checked.ok) throw new Fault("plans", checked.problem.code, checked.problem.detail);
    if (event.request !== null) this.#usedAttestations.add(event.request);
    task.steps.set(event.undo, checked.value);
    this.#findings.pass("plans");
  }

  #closeWindow(task: TaskState, id: string): void {
    const step = stepOf(task, id);
    if (step.phase !== "applied" || (step.proposed.undo?.windowMs ?? null) === null)
      throw misplaced("The step has no window to close.");
    if (this.#open.has(task.task) || [...task.steps.values()].some(({ phase }) => !isOver(phase))) return;
    const waits = [...task.steps.values()].some((other) => other.proposed.id !== id && hasWindow(other));
    if (!waits) this.#reversible.delete(task.task);
  }

  async #takeStepEvent(
    task: TaskState,
    step: StepState,
    event: Exclude<
      TaskEvent,
      EventOf<
        | "task-opened"
        | "plan-admitted"
        | "cancel-requested"
        | "signal-received"
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
        return this.#claim(task, step, event, at);
      case "step-applied":
        return this.#apply(task, step, event, at);
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
        this.#requireAuthority(task, step, event, at);
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
        allow(step, "open", "paused");
        step.phase = "ended";
        return;
      case "step-expired":
        allow(step, "open", "waiting", "paused");
        step.phase = "ended";
        return;
      case "step-skipped":
        allow(step, "open", "waiting", "paused");
        step.phase = event.why === "condition" ? "skipped" : "ended";
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

  #claim(task: TaskState, step: StepState, event: EventOf<"step-claimed">, at: At): void {
    allow(step, "open");
    this.#requireAuthority(task, step, event, at);
    step.claim = event;
    step.attempts = event.attempt;
    step.phase = "claimed";
    const { region } = task.opened;
    this.claimed.set(event.action, {
      action: event.action,
      task: task.task,
      step: event.step,
      region,
      delivery: event.delivery,
      atMs: at.atMs,
      applied: false,
    });
  }

  /** An effect outside is claimed first; a read, or what the executor does in itself, is applied at once. */
  #apply(task: TaskState, step: StepState, event: EventOf<"step-applied">, at: At): void {
    const { claim } = step;
    if (step.phase === "paused") {
      // It was let through when it began to wait.
      if (!step.over) throw misplaced("The wait had not ended.");
    } else if (claim === null && step.resolution !== null && step.phase === "ended") {
      // Done by hand: the signed word of a person is all the authority that there is.
    } else if (claim === null) {
      allow(step, "open");
      this.#requireAuthority(task, step, event, at);
    } else {
      allow(step, "claimed", "in-doubt");
      const agrees =
        claim.action === event.action &&
        claim.effectKey === event.effectKey &&
        canonicalize(claim.attestations) === canonicalize(event.attestations);
      if (!agrees) throw new Fault("actions", "action-mismatch", "What was applied is not what was claimed.");
      if (step.resolvedResult !== null && step.resolvedResult !== event.result)
        throw new Fault("actions", "action-mismatch", "The result is not the one that a person signed.");
      this.#takeEffectKey(task.opened.region, event);
      this.claimed.get(event.action)!.applied = true;
    }
    // What was undone may be done again.
    if (step.undoes !== null) this.#freeEffectKey(stepOf(task, step.undoes).action);
    step.phase = "applied";
    this.counts.applied += 1;
    this.#findings.pass("actions");
  }

  #requireAuthority(task: TaskState, step: StepState, event: Acting, at: At): void {
    const fault = faultOfActing(task, step, event, this.#trust.anchor.tenant, at.executor);
    if (fault !== null) throw new Fault("actions", fault.code, fault.detail);
  }

  /** A key is used once in a region (E1). */
  #takeEffectKey(region: string, { effectKey, action }: EventOf<"step-applied">): void {
    if (effectKey === null) return;
    const key = `${region} ${effectKey}`;
    const other = this.#actionByEffectKey.get(key);
    if (other !== undefined && other !== action)
      throw new Fault("actions", "effect-key-repeated", `${other} carries the same effect key.`);
    this.#actionByEffectKey.set(key, action);
  }

  #freeEffectKey(action: string): void {
    for (const [key, holder] of this.#actionByEffectKey) if (holder === action) this.#actionByEffectKey.delete(key);
  }

  #settle(task: TaskState): void {
    const open = [...task.steps.values()].find(({ phase }) => !isOver(phase));
    if (open !== undefined) throw misplaced(`The task ended while ${open.proposed.id} had not.`);
    this.#open.delete(task.task);
    this.#settled.add(task.task);
    if ([...task.steps.values()].some(hasWindow)) this.#reversible.set(task.task, task);
    this.counts.settled += 1;
  }
}

const hasWindow = ({ phase, proposed }: StepState): boolean =>
  phase === "applied" && (proposed.undo?.windowMs ?? null) !== null;

/** Nothing follows in the record from an answer that came too late; people read it where alarms are read. */
function raise({ answer, action, resolution }: EventOf<"answer-contradicted">, { executor, where }: At): void {
  const detail = `The target answered ${answer} for ${action}, against ${resolution}.`;
  executor.alarms.push({ code: "effect-in-doubt", detail, where });
}

function stepOf(task: TaskState, id: string): StepState {
  const step = task.steps.get(id);
  if (step === undefined) throw misplaced("No plan of the task has this step.");
  return step;
}

function allow(step: StepState, ...phases: readonly StepPhase[]): void {
  if (!phases.includes(step.phase)) throw misplaced(`The step is ${step.phase}.`);
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
