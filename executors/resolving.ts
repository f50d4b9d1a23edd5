/**
 * Effects in doubt: what nobody knows yet in this executor, and the words of people who have looked. The executor checks each person's
 * signature itself, as it does for reviews.
 *
 * resolve()  recorded | duplicate | refused { not-found, not-in-doubt, attestation-mismatch, approver-is-requester, role-missing,
 *            disclosure-mismatch, contract-violation, replayed, not-yet-valid, expired, and all of signatures }
 */
import { LIMITS } from "../shared/limits.ts";
import { openSignedByMember } from "../shared/members.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem } from "../shared/problems.ts";
import { Resolution, SignedResolution } from "../shared/resolution.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { DoubtView, TaskView } from "../shared/views.ts";
import { parseCommand } from "./commands.ts";
import { GUARDS } from "./guards/index.ts";
import { endDoubt } from "./projections.ts";
import type { Shard } from "./shard.ts";
import { resolveDoubt } from "./task/resolve.ts";
import { stopsCompensation } from "./task/undo.ts";
import { doubtView } from "./task/view.ts";

/** What is in doubt, the oldest first. */
export function doubts(shard: Shard): DoubtView[] {
  const rows = shard.sql
    .exec<{ task: string; step: string }>(
      "SELECT task, step FROM doubts ORDER BY since_seq LIMIT ?",
      LIMITS.doubtsListed,
    )
    .toArray();
  return rows.flatMap(({ task, step: id }) => {
    const state = shard.readable(task);
    if (state === null) return [];
    const step = state.steps.get(id);
    if (step !== undefined && (step.phase.at === "in_doubt" || stopsCompensation(state, step)))
      return [doubtView(shard.tenant, state, step, shard.registry.get(step.capability)?.contract.summary ?? "")];
    // Its row stands there before its state says why: taken away now, the doubt would be hidden for good.
    if (shard.rounds.isWriting(task)) return [];
    // It was answered: nobody had to pay for this row then.
    endDoubt(shard.sql, task, id);
    return [];
  });
}

export async function resolve(shard: Shard, task: string, stepId: string, input: unknown): Promise<Result<TaskView>> {
  const parsed = parseCommand(SignedResolution, input);
  if (!parsed.ok) return parsed;
  const found = shard.find(task);
  if (!found.ok) return found;
  const { envelope, chain } = parsed.value;
  const opened = await openSignedByMember(
    envelope,
    chain,
    Resolution,
    PAYLOAD_TYPES.resolution,
    shard.anchor,
    shard.nowMs(),
    shard.trusted.revoked,
  );
  if (!opened.ok) return opened;
  const { payload, member } = opened.value;
  const isThis =
    GUARDS["resolution-tenant"](payload, shard.tenant) &&
    GUARDS["resolution-task"](payload, task) &&
    GUARDS["resolution-step"](payload, stepId);
  if (!isThis) return err(problem("attestation-mismatch", "The signature is for another step."));
  if (!GUARDS["signed-by-now"](payload, shard.nowMs()))
    return err(problem("not-yet-valid", "The signature is dated in the future."));
  if (!GUARDS["signed-not-over"](payload, shard.nowMs())) return err(problem("expired", "The signature has expired."));
  const decided = await shard.onTask(found.value, (draft, deps) => {
    const refusal = shard.trusted.revokedSigner(envelope, ...chain);
    if (refusal !== null) return err(refusal);
    const repeated = draft.state.steps.get(stepId)?.resolved?.resolution === payload.id;
    if (!repeated && !GUARDS["signature-unused"](shard.isBurned(payload.id)))
      return err(problem("replayed", "This signature was used before."));
    const resolved = resolveDoubt(draft, stepId, payload, member, parsed.value, deps);
    if (resolved.ok && draft.events.length > 0) shard.burn(payload.id);
    return resolved;
  });
  if (!decided.ok) return decided;
  await shard.told();
  return ok(await shard.receiptedView(shard.tasks.get(task)!));
}
