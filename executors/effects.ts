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
import type { Outcome, Prepared } from "./adapters/types.ts";
import type { Rounds } from "./rounds.ts";
import { actionContext } from "./task/act.ts";
import { effectsOf, resolvedArgs, type Effect } from "./task/advance.ts";
import { stepOutcome, stepPrepared } from "./task/decide.ts";
import type { TaskDeps } from "./task/deps.ts";
import type { TaskState } from "./task/state.ts";

export type EffectsDeps = {
  readonly rounds: Rounds;
  readonly stateOf: (task: string) => TaskState | null;
  readonly depsOf: (release: string, nowMs: number) => Result<TaskDeps>;
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
};

/** Pause before an effect in doubt is asked about again, doubling each time up to a minute. */
const REASK_MS = 1_000;

export class Effects {
  readonly #deps: EffectsDeps;
  readonly #running = new Set<string>();
  /**
   * The plan that each claim was decided on, until it is applied: never a later reading, which nobody has decided about (E2).
   * Lost in a crash; then the adapter is asked what happened and the target is read again.
   */
  readonly #preparedByStep = new Map<string, Prepared>();
  readonly #reasksByStep = new Map<string, number>();
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
    const resumed = effect.kind === "apply" && !this.#freshClaims.delete(key);
    const context = actionContext(state, step, deps.value, resumed);
    if (effect.kind === "prepare") {
      const prepared = await within(
        this.#deps.platform,
        LIMITS.effectTimeoutMs,
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
    const doubt = (): Outcome => ({ kind: "in-doubt", problem: problem("effect-in-doubt", "No answer came in time.") });
    const outcome = await within(
      this.#deps.platform,
      LIMITS.effectTimeoutMs,
      () => capability.apply(args.value, prepared, context),
      doubt,
    );
    if (outcome.kind !== "in-doubt") {
      this.#preparedByStep.delete(key);
      this.#reasksByStep.delete(key);
    }
    await this.#answer(task, key, (draft, now) => stepOutcome(draft, effect.step, outcome, prepared, now));
    if (outcome.kind === "in-doubt") this.#reaskLater(task, key);
  }

  async #answer(
    task: string,
    key: string,
    decide: (draft: Parameters<typeof stepPrepared>[0], deps: TaskDeps) => void,
  ): Promise<void> {
    let decided = false;
    await this.#deps.rounds.run({
      task,
      decide: (draft, existing, nowMs) => {
        // Not before: until this answer is decided, the task still asks for what has just been done.
        decided = true;
        this.#running.delete(key);
        const deps = existing === null ? null : this.#deps.depsOf(existing.release, nowMs);
        if (deps === null || !deps.ok) return deps ?? err(problem("not-found", "No such task."));
        decide(draft, deps.value);
        return ok(null);
      },
    });
    // Afterwards the key may stand for the next effect of the step.
    if (!decided) this.#running.delete(key);
  }

  /** E5: an effect in doubt is asked about, never repeated blindly. */
  #reaskLater(task: string, key: string): void {
    const reasks = (this.#reasksByStep.get(key) ?? 0) + 1;
    this.#reasksByStep.set(key, reasks);
    if (this.#reasksByStep.size > LIMITS.roundTasks * 16) this.#reasksByStep.clear();
    this.#running.add(key);
    this.#deps.platform.setTimer(Math.min(60_000, REASK_MS * 2 ** Math.min(reasks, 6)), () => {
      this.#running.delete(key);
      const state = this.#deps.stateOf(task);
      if (state !== null) this.start(state);
    });
  }
}
