/**
 * Outcomes that are reported of a task, while it runs or after its end.
 *
 *  Or1  One word of each source stands: the same word again is no news, another one supersedes it, and both stay in the record.
 *  Or2  It changes nothing else: no step, no status, no timer.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { JudgeCommand, OutcomeCommand } from "../../shared/rpc.ts";
import { SAMPLE_SOURCE, type OutcomeView } from "../../shared/outcome.ts";
import { requestersOf } from "./decide.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import type { ReportedOutcome, TaskState } from "./state.ts";
import { erased, isErasedNow } from "./subjects.ts";

/** Refuses with subject-erased, invalid-request (it lies in the future) or outcome-limit. */
export function reportOutcome(draft: Draft, said: Omit<OutcomeCommand, "task">, deps: TaskDeps): Result<null> {
  const { state } = draft;
  if (state.erased || isErasedNow(state, deps)) return err(erased(state));
  const { source, correct, label, occurredMs, note, by } = said;
  if (source === SAMPLE_SOURCE)
    return err(problem("invalid-request", `/source: ${SAMPLE_SOURCE} is the word of those who judge a sampled action`));
  if (occurredMs !== null && occurredMs > deps.nowMs + LIMITS.clockSkewMs)
    return err(problem("invalid-request", "/at: an outcome is reported after it is known"));
  const before = state.reported.findLast((one) => one.source === source);
  const isSame =
    before !== undefined &&
    before.correct === correct &&
    before.label === label &&
    before.occurredMs === occurredMs &&
    before.note === note;
  if (isSame) return ok(null);
  // Judgements of sampled actions are counted by themselves: whoever reports outcomes cannot leave no room for them.
  if (state.reported.filter(({ judged }) => judged === null).length >= LIMITS.taskOutcomes)
    return err(problem("outcome-limit", "The task takes no further reported outcome."));
  draft.emit({
    type: "outcome-reported",
    automation: state.automation,
    capabilities: capabilitiesOf(state, deps),
    correct,
    label,
    source,
    by,
    occurredMs,
    note: note === null ? null : draft.seal(note),
    supersedes: before === undefined ? null : { correct: before.correct, atMs: before.atMs },
  });
  return ok(null);
}

/**
 * A member's judgement of a sampled action. The same word again is no news; another one of anybody supersedes it. Refuses with subject-erased,
 * not-found (it was not drawn), approver-is-requester or outcome-limit.
 */
export function judgeSample(draft: Draft, said: Omit<JudgeCommand, "task">, deps: TaskDeps): Result<null> {
  const { state } = draft;
  if (state.erased || isErasedNow(state, deps)) return err(erased(state));
  const { step: id, correct, label, note, member, by } = said;
  const step = state.steps.get(id);
  if (step === undefined || step.sampled === null)
    return err(problem("not-found", "There is no such action in the audit sample."));
  if (requestersOf(state, step).includes(member))
    return err(problem("approver-is-requester", "Whoever asked for this may not judge it."));
  const before = state.reported.findLast((one) => one.judged?.step === id);
  const isSame =
    before?.correct === correct && before.label === label && before.note === note && before.judged?.member === member;
  if (isSame) return ok(null);
  if (state.reported.filter(({ judged }) => judged?.step === id).length >= LIMITS.stepJudgements)
    return err(problem("outcome-limit", "The action takes no further judgement."));
  draft.emit({
    type: "outcome-reported",
    automation: state.automation,
    capabilities: [step.capability],
    correct,
    label,
    source: SAMPLE_SOURCE,
    by,
    occurredMs: null,
    note: note === null ? null : draft.seal(note),
    supersedes: before === undefined ? null : { correct: before.correct, atMs: before.atMs },
    judged: { step: id, member },
  });
  return ok(null);
}

/** The capabilities with effects about which the task's plans decided; what was only read and what takes back is left out. */
function capabilitiesOf(state: TaskState, deps: TaskDeps): string[] {
  const names = [...state.steps.values()].flatMap(({ capability, undoes }) =>
    undoes === null && deps.registry.get(capability)?.contract.effect !== "read" ? [capability] : [],
  );
  return [...new Set(names)].toSorted().slice(0, LIMITS.outcomeCapabilities);
}

export const reportedView = (reported: readonly ReportedOutcome[]): OutcomeView[] =>
  reported.map(({ source, correct, label, occurredMs, atMs, by, note, judged }, i) => ({
    source,
    correct,
    label,
    at: occurredMs === null ? null : new Date(occurredMs).toISOString(),
    reportedAt: new Date(atMs).toISOString(),
    by,
    note,
    judged,
    superseded: reported.findLastIndex((one) => one.source === source && one.judged?.step === judged?.step) !== i,
  }));
