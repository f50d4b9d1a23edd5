/**
 * The life of every task, event by event, as the log tells it: each event is checked against what stood before it.
 *
 * V3  A task whose record is faulty is followed no further: what comes after a fault proves nothing, and one fault is one finding.
 * V4  Ids of settled tasks, of attestations and of effect keys are kept to the end, so that none of them comes twice.
 */
import type { ChainRecord, TaskEvent } from "../events.ts";
import { actionId } from "../ids.ts";
import { digestOf } from "../canonical.ts";
import { ActionBook } from "./action-book.ts";
import type { ExecutorState } from "./executor-events.ts";
import { Fault, misplaced, stepOf, type At } from "./fault.ts";
import type { Findings, Where } from "./findings.ts";
import { awaitsVerdict } from "./outcomes.ts";
import { checkReported } from "./reported.ts";
import { checkPlan } from "./plans.ts";
import { refill, refillSet } from "./saved.ts";
import { raise, StepBook } from "./step-book.ts";
import { isOver, UNTOUCHED, type EventOf, type StepState, type TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";
import { checkUndo } from "./undos.ts";

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
  readonly #actions: ActionBook;
  readonly #steps: StepBook;
  readonly #counts = { tasks: 0, settled: 0 };

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
    this.#actions = new ActionBook(trust, findings);
    this.#steps = new StepBook(trust, findings, this.#actions, this.#usedAttestations);
  }

  get claimed(): ActionBook["claimed"] {
    return this.#actions.claimed;
  }

  get counts(): { readonly [name in "tasks" | "settled" | "applied" | "mismatched"]: number } {
    return { ...this.#counts, applied: this.#actions.applied, mismatched: this.#actions.mismatched };
  }

  save() {
    return {
      open: this.#open,
      settled: this.#settled,
      reversible: this.#reversible,
      usedAttestations: this.#usedAttestations,
      actions: this.#actions.save(),
      counts: this.#counts,
    };
  }

  restore(saved: ReturnType<TaskBook["save"]>): void {
    refill(this.#open, saved.open);
    refillSet(this.#settled, saved.settled);
    refill(this.#reversible, saved.reversible);
    refillSet(this.#usedAttestations, saved.usedAttestations);
    this.#actions.restore(saved.actions);
    Object.assign(this.#counts, saved.counts);
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
    if (event.type === "outcome-reported") {
      if (task === undefined && !this.#settled.has(id)) throw misplaced("The task was not opened before.");
      return checkReported(event, task, at);
    }
    if (task === undefined || (event.type === "task-settled" && !this.#open.has(id)))
      throw misplaced(this.#settled.has(id) ? "The task had ended before." : "The task was not opened before.");
    switch (event.type) {
      case "plan-admitted":
        return this.#admit(task, event, at);
      case "cancel-requested":
      case "signal-received":
        return;
      case "planning-stopped":
        if (event.round !== task.round + 1 || task.last)
          throw misplaced(`Planning of round ${event.round} stopped, and the next is ${task.round + 1}.`);
        task.last = event.next === "end";
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
        return this.#steps.take(task, stepOf(task, event.step), event, at);
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
    if (event.subjects?.some((key) => at.executor.erased.has(key)) === true)
      throw new Fault("actions", "subject-erased", "The task is sealed under a key that was destroyed before.");
    this.#open.set(id, { task: id, opened: event, round: 0, last: false, compensating: false, steps: new Map() });
    this.#counts.tasks += 1;
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
        ...UNTOUCHED,
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

  #settle(task: TaskState): void {
    const open = [...task.steps.values()].find(({ phase }) => !isOver(phase));
    if (open !== undefined) throw misplaced(`The task ended while ${open.proposed.id} had not.`);
    const unread = [...task.steps.values()].find(awaitsVerdict);
    if (unread !== undefined)
      throw misplaced(`The task ended before the outcome of ${unread.proposed.id} was read back.`);
    this.#open.delete(task.task);
    this.#settled.add(task.task);
    if ([...task.steps.values()].some(hasWindow)) this.#reversible.set(task.task, task);
    this.#counts.settled += 1;
  }
}

const hasWindow = ({ phase, proposed }: StepState): boolean =>
  phase === "applied" && (proposed.undo?.windowMs ?? null) !== null;
