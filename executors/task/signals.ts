/** What comes to a task from outside while it runs: signals, and events that one of its steps waits for (W1 to W3 in waits.ts). */
import { utf8 } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { commit } from "../../shared/commitments.ts";
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { asReference, hasReservedKey } from "../../shared/references.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { advance } from "./advance.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { isTerminal, type StepState } from "./state.ts";
import { endWait, takeSignal } from "./waits.ts";

export type Signal = { readonly name: string; readonly id: string; readonly payload: Json; readonly by: string };
export type ArrivedEvent = { readonly source: string; readonly id: string; readonly type: string; readonly data: Json };

/**
 * A signal to the task. `kept`: it came before a step waits for it.
 * Refuses with invalid-request, idempotency-conflict, task-settled, signal-unawaited or signal-limit.
 */
export function signalTask(draft: Draft, signal: Signal, deps: TaskDeps): Result<"taken" | "kept" | "duplicate"> {
  const { state } = draft;
  const known = state.signals.get(signal.id);
  if (known !== undefined)
    return known.name === signal.name && commit(known.salt, signal.payload) === known.commitment
      ? ok("duplicate")
      : err(problem("idempotency-conflict", "This id was used for another signal.", { id: signal.id }));
  if (state.settled !== null || state.cancelledBy !== null)
    return err(problem("task-settled", `The task has ${state.settled?.status ?? "been cancelled"}.`));
  if (hasReservedKey(signal.payload)) return err(problem("invalid-request", "Names that start with $ are reserved."));
  const steps = [...state.steps.values()];
  const waiting = steps.find(
    ({ phase }) => phase.at === "waiting" && phase.wait === "signal" && phase.name === signal.name,
  );
  if (waiting === undefined && state.last && !steps.some((step) => mayAwait(step, signal.name)))
    return err(problem("signal-unawaited", `No step waits for ${signal.name}, and none will.`));
  const size = utf8(canonicalize(signal.payload)).length;
  const kept = [...state.signals.values()].filter(({ takenBy }) => takenBy === null);
  const bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  const full = waiting === undefined && (kept.length >= LIMITS.signalsKept || bytes + size > LIMITS.signalsKeptBytes);
  if (full || size > LIMITS.signalBytes || state.signals.size >= LIMITS.taskSignals)
    return err(problem("signal-limit", "The task takes no further signal of this size."));

  draft.emit({
    type: "signal-received",
    name: signal.name,
    id: signal.id,
    by: signal.by,
    payload: draft.seal(signal.payload),
    bytes: size,
  });
  if (waiting !== undefined) takeSignal(draft, waiting.id, draft.state.signals.get(signal.id)!);
  advance(draft, deps);
  return ok(waiting === undefined ? "kept" : "taken");
}

/** An event for one waiting step. `late`: the step does not wait for it any more, or never did. */
export function takeEvent(
  draft: Draft,
  stepId: string,
  key: string,
  event: ArrivedEvent,
  deps: TaskDeps,
): "taken" | "late" {
  const step = draft.state.steps.get(stepId);
  const waits = step?.phase.at === "waiting" && step.phase.wait === "event" && step.phase.name === event.type;
  if (step !== undefined && hasTaken(step, event)) return "taken";
  if (!waits || awaitedKey(step) !== key || hasReservedKey(event.data)) return "late";
  const { source, id, data } = event;
  endWait(draft, stepId, "event", `sha256:${sha256Hex(`${source} ${id}`)}`, { timedOut: false, source, id, data });
  advance(draft, deps);
  return "taken";
}

/** Whoever hands an event on may have lost the answer: the same event again is the same answer. */
const hasTaken = ({ capability, phase }: StepState, { source, id }: ArrivedEvent): boolean => {
  if (capability !== "wait.event" || phase.at !== "applied") return false;
  const result = phase.result.value as { readonly source?: Json; readonly id?: Json } | null;
  return result?.source === source && result.id === id;
};

/** The correlation key that a step waits under; null where it waits for something else. */
export const awaitedKey = ({ phase, resolvedArgs, args }: StepState): string | null =>
  phase.at === "waiting" && phase.wait === "event" ? String((resolvedArgs ?? args)["key"]) : null;

/** Whether a step that has not begun may wait for this signal once its arguments are known. */
function mayAwait({ capability, phase, args }: StepState, name: string): boolean {
  if (capability !== "wait.signal" || isTerminal(phase) || phase.at === "waiting") return false;
  const wanted = args["name"] ?? null;
  return wanted === name || asReference(wanted) !== undefined;
}
