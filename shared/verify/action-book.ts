/**
 * What the log says was done: every claim, what was applied upon it, and the effect keys that are taken.
 *
 * V4  Effect keys are kept to the end: no two actions of a region carry the same, unless the first was taken back.
 */
import { canonicalize } from "../canonical.ts";
import { faultOfActing, type Acting } from "./actions.ts";
import { allow, Fault, misplaced, stepOf, type At } from "./fault.ts";
import type { Findings } from "./findings.ts";
import { faultOfObserving } from "./outcomes.ts";
import { refill } from "./saved.ts";
import type { EventOf, StepState, TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

/** An action that changed something outside, as the log tells it. */
export type AppliedAction = {
  readonly action: string;
  readonly task: string;
  readonly step: string;
  readonly region: string;
  readonly atMs: number;
};

export class ActionBook {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #actionByEffectKey = new Map<string, string>();
  /** Claimed actions by id, and whether the log says how they ended: what the databases' own rows are compared with. */
  readonly claimed = new Map<
    string,
    AppliedAction & { readonly delivery: EventOf<"step-claimed">["delivery"]; applied: boolean }
  >();
  /** How many steps were applied, and how many of them left something else than was predicted. */
  applied = 0;
  mismatched = 0;

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
  }

  save() {
    const { applied, mismatched, claimed } = this;
    return { applied, mismatched, claimed, actionByEffectKey: this.#actionByEffectKey };
  }

  restore(saved: ReturnType<ActionBook["save"]>): void {
    this.applied = saved.applied;
    this.mismatched = saved.mismatched;
    refill(this.claimed, saved.claimed);
    refill(this.#actionByEffectKey, saved.actionByEffectKey);
  }

  observe(step: StepState, event: EventOf<"outcome-observed">): void {
    const fault = faultOfObserving(step, event);
    if (fault !== null) throw new Fault("actions", fault.code, fault.detail);
    step.observed = true;
    if (event.verdict === "mismatched") this.mismatched += 1;
  }

  claim(task: TaskState, step: StepState, event: EventOf<"step-claimed">, at: At): void {
    allow(step, "open");
    this.requireAuthority(task, step, event, at);
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
  apply(task: TaskState, step: StepState, event: EventOf<"step-applied">, at: At): void {
    const { claim } = step;
    if (step.phase === "paused") {
      // It was let through when it began to wait.
      if (!step.over) throw misplaced("The wait had not ended.");
    } else if (claim === null && step.resolution !== null && step.phase === "ended") {
      // Done by hand: the signed word of a person is all the authority that there is.
    } else if (claim === null) {
      allow(step, "open");
      this.requireAuthority(task, step, event, at);
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
    this.applied += 1;
    this.#findings.pass("actions");
  }

  requireAuthority(task: TaskState, step: StepState, event: Acting, at: At): void {
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
}
