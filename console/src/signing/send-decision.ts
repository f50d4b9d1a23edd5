/**
 * Signs a decision with this device's key and sends it. The envelope is kept before it is sent and dropped when the executor has
 * answered, so that a click after a lost answer, or after a reload, repeats the same attestation (D3 of decision.ts).
 */
import type { Client } from "../../../shared/client.ts";
import { isRetryable, type Problem } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import type { ReviewView } from "../../../shared/views.ts";
import { signDecision, type Decision, type Kept } from "./decision.ts";
import type { DeviceKey } from "./device-key.ts";
import { read, remove, write } from "./store.ts";

/** Nobody knows whether what was sent was taken: the answer was lost, or the server had trouble. */
export const mayHaveArrived = (problem: Problem): boolean =>
  isRetryable(problem.code) || problem.code === "internal-error";

const at = (tenant: string, review: string): string => `decision:${tenant}:${review}`;

/** The decision that this device signed and whose answer it never saw; null normally. */
export const keptDecision = (tenant: string, review: string): Promise<Kept | null> => read<Kept>(at(tenant, review));

export async function sendDecision(
  client: Client,
  tenant: string,
  key: DeviceKey,
  review: ReviewView,
  decision: Decision,
): Promise<Result<ReviewView>> {
  const kept = await keptDecision(tenant, review.id);
  const signed = await signDecision(
    review,
    tenant,
    key,
    decision,
    kept,
    Date.now(),
    crypto.getRandomValues(new Uint8Array(16)),
  );
  if (!signed.ok) return signed;
  await write(at(tenant, review.id), signed.value);
  const answer = await client.decideReview(review.id, { envelope: signed.value.envelope });
  if (answer.ok || !mayHaveArrived(answer.problem)) await remove(at(tenant, review.id));
  return answer;
}
