/**
 * Reads back what an applied action left, where its capability can say: a bounded number of times while that fails, each within its time.
 * In memory only: after a crash it begins again, which reads once more and changes nothing (E4).
 */
import { LIMITS } from "../shared/limits.ts";
import type { JsonObject } from "../shared/json.ts";
import { pauseOn, within, type Platform } from "../shared/platform.ts";
import { problem } from "../shared/problems.ts";
import { err, type Result } from "../shared/result.ts";
import { actionContext } from "./task/act.ts";
import { resolvedArgs } from "./task/advance.ts";
import type { TaskDeps } from "./task/deps.ts";
import { notObservable } from "./task/prediction.ts";
import type { StepState, TaskState } from "./task/state.ts";

/** What stands at the target now. Errors: `not-observable`; otherwise why the last reading failed. */
export async function readBack(
  state: TaskState,
  step: StepState,
  deps: TaskDeps,
  platform: Pick<Platform, "nowMs" | "setTimer">,
): Promise<Result<JsonObject>> {
  const capability = deps.registry.get(step.capability);
  const observe = capability?.kind === "external" ? capability.observe : undefined;
  const args = resolvedArgs(state, step, deps);
  if (observe === undefined || !args.ok || step.phase.at !== "applied") return notObservable();
  const result = step.phase.result.value;
  const timeoutMs = Math.min(capability!.contract.timeoutMs ?? LIMITS.observeTimeoutMs, LIMITS.observeTimeoutMs);
  const ask = () => observe(args.value, result, actionContext(state, step, deps, true));
  let reading = await within(platform, timeoutMs, ask, notReadable);
  for (let asked = 1; !reading.ok && asked < LIMITS.observeAsks; asked++) {
    await pauseOn(platform)(LIMITS.observePauseMs * 2 ** (asked - 1));
    reading = await within(platform, timeoutMs, ask, notReadable);
  }
  return reading;
}

const notReadable = (): Result<JsonObject> =>
  err(problem("target-unavailable", "What the action left could not be read."));
