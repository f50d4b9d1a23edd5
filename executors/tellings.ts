/**
 * How actions ended, on its way to whoever holds a domain key for them. A claimed action that ended without an answer that its adapter could
 * pass on (a person's word, a key that could not be given back in time) still holds its key elsewhere; this tells it, over crashes.
 *
 * T1  What is owed stands in the transaction of the record that ends the action, and leaves once it was told.
 * T2  What is told follows from the task's stored state alone: applied, or not applied. A step that tries again owes nothing: its next
 *     attempt holds the key, and must not lose it.
 */
import type { TaskEvent } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import { within, type Platform } from "../shared/platform.ts";
import type { Result } from "../shared/result.ts";
import type { CapabilityRegistry } from "./adapters/types.ts";
import { actionContext } from "./task/act.ts";
import type { TaskDeps } from "./task/deps.ts";
import { isTerminal, type TaskState } from "./task/state.ts";

export type TellingsDeps = {
  readonly sql: SqlStorage;
  readonly registry: CapabilityRegistry;
  readonly stateOf: (task: string) => TaskState | null;
  /** Whether a record of a task is written and not durable: its row may stand there before its state says why. */
  readonly isWriting: (task: string) => boolean;
  readonly depsOf: (release: string, nowMs: number) => Result<TaskDeps>;
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
};

type Row = { task: string; step: string };

const ENDS: ReadonlySet<string> = new Set<TaskEvent["type"]>([
  "doubt-resolved",
  "step-refused",
  "step-failed",
  "step-denied",
  "step-expired",
  "step-skipped",
]);

/** Notes what a record leaves to be told (T1). In the round's transaction; `state` is the task after its last event. */
export function oweTelling(sql: SqlStorage, state: TaskState, event: TaskEvent): void {
  if (!ENDS.has(event.type) || !("step" in event)) return;
  // Only what was claimed under a key can hold one.
  if (event.type !== "doubt-resolved" && (state.steps.get(event.step)?.effectKey ?? null) === null) return;
  sql.exec("INSERT INTO tellings (task, step) VALUES (?, ?) ON CONFLICT DO NOTHING", state.id, event.step);
}

export class Tellings {
  readonly #deps: TellingsDeps;
  /** The sweep that runs, and whether something changed since it began. */
  #sweeping: Promise<void> | null = null;
  #isAsked = false;
  /** False proves that nothing is owed: most rounds leave nothing, and must not pay for asking. */
  #mayOwe = true;

  constructor(deps: TellingsDeps) {
    this.#deps = deps;
  }

  /** What is still to be told. */
  get open(): number {
    return !this.#mayOwe ? 0 : Number(this.#deps.sql.exec("SELECT count(*) AS n FROM tellings").one()["n"]);
  }

  /** Nobody knows what is owed: storage was written anew. */
  ask(): void {
    this.#mayOwe = true;
  }

  /** Records were committed. */
  committed(records: readonly { readonly events: readonly { readonly type: string }[] }[]): void {
    if (records.some(({ events }) => events.some(({ type }) => ENDS.has(type)))) this.#mayOwe = true;
  }

  /** Tells what is owed; what cannot be told now stays for the next sweep. Resolves when this has been tried. */
  sweep(): Promise<void> {
    this.#isAsked = true;
    if (!this.#mayOwe) return Promise.resolve();
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = null));
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        const rows = this.#deps.sql.exec<Row>("SELECT task, step FROM tellings LIMIT ?", LIMITS.tellingSweep).toArray();
        this.#mayOwe = rows.length > 0;
        await Promise.all(rows.map((row) => this.#tell(row)));
      }
    } catch (error) {
      this.#deps.platform.log("how actions ended could not be told", {
        message: error instanceof Error ? error.message : "unknown",
      });
    }
  }

  async #tell(row: Row): Promise<void> {
    const { sql, registry, platform, stateOf, isWriting, depsOf } = this.#deps;
    // The sweep after its commit finds it again.
    if (isWriting(row.task)) return;
    const state = stateOf(row.task);
    const step = state?.steps.get(row.step);
    const deps = state === null ? null : depsOf(state.release, platform.nowMs());
    const capability = step === undefined ? undefined : registry.get(step.capability);
    const resolved = capability?.kind === "external" ? capability.resolved : undefined;
    const isOwed = resolved !== undefined && step !== undefined && deps?.ok === true && isTerminal(step.phase);
    if (isOwed) {
      const outcome = step.phase.at === "applied" ? "applied" : "not-applied";
      const told = await within(
        platform,
        LIMITS.permitAskMs,
        () => resolved(outcome, actionContext(state!, step, deps.value)),
        () => false,
      );
      if (!told || isWriting(row.task) || stateOf(row.task)?.steps.get(row.step)?.phase !== step.phase) return;
    }
    sql.exec("DELETE FROM tellings WHERE task = ? AND step = ?", row.task, row.step);
  }
}
