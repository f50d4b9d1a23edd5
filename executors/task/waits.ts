/**
 * Steps that wait, and what ends them.
 *
 *  W1  A wait ends once: by its time, by one signal or event, or with the task. What comes afterwards changes nothing.
 *  W2  A signal is taken by one step; one that comes early is kept, a bounded number of them, until a step waits for its name.
 *  W3  The same signal (by its id) and the same event (by source and id) again change nothing.
 */
import type { Json, JsonObject } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import type { Capability } from "../adapters/types.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { fail } from "./endings.ts";
import type { KeptSignal, StepState } from "./state.ts";

/** The step may go, and what it does is wait. A signal that came early ends the wait at once. */
export function startWait(
  draft: Draft,
  step: StepState,
  args: JsonObject,
  capability: Extract<Capability, { kind: "wait" }>,
  attestations: readonly string[],
  deps: TaskDeps,
): void {
  const plan = capability.plan(args, deps.nowMs);
  if (!plan.ok) return fail(draft, step.id, plan.problem);
  const { wait, name, untilMs, onTimeout } = plan.value;
  draft.emit({
    type: "wait-started",
    step: step.id,
    action: step.action,
    wait,
    name,
    untilMs,
    onTimeout,
    attestations: [...attestations],
  });
  const early =
    wait === "signal"
      ? [...draft.state.signals.values()].find((one) => one.name === name && one.takenBy === null)
      : undefined;
  if (early !== undefined) takeSignal(draft, step.id, early);
  else endDueWait(draft, draft.state.steps.get(step.id)!, deps);
}

/** Ends a wait whose time is over. */
export function endDueWait(draft: Draft, { id, phase }: StepState, deps: TaskDeps): void {
  if (phase.at !== "waiting" || phase.untilMs === null || deps.nowMs < phase.untilMs) return;
  if (phase.wait === "time") return endWait(draft, id, "time", null, { until: new Date(phase.untilMs).toISOString() });
  if (phase.onTimeout === "continue") return endWait(draft, id, "timeout", null, timedOut(phase.wait));
  draft.emit({ type: "wait-ended", step: id, by: "timeout", id: null });
  fail(draft, id, problem("wait-timeout", `No ${phase.wait} ${phase.name} came in time.`));
}

export function takeSignal(draft: Draft, step: string, { id, value }: KeptSignal): void {
  endWait(draft, step, "signal", id, { timedOut: false, id, payload: value });
}

/** The result of a wait that was over without what it waited for. */
const timedOut = (wait: "signal" | "event"): Json =>
  wait === "signal"
    ? { timedOut: true, id: null, payload: null }
    : { timedOut: true, source: null, id: null, data: null };

/** W1. */
export function endWait(
  draft: Draft,
  stepId: string,
  by: "time" | "signal" | "event" | "timeout",
  id: string | null,
  result: Json,
): void {
  const step = draft.state.steps.get(stepId)!;
  draft.emit({ type: "wait-ended", step: stepId, by, id });
  draft.emit({
    type: "step-applied",
    step: stepId,
    action: step.action,
    effectKey: null,
    result: draft.seal(result),
    premises: [],
    attestations: step.review?.approvals.map(({ attestation }) => attestation) ?? [],
    tags: [],
    replayed: false,
    left: null,
    reversibleUntilMs: null,
  });
}
