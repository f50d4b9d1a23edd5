/**
 * The spans of a task's steps: each step from its proposal to its end, and under it decisions, people's reviews, permits, attempts of the
 * effect, doubts and waits. Undo steps stand beside the steps that they take back.
 */
import type { StepDecision, TaskEvent } from "../events.ts";
import { effectKeyOfSpan } from "./ids.ts";
import { decisionAttributes, stoppedSpans, type Admitted, type ReadPlan } from "./plan.ts";
import type { Emit, Moment, SpanOf } from "./project.ts";
import { attributesOf, SPAN_KIND, type Attributes, type SpanMoment } from "./span.ts";

type Open = { readonly key: string; readonly startMs: number; readonly attributes: Attributes; moments: SpanMoment[] };
type Step = {
  readonly id: string;
  readonly capability: string;
  readonly startMs: number;
  readonly attributes: Attributes;
  readonly undo: string | null;
  ended: boolean;
  review: Open | null;
  held: Open | null;
  claim: (Open & { readonly attempt: number }) | null;
  doubt: Open | null;
  wait: Open | null;
};
/** Events about one step, and those about the task that a step's record may hold. */
type OtherEvent = Exclude<TaskEvent, { type: "task-opened" | "plan-admitted" | "task-settled" }>;
type On<Type extends TaskEvent["type"]> = Extract<TaskEvent, { type: Type }>;

