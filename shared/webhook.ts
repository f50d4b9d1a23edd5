/**
 * Signatures of webhooks as Standard Webhooks 1.0 writes them (https://www.standardwebhooks.com): `v1,` and the base64 of HMAC-SHA256 over
 * `ID.TIMESTAMP.BODY`. The id is the same on every attempt; the timestamp is the attempt's.
 */
import { fromBase64, toBase64, utf8 } from "./bytes.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/** The two headers beside `webhook-id`. @param secret `whsec_` and base64; null where it is none. */
export async function signWebhook(
  secret: string,
  { id, body }: { readonly id: string; readonly body: string },
  nowMs: number,
): Promise<{ readonly [name: string]: string } | null> {
  const key = secret.startsWith("whsec_") ? fromBase64(secret.slice("whsec_".length)) : null;
  if (key === null || key.length === 0) return null;
  const timestamp = String(Math.floor(nowMs / 1_000));
  const imported = await crypto.subtle.importKey("raw", key, HMAC, false, ["sign"]);
  const signature = await crypto.subtle.sign(HMAC.name, imported, utf8(`${id}.${timestamp}.${body}`));
  return {
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${toBase64(new Uint8Array(signature))}`,
  };
}
