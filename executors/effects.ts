/**
 * Runs the I/O that steps wait for: reads their targets, applies their effects. What must run follows from stored state alone
 * (`effectsOf`), so after a crash the same effects start again under the same keys (E4); each runs at most once at a time here.
 *
 * An effect's answer goes back through a round. Nothing here decides anything.
 */
import type { CapabilityContract } from "../shared/capability.ts";
import { LIMITS } from "../shared/limits.ts";
import { within, type Platform } from "../shared/platform.ts";
import { problem, type ProblemCode } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { JsonObject } from "../shared/json.ts";
import type { ActionContext, Capability, Outcome, Prepared } from "./adapters/types.ts";
import type { GatePermit } from "./permits/leases.ts";
import type { PermitOffice } from "./permits/permits.ts";
import { readBack } from "./read-back.ts";
import type { Rounds } from "./rounds.ts";
import { actionContext } from "./task/act.ts";
import { advance, effectsOf, resolvedArgs, type Effect } from "./task/advance.ts";
import { stepPrepared } from "./task/decide.ts";
import type { TaskDeps } from "./task/deps.ts";
import type { Draft } from "./task/draft.ts";
import { stepOutcome } from "./task/outcome.ts";
import { heldBecause, isGatedRead, stepHeld, type Wanted } from "./task/permits.ts";
import { stepObserved } from "./task/prediction.ts";
import type { Subscription } from "./correlation-book.ts";
import { awaitedKey } from "./task/signals.ts";
import type { StepState, TaskState } from "./task/state.ts";

export type EffectsDeps = {
  readonly rounds: Rounds;
  readonly stateOf: (task: string) => TaskState | null;
  readonly depsOf: (release: string, nowMs: number) => Result<TaskDeps>;
  /** Name of this executor. */
  readonly executor: string;
  readonly subscribe: (key: string, subscription: Subscription) => Promise<Result<null>>;
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
  readonly permits: PermitOffice;
};

export class Effects {
  readonly #deps: EffectsDeps;
  readonly #running = new Set<string>();
  /** Waits that this instance has subscribed. Lost in a crash; then it is done again, which changes nothing. */
  readonly #subscribed = new Set<string>();
  /** Calls that went on after their time and may still answer. */
  #late = 0;
  /**
   * The plan that each claim was decided on, until it is applied: never a later reading, which nobody has decided about (E2).
   * Lost in a crash; then the adapter is asked what happened and the target is read again.
   */
  readonly #preparedByStep = new Map<string, Prepared>();
  /** The gate's permit of each claim until its call has ended. Lost in a crash; then it expires at the gate. */
  readonly #gateByStep = new Map<string, GatePermit>();
  /** Claims that this instance saw committed and has not acted on: for every other claim a call may have left already. */
  readonly #freshClaims = new Set<string>();

  constructor(deps: EffectsDeps) {
    this.#deps = deps;
  }

  get running(): number {
    return this.#running.size;
  }

