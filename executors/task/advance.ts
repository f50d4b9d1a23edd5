/**
 * What follows by itself: which steps may go on, what I/O they need, and when the task has ended. Pure, and a function of stored state alone,
 * so recovery after a crash asks the same question and gets the same answer (E4).
 */
import type { TaskStatus } from "../../shared/events.ts";
import type { JsonObject } from "../../shared/json.ts";
import { intentFacts } from "../../shared/facts.ts";
import { isLeftOut } from "../../shared/fan-out.ts";
import { type LeftOut, leftOutNow, refsIn, resolveRefs } from "../../shared/playbook.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { decideAndAct } from "./act.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { fail } from "./endings.ts";
import { mayNeedPermits } from "./permits.ts";
import { awaitsObservation, isObserving, stepObserved } from "./prediction.ts";
import {
  isCancelled,
  isIdle,
  isLive,
  isQuiet,
  isTerminal,
  isUnsuccessful,
  mayHaveFailed,
  plainResults,
  resultsOf,
  type StepState,
  type TaskState,
} from "./state.ts";
import { endRestored, hasLostSomethingToEnd } from "./restored.ts";
import { BY_ERASURE, erased, isErasedNow, refusedBySubject } from "./subjects.ts";
import { compensate } from "./undo.ts";

/** I/O that a step needs next. `prepare` reads its target and asks for its permits, `apply` does the effect, `ask` asks what became of one
 * in doubt, `subscribe` says where an event is awaited, `observe` reads back what an action left. */
export type Effect = { readonly kind: "prepare" | "apply" | "ask" | "subscribe" | "observe"; readonly step: string };

/** Takes every step as far as it can go without I/O, then settles the task if all has ended. */
export function advance(draft: Draft, deps: TaskDeps): void {
  if (isQuiet(draft.state)) return;
  if (draft.state.settled === null && isErasedNow(draft.state, deps)) endErased(draft);
  if (draft.state.restored) endRestored(draft);
  for (const { id } of draft.state.steps.values()) moveStep(draft, draft.state.steps.get(id)!, deps);
  if (draft.state.settled === null) settle(draft, deps);
}

/** What is not under way ends, and nothing is read back any more. */
function endErased(draft: Draft): void {
  if (draft.state.cancelledBy === null) draft.emit({ type: "cancel-requested", by: BY_ERASURE });
  for (const { id } of draft.state.steps.values()) stepObserved(draft, id, err(erased(draft.state)));
}

function moveStep(draft: Draft, step: StepState, deps: TaskDeps): void {
  const state = draft.state;
  if (!isLive(state, step)) return;
  if (isCancelled(state, step) && isIdle(step))
    return draft.emit({ type: "step-skipped", step: step.id, why: "cancelled" });
  const refusal = isIdle(step) ? refusedBySubject(state, step, deps) : null;
  if (refusal !== null) return fail(draft, step.id, refusal);
  if (step.phase.at === "proposed") {
    switch (readiness(state, step, draft.durableBelow)) {
      case "wait":
        return;
      case "unreachable":
        return draft.emit({ type: "step-skipped", step: step.id, why: "dependency" });
      case "ready":
        return start(draft, step, deps);
    }
  }
  if (mayAct(step, deps.nowMs) && !needsPrepare(step, deps))
    decideAndAct(draft, step.id, step.resolvedArgs ?? step.args, null, deps);
}

/** A person approved it, or an earlier attempt was proved not executed and its pause is over. */
const mayAct = (step: StepState, nowMs: number): boolean =>
  step.phase.at === "approved" || (step.phase.at === "retrying" && step.phase.retryAtMs <= nowMs);

/** A dependency counts once it is durable: applied in an earlier round than the one being written. */
function readiness(state: TaskState, step: StepState, durableBelow: number): "wait" | "ready" | "unreachable" {
  let ready = true;
  for (const id of step.after) {
    const awaited = state.steps.get(id)!;
    const { phase } = awaited;
    // What belongs to the fan-out itself waits for its own element.
    const bears = awaited.fanOut !== null && awaited.fanOut.of !== step.fanOut?.of && mayHaveFailed(state, awaited);
    if (isUnsuccessful(phase) && !bears) return "unreachable";
    if (!isTerminal(phase) || (phase.at === "applied" && phase.seq >= durableBelow)) ready = false;
  }
  return ready ? "ready" : "wait";
}

