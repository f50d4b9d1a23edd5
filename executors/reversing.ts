/**
 * Reversals: somebody asks that an applied action be taken back. The intent-manager says who asks, under its proposal key; whether it
 * happens is decided here, by policy, people and the state of the records.
 *
 * reverse()  started | duplicate | refused { not-found, audience-mismatch, task-not-settled, not-applied, not-reversible, already-undone, undo-attempts-spent,
 *            reversal-window-closed, key-*, signature-*, not-yet-valid, expired, stopped }
 */
import { Envelope, openEnvelope } from "../shared/signing.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { Reversal } from "../shared/reversal.ts";
import type { TaskView } from "../shared/views.ts";
import { parseCommand } from "./commands.ts";
import { GUARDS } from "./guards/index.ts";
import type { Shard } from "./shard.ts";
import { reverseTask } from "./task/reverse.ts";
import type { StepState, TaskState } from "./task/state.ts";
import { beyondReach } from "./task/subjects.ts";
import { openUndone } from "./undone.ts";

export async function reverse(
  shard: Shard,
  task: string,
  stepId: string,
  input: unknown,
  waitMs: number,
): Promise<Result<TaskView>> {
  const parsed = parseCommand(Envelope, input);
  if (!parsed.ok) return parsed;
  const found = shard.find(task);
  if (!found.ok) return found;
  const gone = beyondReach(found.value);
  if (gone !== null) return err(gone);
  const opened = await openEnvelope(parsed.value, {
    payloadType: PAYLOAD_TYPES.reversal,
    keys: shard.config.proposalKeys,
    schema: Reversal,
  });
  if (!opened.ok) return opened;
  const { payload, kids } = opened.value;
  const takenBack = await openUndone(payload.undone, shard);
  if (!takenBack.ok) return takenBack;
  const started = await shard.onTask(found.value, (draft, deps): Result<null> => {
    const revoked = kids.find((kid) => !GUARDS["signer-not-revoked"](kid, shard.trusted.revoked));
    if (revoked !== undefined) return err(problem("key-revoked", `The proposal key ${revoked} is revoked.`));
    const step = draft.state.steps.get(stepId);
    if (step === undefined) return err(problem("not-found", "There is no such step."));
    const wrong = wrongRequest(payload, shard, draft.state, step, deps.nowMs);
    if (wrong !== null) return err(wrong);
    const { by } = payload;
    const request = {
      id: payload.id,
      by: `${by.role} key ${by.key}`,
      member: by.member,
      envelope: parsed.value,
      takenBack: takenBack.value,
    };
    return reverseTask(draft, stepId, request, deps);
  });
  if (!started.ok) return started;
  await shard.undone(task, stepId, waitMs);
  return ok(await shard.receiptedView(shard.tasks.get(task)!));
}

function wrongRequest(
  payload: Reversal,
  shard: Shard,
  state: TaskState,
  step: StepState,
  nowMs: number,
): Problem | null {
  const isOurs =
    GUARDS["reversal-tenant"](payload, shard) &&
    GUARDS["reversal-region"](payload, shard) &&
    GUARDS["reversal-task"](payload, state.id) &&
    GUARDS["reversal-step"](payload, step.id) &&
    GUARDS["reversal-action"](payload, step.action);
  if (!isOurs) return problem("audience-mismatch", "The request is for another tenant, region, task, step or action.");
  if (!GUARDS["reversal-begun"](payload, nowMs)) return problem("not-yet-valid", "The request is dated in the future.");
  if (!GUARDS["reversal-lifetime"](payload)) return problem("expired", "The request is valid for too long.");
  if (!GUARDS["reversal-not-over"](payload, nowMs)) return problem("expired", "The request has expired.");
  return shard.trusted.stoppedCaller(payload.by.key);
}
