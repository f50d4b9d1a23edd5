/** Whether an undo may begin where it begins: its template was signed with the action, and somebody or the task's failure asked for it. */
import { undoDigest, undoIdOf, undoneBy, undoStepId } from "../undo.ts";
import { actionId } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { problem, type Problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { Reversal } from "../reversal.ts";
import { openEnvelope } from "../signing.ts";
import type { ExecutorState } from "./executor-events.ts";
import { isOver, UNTOUCHED, type EventOf, type StepState, type TaskState } from "./task-state.ts";
import type { VerifierTrust } from "./trust.ts";

/** The undo as a step that nothing has happened to yet, or the first reason why it may not stand there. */
export async function checkUndo(
  event: EventOf<"undo-started">,
  task: TaskState,
  done: StepState,
  atMs: number,
  trust: VerifierTrust,
  executor: ExecutorState,
  used: ReadonlySet<string>,
): Promise<Result<StepState>> {
  const { undo } = done.proposed;
  if (done.undoes !== null || done.phase !== "applied" || undo === null)
    return err(problem("not-reversible", "The step was not applied, or nothing that was signed takes it back."));
  const earlier = [...task.steps.values()].filter(({ undoes }) => undoes === event.step);
  if (earlier.some(({ phase }) => !isOver(phase) || phase === "applied"))
    return err(problem("already-undone", "The action was taken back before, or is being taken back."));
  const attempt = earlier.length + 1;
  if (event.undo !== undoStepId(event.step, attempt) || undoneBy(event.undo) === null)
    return err(problem("plan-invalid", "The undo's name does not follow from its step."));
  const wrong =
    event.kind === "compensation"
      ? wrongCompensation(event, task)
      : await wrongReversal(event, task, done, atMs, trust, executor, used);
  if (wrong !== null) return err(wrong);
  return ok({
    proposed: {
      id: event.undo,
      capability: undo.capability,
      after: [],
      undo: null,
      predicted: null,
      fanOut: undefined,
    },
    digest: undoDigest(done.action, attempt, undo),
    action: undoIdOf(actionId(task.task, done.round, done.index), attempt),
    undoes: event.step,
    round: done.round,
    index: done.index,
    agent: done.agent,
    agentMember: event.member ?? done.agentMember,
    decision: { answer: "review", final: false, rules: [], reviews: [], errors: [], deferred: [], byDefault: false },
    ...UNTOUCHED,
  });
}

function wrongCompensation(event: EventOf<"undo-started">, task: TaskState): Problem | null {
  return task.compensating && event.request === null && event.envelope === null && event.member === null
    ? null
    : problem("plan-mismatch", "The task does not compensate, or somebody is said to have asked for it.");
}

async function wrongReversal(
  event: EventOf<"undo-started">,
  task: TaskState,
  done: StepState,
  atMs: number,
  trust: VerifierTrust,
  executor: ExecutorState,
  used: ReadonlySet<string>,
): Promise<Problem | null> {
  if (event.envelope === null) return problem("signature-invalid", "Nobody signed for this reversal.");
  const opened = await openEnvelope(event.envelope, {
    payloadType: PAYLOAD_TYPES.reversal,
    keys: trust.proposalKeys,
    schema: Reversal,
  });
  if (!opened.ok) return opened.problem;
  const { payload, kids } = opened.value;
  const revoked = kids.find((kid) => executor.revoked.has(kid));
  if (revoked !== undefined) return problem("key-revoked", `The proposal key ${revoked} was revoked before.`);
  const isOurs =
    payload.tenant === trust.anchor.tenant &&
    payload.task === task.task &&
    payload.region === task.opened.region &&
    payload.step === event.step &&
    payload.action === done.action;
  if (!isOurs) return problem("audience-mismatch", "The request is for another tenant, region, task, step or action.");
  if (
    payload.id !== event.request ||
    payload.by.member !== event.member ||
    `${payload.by.role} key ${payload.by.key}` !== event.by
  )
    return problem("plan-mismatch", "The event says something else than the request that it holds.");
  if (used.has(payload.id)) return problem("replayed", "The request was used before.");
  if (payload.atMs > atMs + LIMITS.clockSkewMs)
    return problem("not-yet-valid", "The request is dated after it was used.");
  return atMs >= payload.expiresMs + LIMITS.clockSkewMs ? problem("expired", "The request had expired.") : null;
}