/** The step's target is read, or permits are asked for, before it can be decided to the end. */
const needsPrepare = (step: StepState, deps: TaskDeps): boolean => {
  const capability = deps.registry.get(step.capability)!;
  return (capability.kind === "external" && capability.prepare !== null) || mayNeedPermits(step, deps);
};

function start(draft: Draft, step: StepState, deps: TaskDeps): void {
  const why = leftOut(draft.state, step, deps);
  if (!why.ok) return fail(draft, step.id, why.problem);
  if (why.value !== null) return draft.emit({ type: "step-skipped", step: step.id, why: why.value });
  const args = resolvedArgs(draft.state, step, deps);
  if (!args.ok) return fail(draft, step.id, args.problem);
  if (!needsPrepare(step, deps)) decideAndAct(draft, step.id, args.value, null, deps);
}

/** Why the step is left out now that what it waited for has ended, null where it is done. */
function leftOut(state: TaskState, step: StepState, deps: TaskDeps): Result<LeftOut | null> {
  const isGone = ({ phase }: StepState) => phase.at === "skipped" && isLeftOut(phase.why);
  if (refsIn(step.args).some((ref) => isGone(state.steps.get(ref.step)!))) return ok("reference");
  if (step.when === null || deps.release.playbook === null) return ok(null);
  const intent = intentFacts(state.automation, { ...state, input: state.input.value }, step.classified);
  return leftOutNow(deps.release.playbook, step.id, intent, resultsOf(state), step.toggles);
}

/** Arguments with references replaced by journaled results and checked against the contract. */
export function resolvedArgs(state: TaskState, step: StepState, deps: TaskDeps): ReturnType<typeof resolveRefs> {
  if (step.resolvedArgs !== null) return { ok: true, value: step.resolvedArgs };
  if (refsIn(step.args).length === 0) return { ok: true, value: step.args };
  const resolved = resolveRefs(step.args, plainResults(state));
  if (!resolved.ok) return resolved;
  const checked = deps.release.declarations.capabilities.get(step.capability)!.input.check(resolved.value);
  return checked.ok ? { ok: true, value: checked.value as JsonObject } : checked;
}

/** The I/O that a task's steps wait for, from its state alone. The shell runs each at most once at a time. */
export function effectsOf(state: TaskState, deps: TaskDeps): Effect[] {
  if (isQuiet(state) || state.restored) return [];
  return [...state.steps.values()].flatMap((step): Effect[] => {
    if (!isLive(state, step) || (isIdle(step) && refusedBySubject(state, step, deps) !== null)) return [];
    if (awaitsObservation(step)) return isErasedNow(state, deps) ? [] : [{ kind: "observe", step: step.id }];
    if (step.phase.at === "applying") return [{ kind: "apply", step: step.id }];
    if (step.phase.at === "in_doubt")
      return step.phase.askAtMs !== null && step.phase.askAtMs <= deps.nowMs ? [{ kind: "ask", step: step.id }] : [];
    if (step.phase.at === "waiting") return step.phase.wait === "event" ? [{ kind: "subscribe", step: step.id }] : [];
    return waitsForPrepare(state, step, deps) ? [{ kind: "prepare", step: step.id }] : [];
  });
}

function waitsForPrepare(state: TaskState, step: StepState, deps: TaskDeps): boolean {
  if (!needsPrepare(step, deps) || isCancelled(state, step)) return false;
  if (mayAct(step, deps.nowMs)) return true;
  if (step.phase.at !== "proposed" || readiness(state, step, Infinity) !== "ready") return false;
  const why = leftOut(state, step, deps);
  return why.ok && why.value === null && resolvedArgs(state, step, deps).ok;
}

