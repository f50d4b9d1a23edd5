/**
 * The record of one run, folded from the events of its task. Small and free of values: commitments, codes, names and times.
 *
 * R1  Until the task ends the record is folded; with `task-settled` it is closed and never changed again (the table refuses it too).
 * R2  Events after the end are kept as they came, without their signatures, and folded over the closed record by whoever reads it.
 */
import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import type { Principal, TaskEvent } from "../../shared/events.ts";
import { actionId } from "../../shared/ids.ts";
import type { Classification } from "../../shared/classifier/classification.ts";
import type { MemoryShown } from "../../shared/memory.ts";
import type { Plan, PlannerKind } from "../../shared/proposal.ts";
import { usedBy, type ModelUse } from "./model-use.ts";
import { decided, newStep, stepEvent, UNKNOWN, type RunStepRecord } from "./run-steps.ts";

export type RunPlanRecord = {
  readonly round: number;
  readonly plan: string;
  readonly planner: PlannerKind;
  readonly agent: string;
  readonly last: boolean;
  readonly atMs: number;
  /** What its planner was shown of memory, as it was signed; absent where nothing. */
  readonly memory?: readonly MemoryShown[];
  /** What its models used, as it was signed; absent where none was asked. */
  readonly model?: ModelUse;
  /** The label that it follows; absent where the release has no classifier. */
  readonly classified?: Classification;
  /** What a model said before for the same input, where none was asked. */
  readonly recalled?: NonNullable<Plan["recalled"]>;
};

export type RunRecord = {
  readonly automation: string;
  readonly release: string;
  readonly executor: string;
  readonly input: string;
  readonly principal: Principal;
  readonly trigger: { readonly kind: string; readonly id: string } | null;
  readonly purpose: string | null;
  readonly traceparent: string | null;
  readonly deadlineMs: number;
  readonly plans: RunPlanRecord[];
  readonly steps: { [step: string]: RunStepRecord };
  /** What models used for rounds that nobody could plan. */
  stopped?: readonly ModelUse[];
  /** The word that stands of each source on whether it was right. */
  reported?: { readonly [source: string]: boolean };
  cancelledBy: string | null;
  why: string | null;
  /** Entry that closed it, or the newest so far. */
  endIdx: number;
};

/** An event after the end, without what only a verifier needs. */
export type LaterEvent = { readonly idx: number; readonly atMs: number; readonly event: TaskEvent };

export const openedRun = (
  executor: string,
  event: Extract<TaskEvent, { type: "task-opened" }>,
  idx: number,
): RunRecord => ({
  automation: event.automation,
  release: event.release,
  executor,
  input: event.input,
  principal: event.principal,
  trigger: event.trigger,
  purpose: event.purpose,
  traceparent: event.traceparent,
  deadlineMs: event.deadlineMs,
  plans: [],
  steps: {},
  cancelledBy: null,
  why: null,
  endIdx: idx,
});

/** Folds one event into a record that the caller owns. */
export function foldRun(run: RunRecord, task: string, event: TaskEvent, atMs: number): void {
  switch (event.type) {
    case "plan-admitted":
      return admit(run, task, event, atMs);
    case "planning-stopped": {
      const used = usedBy(event.calls);
      if (used !== null) run.stopped = [...(run.stopped ?? []), used];
      return;
    }
    case "cancel-requested":
      run.cancelledBy = event.by;
      return;
    case "outcome-reported": {
      const { judged, source, correct } = event;
      const sampled = judged === undefined ? undefined : run.steps[judged.step];
      if (judged === undefined) run.reported = { ...run.reported, [source]: correct };
      else if (sampled !== undefined) sampled.judged = { correct, member: judged.member };
      return;
    }
    case "task-opened":
      throw new Error("task-opened twice");
    case "task-settled":
      run.why = event.why;
      return;
    default:
      stepEvent(run.steps, event, atMs);
  }
}

function admit(run: RunRecord, task: string, event: Extract<TaskEvent, { type: "plan-admitted" }>, atMs: number): void {
  const { round, plan, planner, agent, last } = event;
  const signed = signedPlan(event);
  const used = usedBy(signed?.model ?? []);
  const classified = signed?.classified;
  run.plans.push({
    round,
    plan,
    planner,
    agent,
    last,
    atMs,
    ...(used === null ? {} : { model: used }),
    ...(classified === undefined ? {} : { classified }),
    ...(signed?.recalled === undefined ? {} : { recalled: signed.recalled }),
    ...(signed?.memory === undefined ? {} : { memory: signed.memory }),
  });
  const planned = signed?.steps ?? null;
  for (const [i, step] of (planned ?? Object.keys(event.decisions).map((id) => ({ id }))).entries()) {
    const one = planned?.[i];
    const record = newStep(
      round,
      actionId(task, round, i),
      one?.capability ?? UNKNOWN,
      one?.undo?.capability ?? null,
      null,
    );
    record.decision = decided(event.decisions[step.id]);
    if (typeof one?.claimedConfidence === "number") record.claimed = one.claimedConfidence;
    run.steps[step.id] = record;
  }
}

/** The signed plan, which the executor verified before it recorded it; null where it is none. */
function signedPlan(
  event: Extract<TaskEvent, { type: "plan-admitted" }>,
): Pick<Plan, "steps" | "model" | "classified" | "recalled" | "memory"> | null {
  const bytes = fromBase64(event.envelope.payload);
  const text = bytes === null ? null : fromUtf8(bytes);
  if (text === null) return null;
  try {
    const plan = JSON.parse(text) as Plan;
    return Array.isArray(plan.steps) ? plan : null;
  } catch {
    return null;
  }
}
