/** Requests to a webhook are signed as Standard Webhooks writes it (shared/webhook.ts), over the request's own `webhook-id`. */
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { signWebhook } from "../../shared/webhook.ts";
import type { Outgoing } from "./authorization.ts";

/** @param secret `whsec_` and base64. Errors: credential-unavailable, where the secret is none or the request has no id. */
export async function webhookSignature(
  secret: string,
  { headers, body }: Outgoing,
  nowMs: number,
): Promise<Result<{ readonly [name: string]: string }>> {
  const id = headers["webhook-id"];
  const signed = id === undefined ? null : await signWebhook(secret, { id, body: body ?? "" }, nowMs);
  return signed === null
    ? err(problem("credential-unavailable", "A webhook is signed with a whsec_ secret over its webhook-id."))
    : ok(signed);
}
