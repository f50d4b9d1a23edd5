/**
 * Reviews: what waits for a person in this executor, and the decisions that come in. The executor checks each person's signature itself;
 * whoever carried it here proves nothing.
 *
 * decide()  recorded | duplicate | refused { not-found, review-not-waiting, review-expired, attestation-mismatch, approver-is-requester,
 *           role-missing, already-decided, replayed, not-yet-valid, expired, and all of signatures }
 */
import { Attestation, SignedAttestation } from "../shared/attestation.ts";
import { parseReviewId } from "../shared/ids.ts";
import { LIMITS } from "../shared/limits.ts";
import { openSignedByMember } from "../shared/members.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { ReviewView } from "../shared/views.ts";
import { parseCommand } from "./commands.ts";
import { GUARDS } from "./guards/index.ts";
import type { Shard } from "./shard.ts";
import { attest } from "./task/decide.ts";
import type { Review, StepState, TaskState } from "./task/state.ts";
import { beyondReach } from "./task/subjects.ts";
import { reviewView } from "./task/view.ts";

type Found = { readonly state: TaskState; readonly step: StepState; readonly review: Review };

/** What waits, the earliest deadline first. */
export function reviews(shard: Shard): ReviewView[] {
  const rows = shard.sql
    .exec<{ id: string }>("SELECT id FROM reviews ORDER BY expires_ms LIMIT ?", LIMITS.reviewsListed)
    .toArray();
  return rows.flatMap(({ id }) => {
    const route = parseReviewId(id);
    if (route === null || shard.readable(route.task) === null) return [];
    const found = find(shard, id);
    return found.ok ? [viewOf(found.value)] : [];
  });
}

export function review(shard: Shard, id: string): Result<ReviewView> {
  const found = find(shard, id);
  return found.ok ? ok(viewOf(found.value)) : found;
}

export async function decide(shard: Shard, id: string, input: unknown): Promise<Result<ReviewView>> {
  const parsed = parseCommand(SignedAttestation, input);
  if (!parsed.ok) return parsed;
  const found = find(shard, id);
  if (!found.ok) return found;
  const { state, step } = found.value;
  const { envelope, chain } = parsed.value;
  const opened = await openSignedByMember(
    envelope,
    chain,
    Attestation,
    PAYLOAD_TYPES.attestation,
    shard.anchor,
    shard.nowMs(),
    shard.trusted.revoked,
  );
  if (!opened.ok) return opened;
  const { payload, member } = opened.value;
  const isThis =
    GUARDS["attestation-tenant"](payload, shard.tenant) &&
    GUARDS["attestation-task"](payload, state.id) &&
    GUARDS["attestation-review"](payload, id);
  if (!isThis) return err(problem("attestation-mismatch", "The signature is for another review."));
  if (!GUARDS["signed-by-now"](payload, shard.nowMs()))
    return err(problem("not-yet-valid", "The signature is dated in the future."));
  if (!GUARDS["signed-not-over"](payload, shard.nowMs())) return err(problem("expired", "The signature has expired."));
  const decided = await shard.onTask(state, (draft, deps) => {
    const refusal = shard.trusted.revokedSigner(envelope, ...chain);
    if (refusal !== null) return err(refusal);
    const approvals = draft.state.steps.get(step.id)?.review?.approvals ?? [];
    const repeated = approvals.some((approval) => approval.attestation === payload.id);
    if (!repeated && !GUARDS["signature-unused"](shard.isBurned(payload.id)))
      return err(problem("replayed", "This signature was used before."));
    const attested = attest(draft, step.id, payload, member, parsed.value, deps);
    if (attested.ok && draft.events.length > 0) shard.burn(payload.id);
    return attested;
  });
  return decided.ok ? review(shard, id) : decided;
}

function find(shard: Shard, id: string): Result<Found> {
  const route = parseReviewId(id);
  const state = route === null ? null : shard.find(route.task);
  const gone = state?.ok === true ? beyondReach(state.value) : null;
  if (gone !== null) return err(gone);
  if (state?.ok === true)
    for (const step of state.value.steps.values())
      if (step.review?.id === id) return ok({ state: state.value, step, review: step.review });
  return err(problem("not-found", "There is no such review."));
}

const viewOf = (found: Found): ReviewView => reviewView(found.state, found.step, found.review);
