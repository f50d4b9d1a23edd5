/**
 * Telling somebody of an alert: one configured address, signed with a secret that is for this alone. What is sent holds names and numbers of
 * the system and no value of a task.
 */
import type { KeptAlert } from "../../shared/alerts/life.ts";
import { utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { signWebhook } from "../../shared/webhook.ts";
import type { Bindings } from "../bindings.ts";

export type AlertTarget = { readonly url: URL; readonly secret: string };

/** Where alerts go; null for nowhere, `invalid` where address or secret cannot be used. */
export function alertTarget(
  env: Partial<Pick<Bindings, "ALERT_WEBHOOK_URL" | "ALERT_WEBHOOK_SECRET">>,
): AlertTarget | null | "invalid" {
  const address = (env.ALERT_WEBHOOK_URL ?? "").trim();
  if (address === "") return null;
  const secret = env.ALERT_WEBHOOK_SECRET ?? "";
  if (!URL.canParse(address)) return "invalid";
  const url = new URL(address);
  const isUsable = ["https:", "http:"].includes(url.protocol) && url.username === "" && url.password === "";
  return isUsable && secret.startsWith("whsec_") ? { url, secret } : "invalid";
}

/** Sends what is to be told of it. Null, or why it failed. The id and the body of a raising are the same on every attempt. */
export async function tellOf(
  target: AlertTarget,
  tenant: string,
  alert: KeptAlert,
  { nowMs, send }: { readonly nowMs: number; readonly send: typeof fetch },
): Promise<string | null> {
  const { id, rule, title, severity, owner, automation, region, raiseAt, unit, runbook, raisedMs, clearedMs } = alert;
  const what = alert.tell!.what;
  const atMs = (what === "raised" ? raisedMs : clearedMs) ?? nowMs;
  const about = { tenant, id, rule, title, severity, owner, automation, region, raiseAt, unit, runbook };
  const body = JSON.stringify({ type: `alert.${what}`, timestamp: new Date(atMs).toISOString(), data: about });
  const webhookId = `alr_${sha256Hex(utf8(JSON.stringify([tenant, id, what, atMs]))).slice(0, 32)}`;
  return deliver(target, webhookId, body, { nowMs, send });
}

/** Sends one signed message. Null, or why it failed. */
export async function deliver(
  target: AlertTarget,
  webhookId: string,
  body: string,
  { nowMs, send }: { readonly nowMs: number; readonly send: typeof fetch },
): Promise<string | null> {
  const signed = await signWebhook(target.secret, { id: webhookId, body }, nowMs);
  if (signed === null) return "secret-unusable";
  try {
    const response = await send(target.url.href, {
      method: "POST",
      headers: { "content-type": "application/json", "webhook-id": webhookId, ...signed },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(LIMITS.alertTellMs),
    });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch {
    return "no answer";
  }
}