  /** A claim was committed in this instance: the next `apply` for it is the first. */
  claimed(task: string, step: string): void {
    // A forgotten one only counts as acted on, which is the careful answer.
    if (this.#freshClaims.size > LIMITS.roundTasks * 16) this.#freshClaims.clear();
    this.#freshClaims.add(`${task}/${step}`);
  }

  /** Starts whatever the task waits for and does not run yet. */
  start(state: TaskState): void {
    const deps = this.#deps.depsOf(state.release, this.#deps.platform.nowMs());
    if (!deps.ok) return;
    for (const effect of effectsOf(state, deps.value)) {
      const key = `${state.id}/${effect.step}`;
      if (this.#running.has(key) || (effect.kind === "subscribe" && this.#subscribed.has(key))) continue;
      this.#running.add(key);
      void this.#run(state.id, effect, key).catch((error: unknown) => {
        // The round refused to be written or the runtime is going away: storage still says what must run, and whoever wakes next runs it.
        this.#deps.platform.log("an effect was interrupted", {
          task: state.id,
          step: effect.step,
          message: error instanceof Error ? error.message : "unknown",
        });
        this.#running.delete(key);
      });
    }
  }

  /** Reads the target of a step and gets its permits, then lets it be decided. */
  async #prepare(
    state: TaskState,
    step: StepState,
    capability: Capability,
    args: JsonObject,
    deps: TaskDeps,
    key: string,
  ): Promise<void> {
    const task = state.id;
    const { permits } = this.#deps;
    const contract = deps.release.bundle.capabilities[step.capability] ?? capability.contract;
    const pass = isGatedRead(step, deps) ? await permits.gate(contract) : null;
    if (pass?.ok === false) return this.#held(task, step, key, pass);
    const prepared = await this.#read(capability, args, actionContext(state, step, deps), contract);
    if (pass !== null) permits.ended(pass.permit, prepared);
    let wanted: Wanted | null = null;
    await this.#answer(
      task,
      key,
      (draft, now) => {
        stepPrepared(draft, step.id, prepared, now);
        wanted = draft.wanted.get(step.id) ?? null;
        this.#keepPrepared(draft, step.id, key, prepared);
      },
      () => wanted !== null,
    );
    if (wanted === null) return;
    const { id, action } = step;
    const got = await permits.get({ automation: state.automation, task, step: id, action, contract }, wanted);
    if (!got.ok) return this.#held(task, step, key, got);
    let isClaimed = false;
    try {
      await this.#answer(task, key, (draft, now) => {
        stepPrepared(draft, id, prepared, now, got.held.permits);
        isClaimed = this.#keepPrepared(draft, id, key, prepared);
        if (isClaimed && got.held.gate !== null) this.#gateByStep.set(key, got.held.gate);
      });
    } finally {
      permits.decided(got.held, isClaimed);
    }
  }

  async #read(
    capability: Capability,
    args: JsonObject,
    context: ActionContext,
    { timeoutMs = LIMITS.effectTimeoutMs }: CapabilityContract,
  ): Promise<Result<Prepared | null>> {
    if (capability.kind !== "external" || capability.prepare === null) return ok(null);
    const { prepare } = capability;
    return within<Result<Prepared | null>>(
      this.#deps.platform,
      timeoutMs,
      () => prepare(args, context),
      () => err(problem("not-running", "The target could not be read.")),
    );
  }

  #endGate(key: string, outcome: Outcome): void {
    const permit = this.#gateByStep.get(key);
    if (permit === undefined) return;
    this.#gateByStep.delete(key);
    this.#deps.permits.ended(permit, outcome);
  }

  /** Keeps the plan that a claim was decided on. Answers whether there is a claim. */
  #keepPrepared(draft: Draft, step: string, key: string, prepared: Result<Prepared | null>): boolean {
    const isClaimed = draft.events.some((event) => event.type === "step-claimed" && event.step === step);
    if (isClaimed && prepared.ok && prepared.value !== null) this.#preparedByStep.set(key, prepared.value);
    return isClaimed;
  }

  /** Nothing permits the step now: its record says so, and when it tries again. */
  #held(
    task: string,
    { id, capability }: StepState,
    key: string,
    { code, retryAfterMs }: { readonly code: ProblemCode; readonly retryAfterMs: number },
  ): Promise<void> {
    return this.#answer(task, key, (draft, now) => {
      stepHeld(draft, id, heldBecause(code, capability), retryAfterMs, now);
      advance(draft, now);
    });
  }

  async #run(task: string, effect: Effect, key: string): Promise<void> {
    const state = this.#deps.stateOf(task);
    const deps = state === null ? null : this.#deps.depsOf(state.release, this.#deps.platform.nowMs());
    const step = state?.steps.get(effect.step);
    if (state === null || deps === null || !deps.ok || step === undefined) return void this.#running.delete(key);
    if (effect.kind === "subscribe") return this.#subscribe(state, step, key);
    if (effect.kind === "observe") return this.#observe(state, step, deps.value, key);
    const capability = deps.value.registry.get(step.capability);
    const args = resolvedArgs(state, step, deps.value);
    if (capability === undefined || !args.ok) return void this.#running.delete(key);
    if (effect.kind === "prepare") return this.#prepare(state, step, capability, args.value, deps.value, key);
    if (capability.kind !== "external") return void this.#running.delete(key);
    const { contract } = capability;
    const timeoutMs = contract.timeoutMs ?? LIMITS.effectTimeoutMs;
    const resumed = effect.kind === "ask" || (effect.kind === "apply" && !this.#freshClaims.delete(key));
    const context = actionContext(state, step, deps.value, resumed);
    const prepared = this.#preparedByStep.get(key) ?? null;
    const attempt = step.attempts;
    // What the request held is gone: it can be neither sent again nor asked about in the same words.
    const call =
      resumed && state.erased
        ? async () => unknown("The person whom this was about was erased before the target had answered.")
        : callOf(capability, resumed, args.value, prepared, context);
    const answers = call();
    const outcome = await within(
      this.#deps.platform,
      timeoutMs,
      () => answers,
      (): Outcome => unknown("No answer came in time."),
    );
    if (outcome.kind !== "in-doubt") this.#preparedByStep.delete(key);
    this.#endGate(key, outcome);
    await this.#answer(task, key, (draft, now) => stepOutcome(draft, effect.step, attempt, outcome, prepared, now));
    if (outcome.kind === "in-doubt") this.#awaitLate(task, effect.step, attempt, answers, prepared);
  }

  /** An answer that comes after its time is still an answer: it settles the doubt, or contradicts whoever has settled it. */
  #awaitLate(task: string, step: string, attempt: number, answers: Promise<Outcome>, prepared: Prepared | null): void {
    if (this.#late >= LIMITS.lateAnswers) return;
    this.#late++;
    void answers
      .then((late) =>
        late.kind === "in-doubt"
          ? null
          : this.#decide(task, (draft, now) => stepOutcome(draft, step, attempt, late, prepared, now)),
      )
      .catch(() => {})
      .finally(() => this.#late--);
  }

  /** O5. Nothing follows from it but a verdict. */
  async #observe(state: TaskState, step: StepState, deps: TaskDeps, key: string): Promise<void> {
    const reading = await readBack(state, step, deps, this.#deps.platform);
    await this.#answer(state.id, key, (draft, now) => {
      stepObserved(draft, step.id, reading);
      advance(draft, now);
    });
  }

  /** An event comes back through the executor's own door. */
  async #subscribe(state: TaskState, step: StepState, key: string): Promise<void> {
    const { executor, platform, subscribe } = this.#deps;
    const correlation = awaitedKey(step);
    if (correlation === null || step.phase.at !== "waiting") return void this.#running.delete(key);
    const { name, untilMs } = step.phase;
    const subscription = {
      executor,
      task: state.id,
      step: step.id,
      type: name!,
      untilMs: Math.min(untilMs ?? state.deadlineMs, state.deadlineMs),
    };
    const subscribed = await within<Result<null> | null>(
      platform,
      LIMITS.fanOutMs,
      () => subscribe(correlation, subscription),
      () => null,
    );
    this.#running.delete(key);
    if (this.#subscribed.size > LIMITS.subscriptionsKnown) this.#subscribed.clear();
    if (subscribed?.ok === true) return void this.#subscribed.add(key);
    platform.setTimer(LIMITS.correlationRetryMs, () => {
      const now = this.#deps.stateOf(state.id);
      if (now !== null) this.start(now);
    });
  }

  /** `goesOn`: the effect is not over with this decision. */
  async #answer(
    task: string,
    key: string,
    decide: (draft: Draft, deps: TaskDeps) => void,
    goesOn: () => boolean = () => false,
  ): Promise<void> {
    let decided = false;
    await this.#decide(task, (draft, deps) => {
      decide(draft, deps);
      // Not before: until this answer is decided, the task still asks for what has just been done.
      decided = true;
      if (!goesOn()) this.#running.delete(key);
    });
    // Afterwards the key may stand for the next effect of the step.
    if (!decided) this.#running.delete(key);
  }

  async #decide(task: string, decide: (draft: Draft, deps: TaskDeps) => void): Promise<void> {
    await this.#deps.rounds.run({
      task,
      decide: (draft, existing, nowMs) => {
        const deps = existing === null ? null : this.#deps.depsOf(existing.release, nowMs);
        if (deps === null || !deps.ok) return deps ?? err(problem("not-found", "No such task."));
        decide(draft, deps.value);
        return ok(null);
      },
    });
  }
}

type External = Extract<Capability, { kind: "external" }>;
const unknown = (detail: string): Outcome => ({ kind: "in-doubt", problem: problem("effect-in-doubt", detail) });

/**
 * O1: the first call of a claim applies. Any later one does so only where the same key cannot be applied twice; else it asks, where that
 * is possible, and never sends.
 */
function callOf(
  capability: External,
  resumed: boolean,
  args: JsonObject,
  prepared: Prepared | null,
  context: ActionContext,
): () => Promise<Outcome> {
  const { reconcile } = capability;
  if (!resumed || capability.contract.delivery !== "at-most-once")
    return async () => capability.apply(args, prepared, context);
  if (reconcile === null) return async () => unknown("Whether the request had left is not known.");
  return async () => (await reconcile(args, context)) ?? unknown("The target cannot say.");
}
