/**
 * Signatures of webhooks as Standard Webhooks 1.0 writes them (https://www.standardwebhooks.com): `v1,` and the base64 of HMAC-SHA256 over
 * `ID.TIMESTAMP.BODY`. The id is the request's own `webhook-id`, the same on every attempt; the timestamp is the attempt's.
 */
import { fromBase64, toBase64, utf8 } from "../../shared/bytes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Outgoing } from "./authorization.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/** @param secret `whsec_` and base64. Errors: credential-unavailable, where the secret is none or the request has no id. */
export async function webhookSignature(
  secret: string,
  { headers, body }: Outgoing,
  nowMs: number,
): Promise<Result<{ readonly [name: string]: string }>> {
  const key = fromBase64(secret.slice("whsec_".length));
  const id = headers["webhook-id"];
  if (key === null || id === undefined)
    return err(problem("credential-unavailable", "A webhook is signed with a whsec_ secret over its webhook-id."));
  const timestamp = String(Math.floor(nowMs / 1_000));
  const imported = await crypto.subtle.importKey("raw", key, HMAC, false, ["sign"]);
  const signature = await crypto.subtle.sign(HMAC.name, imported, utf8(`${id}.${timestamp}.${body ?? ""}`));
  return ok({
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${toBase64(new Uint8Array(signature))}`,
  });
}
