/**
 * Whether an action may stand where it stands.
 *
 * The last decision of the record about a step must be final and must allow it; where it asks for people, the review must be approved and
 * the action must name exactly the approvals that were given.
 */
import { failedElements } from "../fan-out.ts";
import type { FindingCode } from "./checks.ts";
import type { ExecutorState } from "./executor-events.ts";
import { isSatisfied, type EventOf, type StepState, type TaskState } from "./task-state.ts";

/** An event that needs authority: an effect is claimed, a read is done, a wait begins. */
export type Acting = EventOf<"step-claimed" | "step-applied" | "wait-started">;

type Fault = { readonly code: FindingCode; readonly detail: string } | null;
const fault = (code: FindingCode, detail: string): Fault => ({ code, detail });

/** Why this step may not act now, or null. */
export function faultOfActing(
  task: TaskState,
  step: StepState,
  event: Acting,
  tenant: string,
  executor: ExecutorState,
): Fault {
  if (event.action !== step.action)
    return fault("action-mismatch", "The action's id does not follow from its task, round and place.");
  return (
    faultOfAuthority(step, event) ??
    faultOfOrder(task, step) ??
    faultOfStop(task, step, tenant, executor) ??
    faultOfSubject(task, step, executor)
  );
}

function faultOfAuthority({ decision, review }: StepState, event: Acting): Fault {
  if (!decision.final) return fault("not-authorised", "The decision was not final.");
  const given = review?.approvals.map(({ attestation }) => attestation) ?? [];
  if (given.length !== event.attestations.length || given.some((id, i) => id !== event.attestations[i]))
    return fault("not-authorised", "The action names other approvals than were given.");
  switch (decision.answer) {
    case "allow":
    case "notify":
      return null;
    case "review":
      return review !== null &&
        review.approved &&
        isSatisfied({ required: decision.reviews, approvals: review.approvals })
        ? null
        : fault("not-authorised", "The decision asks for people, and their approval is not there.");
    case "deny":
      return fault("not-authorised", "The decision was to deny.");
  }
}

function faultOfOrder(task: TaskState, step: StepState): Fault {
  const early = step.proposed.after.find((id) => {
    const awaited = task.steps.get(id);
    if (awaited?.phase === "applied" || awaited?.phase === "skipped") return false;
    return awaited?.phase !== "ended" || !mayHaveFailed(task, awaited, step);
  });
  return early === undefined ? null : fault("order-invalid", `The step acted before ${early}, which it waits for.`);
}

/** Of a fan-out some of whose elements may fail, no more than that did; what belongs to the fan-out itself waits for its own element. */
function mayHaveFailed({ steps }: TaskState, awaited: StepState, waiting: StepState): boolean {
  const { fanOut } = awaited.proposed;
  if (fanOut === undefined || waiting.proposed.fanOut?.of === fanOut.of) return false;
  const all = [...steps.values()].filter((step) => step.round === awaited.round && step.phase === "ended");
  return (
    failedElements(
      fanOut,
      all.map((step) => step.proposed.fanOut),
    ) <= fanOut.mayFail
  );
}

function faultOfStop(task: TaskState, step: StepState, tenant: string, executor: ExecutorState): Fault {
  // What stops new harm does not keep done harm from being undone.
  if (step.undoes !== null) return null;
  const { automation, release, principal } = task.opened;
  const stop =
    executor.stoppedBy("tenant", tenant) ??
    executor.stoppedBy("automation", automation) ??
    executor.stoppedBy("release", release) ??
    executor.stoppedBy("key", principal.key) ??
    executor.stoppedBy("key", step.agent) ??
    executor.stoppedBy("agent", step.agent) ??
    executor.stoppedBy("capability", step.proposed.capability);
  return stop === null ? null : fault("stopped", `The step acted while ${stop} was in force.`);
}

/** What the person whom a task is about had the last word on. */
function faultOfSubject({ opened }: TaskState, step: StepState, executor: ExecutorState): Fault {
  const { subjects = [], purpose } = opened;
  // Begun before the erasure, it ends as it ends: only what is begun afterwards is wrong.
  if (step.claim === null && subjects.some((key) => executor.erased.has(key)))
    return fault("subject-erased", "The step acted after the person whom its task is about was erased.");
  if (step.undoes !== null || purpose === null) return null;
  return step.claim === null && subjects.some((key) => executor.hasWithdrawn(key, purpose))
    ? fault("consent-withdrawn", "The step acted after consent to its purpose was withdrawn.")
    : null;
}