/** Whether another round would make progress without any I/O: a step waited only for a dependency to become durable. */
export const canContinue = (state: TaskState, deps: TaskDeps): boolean =>
  waitsForDurability(state) ||
  hasLostSomethingToEnd(state) ||
  hasToEnd(state, deps) ||
  (!isQuiet(state) &&
    [...state.steps.values()].some(
      (step) =>
        isLive(state, step) &&
        step.phase.at === "proposed" &&
        readiness(state, step, Infinity) !== "wait" &&
        !waitsForPrepare(state, step, deps),
    ));

/** A subject keeps a step from going on, or the task was erased, and nobody has said so yet. */
const hasToEnd = (state: TaskState, deps: TaskDeps): boolean =>
  state.subjects.length > 0 &&
  !isQuiet(state) &&
  ((state.settled === null && (state.cancelledBy === null || isObserving(state)) && isErasedNow(state, deps)) ||
    [...state.steps.values()].some(
      (step) => isLive(state, step) && isIdle(step) && refusedBySubject(state, step, deps) !== null,
    ));

/** U2: the newest undo of a compensation is applied, and what comes next waited for that to be durable. */
const waitsForDurability = (state: TaskState): boolean => {
  const undos = [...state.steps.values()].filter((step) => step.undoes !== null);
  return state.compensating && state.settled === null && undos.at(-1)?.phase.at === "applied";
};

function settle(draft: Draft, deps: TaskDeps): void {
  const end = endOf(draft.state, deps);
  if (end === null) return;
  const isFailure = end.status !== "succeeded";
  const hasChanged = [...draft.state.steps.values()].some((step) => step.undoes === null && step.left !== null);
  // What was done can only be taken back by values that are there.
  const compensates =
    deps.release.bundle.onFailure === "compensate" && !draft.state.restored && !isErasedNow(draft.state, deps);
  if (!isFailure || !hasChanged || !compensates) return draft.emit({ type: "task-settled", ...end });
  const compensation = compensate(draft, end.why ?? end.status, deps);
  if (compensation === null) {
    // An undo that has just begun goes as far as it can without I/O.
    for (const step of draft.state.steps.values())
      if (step.undoes !== null && step.phase.at === "proposed") moveStep(draft, step, deps);
    return;
  }
  draft.emit(
    compensation.incomplete === null
      ? { type: "task-settled", status: "compensated", why: end.why }
      : { type: "task-settled", status: "failed", why: compensation.incomplete },
  );
}

/** How the task ends as far as its own steps go; null while it does not. */
function endOf(state: TaskState, deps: TaskDeps): { readonly status: TaskStatus; readonly why: string | null } | null {
  const steps = [...state.steps.values()].filter((step) => step.undoes === null);
  // O4. What is being read back is read within seconds, and the steps of the task have not waited for it.
  if (!steps.every((step) => isTerminal(step.phase) && !awaitsObservation(step))) return null;
  if (state.cancelledBy !== null)
    return { status: "cancelled", why: state.cancelledBy === BY_ERASURE ? BY_ERASURE : "cancelled" };
  if (state.restored) return { status: "failed", why: "restored" };
  if (!state.last && deps.nowMs < state.deadlineMs) return null;
  if (state.planningStopped?.next === "end") return { status: "failed", why: state.planningStopped.code };
  if (state.last && steps.length === 0 && deps.release.bundle.planner !== "playbook")
    return { status: "failed", why: "nothing-proposed" };
  const lastRound = Math.max(0, ...steps.map((step) => step.round));
  const unsuccessful = steps.filter((step) => step.round === lastRound && isUnsuccessful(step.phase));
  const failed = unsuccessful.find((step) => !mayHaveFailed(state, step));
  const late = !state.last || steps.some((step) => step.phase.at === "expired");
  if (failed === undefined && (state.last || steps.length > 0))
    return { status: "succeeded", why: late ? "deadline" : unsuccessful.length > 0 ? "partial" : null };
  return { status: late ? "expired" : "failed", why: failed?.id ?? "deadline" };
}