export class StepSpans {
  readonly #emit: Emit;
  readonly #steps = new Map<string, Step>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  proposed(event: Admitted, plan: ReadPlan, at: Moment): void {
    for (const id of Object.keys(event.decisions)) {
      const { capability = "unknown", undo = null } = plan.steps.get(id) ?? {};
      this.#begin(id, capability, undo, { "countersign.round": event.round }, at);
    }
  }

  /** The task has ended: what it still had open ended with it, except effects in doubt, of which somebody will still say what became. */
  settled(at: Moment): void {
    for (const step of this.#steps.values())
      if (!step.ended && step.doubt === null) this.#end(step, at, "task-settled", null);
  }

  apply(event: OtherEvent, at: Moment): void {
    switch (event.type) {
      case "planning-stopped":
        return stoppedSpans(event, at, this.#emit);
      case "signal-received":
        return this.#point("signal received", { "countersign.signal": event.name }, at);
      case "outcome-reported":
        return this.#point("outcome reported", { "countersign.correct": event.correct }, at);
      case "cancel-requested":
        return this.#point("cancel requested", {}, at);
      case "compensation-started":
        return this.#point("compensation started", { "countersign.why": event.why }, at);
      case "undo-started": {
        const capability = this.#steps.get(event.step)?.undo ?? "unknown";
        const about = { "countersign.undoes": event.step, "countersign.undo.kind": event.kind };
        return this.#begin(event.undo, capability, null, about, at);
      }
      default: {
        // An event of a later version of the protocol is shown by its name.
        const step = this.#steps.get((event as { readonly step?: string }).step ?? "");
        if (step === undefined) return this.#point(event.type, {}, at);
        return this.#onStep(step, event, at);
      }
    }
  }

  #onStep(step: Step, event: OtherEvent, at: Moment): void {
    switch (event.type) {
      case "step-resolved":
        return this.#decided(step, event.decision, at);
      case "review-requested":
        step.review = reviewOf(event, at);
        return;
      case "attested":
        return this.#attested(step, event, at);
      case "review-approved":
        return this.#closeReview(step, "approved", at);
      case "review-rejected":
        return this.#closeReview(step, "rejected", at);
      case "review-expired":
        this.#closeReview(step, "expired", at);
        return this.#end(step, at, "expired", "review-expired");
      case "step-held": {
        const held = step.held ?? open(`permit:${step.id}:${at.seq}.${at.pos}`, at, {});
        step.held = { ...held, attributes: { "countersign.code": event.code, "countersign.holds": event.holds } };
        return;
      }
      case "step-claimed":
        return this.#claimed(step, event, at);
      case "step-applied":
        return this.#applied(step, event, at);
      case "step-refused":
        return this.#refused(step, event, at);
      case "step-in-doubt":
        return this.#inDoubt(step, event, at);
      case "doubt-resolved":
        this.#closeDoubt(step, event.outcome, at);
        if (event.outcome === "not-applied" && !event.retry) this.#end(step, at, "failed", "effect-refused");
        return;
      case "wait-started": {
        const { wait, name } = event;
        step.wait = open(`wait:${step.id}`, at, { "countersign.wait": wait, "countersign.wait.name": name });
        return;
      }
      case "wait-ended": {
        const wait = step.wait;
        if (wait !== null) this.#close(step, wait, "wait", { "countersign.wait.ended_by": event.by }, at);
        step.wait = null;
        return;
      }
      case "step-denied":
        return this.#end(step, at, "denied", "policy-denied");
      case "step-failed":
        return this.#end(step, at, "failed", event.code);
      case "step-skipped":
        return this.#end(step, at, "skipped", null, { "countersign.why": event.why });
      case "step-expired":
        return this.#end(step, at, "expired", "expired");
      default: {
        const verdict = (event as { readonly verdict?: unknown; readonly outcome?: unknown }).verdict;
        const said = typeof verdict === "string" ? { "countersign.verdict": verdict } : {};
        return this.#point((event as { readonly type: string }).type, said, at, step);
      }
    }
  }

  #begin(id: string, capability: string, undo: string | null, about: Attributes, at: Moment): void {
    const none = { review: null, held: null, claim: null, doubt: null, wait: null };
    this.#steps.set(id, { id, capability, undo, startMs: at.atMs, attributes: about, ended: false, ...none });
  }

  #end(step: Step, at: Moment, status: string, error: string | null, more: Attributes = {}): void {
    if (step.ended) return;
    if (step.review !== null) this.#closeReview(step, "withdrawn", at);
    if (step.held !== null) this.#closeHeld(step, at, {});
    if (step.claim !== null) this.#closeClaim(step, at, { "countersign.outcome": status }, error);
    if (step.doubt !== null) this.#closeDoubt(step, status, at);
    if (step.wait !== null) this.#close(step, step.wait, "wait", {}, at);
    step.wait = null;
    step.ended = true;
    this.#emit(
      {
        key: `step:${step.id}`,
        name: `step ${step.id}`,
        startMs: step.startMs,
        attributes: {
          "countersign.step": step.id,
          "countersign.capability": step.capability,
          "countersign.status": status,
          ...step.attributes,
          ...more,
        },
        error,
      },
      at,
    );
  }

  #decided(step: Step, decision: StepDecision, at: Moment): void {
    this.#under(step, `decide:${step.id}:${at.seq}.${at.pos}`, "decide under policy", at, decisionAttributes(decision));
  }

  #attested(step: Step, event: On<"attested">, at: Moment): void {
    const about = attributesOf({
      "countersign.attestation": event.attestation,
      "countersign.attestation.decision": event.decision,
      "countersign.roles": event.roles,
    });
    step.review?.moments.push({ name: "attested", atMs: at.atMs, attributes: about });
    if (event.decision === "reject") this.#closeReview(step, "rejected", at);
  }

  #closeReview(step: Step, outcome: string, at: Moment): void {
    if (step.review !== null) this.#close(step, step.review, "review", { "countersign.review.outcome": outcome }, at);
    step.review = null;
  }

  #closeHeld(step: Step, at: Moment, permits: Attributes): void {
    this.#close(step, step.held!, "permit", permits, at);
    step.held = null;
  }

  #closeClaim(step: Step, at: Moment, more: Attributes, error: string | null): void {
    this.#close(step, step.claim!, `effect ${step.capability}`, more, at, { kind: SPAN_KIND.client, error });
    step.claim = null;
  }

  #closeDoubt(step: Step, outcome: string, at: Moment): void {
    if (step.doubt !== null) this.#close(step, step.doubt, "in doubt", { "countersign.outcome": outcome }, at);
    step.doubt = null;
  }

  #claimed(step: Step, event: On<"step-claimed">, at: Moment): void {
    const { attempt, delivery, action, permits } = event;
    const used = permits?.map((permit) => ("gate" in permit ? `gate:${permit.gate}` : `limit:${permit.limit}`)) ?? [];
    if (step.held !== null) this.#closeHeld(step, at, { "countersign.permits": used });
    else if (used.length > 0)
      this.#under(step, `permit:${step.id}:${attempt}`, "permit", at, { "countersign.permits": used });
    const about = { "countersign.attempt": attempt, "countersign.delivery": delivery, "countersign.action": action };
    step.claim = { ...open(effectKeyOfSpan(step.id, attempt), at, about), attempt };
  }

  #applied(step: Step, event: On<"step-applied">, at: Moment): void {
    const about = { "countersign.outcome": "applied", "countersign.replayed": event.replayed };
    // A doubt that the target's own answer ended; or an action without a claim: a read, or one that the executor itself holds.
    if (step.doubt !== null) this.#closeDoubt(step, "applied", at);
    else if (step.claim === null) {
      const action = { "countersign.action": event.action };
      step.claim = { ...open(effectKeyOfSpan(step.id, 0), at, action), attempt: 0 };
    }
    if (step.claim !== null) this.#closeClaim(step, at, about, null);
    this.#end(step, at, "applied", null);
  }

  #refused(step: Step, event: On<"step-refused">, at: Moment): void {
    const about = { "countersign.outcome": "refused", "countersign.code": event.code };
    if (step.doubt !== null) this.#closeDoubt(step, "refused", at);
    else if (step.claim !== null) this.#closeClaim(step, at, about, event.code);
    else this.#under(step, `refused:${step.id}:${at.seq}.${at.pos}`, "refused", at, about, event.code);
    if (event.retryAtMs === null) this.#end(step, at, "failed", event.code);
  }

  #inDoubt(step: Step, event: On<"step-in-doubt">, at: Moment): void {
    const about = { "countersign.outcome": "in_doubt", "countersign.code": event.code };
    if (step.claim !== null) this.#closeClaim(step, at, about, event.code);
    const doubt = step.doubt ?? open(`doubt:${step.id}:${event.attempt}`, at, {});
    step.doubt = { ...doubt, attributes: { "countersign.code": event.code, "countersign.asked": event.asked } };
  }

  /** Closes a span under a step. */
  #close(
    step: Step,
    { key, startMs, attributes, moments }: Open,
    name: string,
    more: Attributes,
    at: Moment,
    rest: Pick<SpanOf, "kind" | "error"> = {},
  ): void {
    const about = { "countersign.step": step.id, "countersign.capability": step.capability, ...attributes, ...more };
    this.#emit({ key, name, under: `step:${step.id}`, startMs, attributes: about, moments, ...rest }, at);
  }

  /** A span of no length under a step. */
  #under(step: Step, key: string, name: string, at: Moment, about: Attributes, error: string | null = null): void {
    this.#close(step, open(key, at, about), name, {}, at, { error });
  }

  #point(name: string, attributes: Attributes, at: Moment, step?: Step): void {
    const under = step === undefined ? {} : { under: `step:${step.id}` };
    this.#emit({ key: `event:${at.seq}.${at.pos}`, name, startMs: at.atMs, attributes, ...under }, at);
  }
}

const open = (key: string, at: Moment, attributes: Attributes): Open => ({
  key,
  startMs: at.atMs,
  attributes,
  moments: [],
});

const reviewOf = (event: On<"review-requested">, at: Moment): Open =>
  open(`review:${event.review}`, at, {
    "countersign.review": event.review,
    "countersign.review.roles": event.required.map(({ role }) => role),
    "countersign.review.quorum": event.required.reduce((sum, { quorum }) => sum + quorum, 0),
  });
