/**
 * Runs the I/O that steps wait for: reads their targets, applies their effects. What must run follows from stored state alone
 * (`effectsOf`), so after a crash the same effects start again under the same keys (E4); each runs at most once at a time here.
 *
 * An effect's answer goes back through a round. Nothing here decides anything.
 */
import { LIMITS } from "../shared/limits.ts";
import { within, type Platform } from "../shared/platform.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { JsonObject } from "../shared/json.ts";
import type { ActionContext, Capability, Outcome, Prepared } from "./adapters/types.ts";
import type { Rounds } from "./rounds.ts";
import { actionContext } from "./task/act.ts";
import { effectsOf, resolvedArgs, type Effect } from "./task/advance.ts";
import { stepPrepared } from "./task/decide.ts";
import type { TaskDeps } from "./task/deps.ts";
import type { Draft } from "./task/draft.ts";
import { stepOutcome } from "./task/outcome.ts";
import type { TaskState } from "./task/state.ts";

export type EffectsDeps = {
  readonly rounds: Rounds;
  readonly stateOf: (task: string) => TaskState | null;
  readonly depsOf: (release: string, nowMs: number) => Result<TaskDeps>;
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
};

export class Effects {
  readonly #deps: EffectsDeps;
  readonly #running = new Set<string>();
  /** Calls that went on after their time and may still answer. */
  #late = 0;
  /**
   * The plan that each claim was decided on, until it is applied: never a later reading, which nobody has decided about (E2).
   * Lost in a crash; then the adapter is asked what happened and the target is read again.
   */
  readonly #preparedByStep = new Map<string, Prepared>();
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
      if (this.#running.has(key)) continue;
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

  async #run(task: string, effect: Effect, key: string): Promise<void> {
    const state = this.#deps.stateOf(task);
    const deps = state === null ? null : this.#deps.depsOf(state.release, this.#deps.platform.nowMs());
    const step = state?.steps.get(effect.step);
    if (state === null || deps === null || !deps.ok || step === undefined) return void this.#running.delete(key);
    const capability = deps.value.registry.get(step.capability);
    const args = resolvedArgs(state, step, deps.value);
    if (capability === undefined || capability.kind !== "external" || !args.ok) return void this.#running.delete(key);
    const { contract } = capability;
    const timeoutMs = contract.timeoutMs ?? LIMITS.effectTimeoutMs;
    const resumed = effect.kind === "ask" || (effect.kind === "apply" && !this.#freshClaims.delete(key));
    const context = actionContext(state, step, deps.value, resumed);
    if (effect.kind === "prepare") {
      const prepared = await within(
        this.#deps.platform,
        timeoutMs,
        () => capability.prepare!(args.value, context),
        (): Result<Prepared> => err(problem("not-running", "The target could not be read.")),
      );
      await this.#answer(task, key, (draft, now) => {
        stepPrepared(draft, effect.step, prepared, now);
        const claimed = draft.events.some((event) => event.type === "step-claimed" && event.step === effect.step);
        if (prepared.ok && claimed) this.#preparedByStep.set(key, prepared.value);
      });
      return;
    }
    const prepared = this.#preparedByStep.get(key) ?? null;
    const attempt = step.attempts;
    const call = callOf(capability, resumed, args.value, prepared, context);
    const answers = call();
    const outcome = await within(
      this.#deps.platform,
      timeoutMs,
      () => answers,
      (): Outcome => unknown("No answer came in time."),
    );
    if (outcome.kind !== "in-doubt") this.#preparedByStep.delete(key);
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

  async #answer(task: string, key: string, decide: (draft: Draft, deps: TaskDeps) => void): Promise<void> {
    let decided = false;
    await this.#decide(
      task,
      (draft, deps) => decide(draft, deps),
      () => {
        // Not before: until this answer is decided, the task still asks for what has just been done.
        decided = true;
        this.#running.delete(key);
      },
    );
    // Afterwards the key may stand for the next effect of the step.
    if (!decided) this.#running.delete(key);
  }

  async #decide(task: string, decide: (draft: Draft, deps: TaskDeps) => void, before = () => {}): Promise<void> {
    await this.#deps.rounds.run({
      task,
      decide: (draft, existing, nowMs) => {
        before();
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
