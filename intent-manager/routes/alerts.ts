/** Alerts as the last evaluation left them, and somebody's word that they are on one. */
import * as z from "zod";
import { isDue, type KeptAlert } from "../../shared/alerts/life.ts";
import { AlertPage, AlertView } from "../../shared/api.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { alertTarget } from "../alerts/notify.ts";
import { readAlerts, writeAlerts } from "../alerts/store.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { Nothing } from "./shapes.ts";

const at = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export const listAlerts = endpoint(
  "GET /v1/alerts",
  {
    summary: "Alerts",
    description:
      "As the last evaluation of the shipped rules left them, each with its owner and its runbook. Raised ones first, of these the ones that wake somebody; then those not seen often enough yet, then those that cleared within the last day.",
    tag: "service",
    answers: { 200: { description: "The alerts", schema: AlertPage } },
  },
  async ({ env, caller, nowMs }) => {
    const { evaluatedMs, kept } = await readAlerts(env, caller.tenant.id);
    const target = alertTarget(env);
    return ok({
      at: evaluatedMs === 0 ? null : at(evaluatedMs),
      stale: nowMs - evaluatedMs > LIMITS.alertStaleMs,
      notifies: target === null ? null : target === "invalid" ? "not configured" : target.url.origin,
      alerts: kept.map(viewOf),
    } satisfies AlertPage);
  },
);

export const acknowledgeAlert = endpoint(
  "POST /v1/alerts/{id}/acknowledge",
  {
    summary: "Acknowledge an alert",
    description:
      "Says that somebody is on it: under the name of the member whom the key belongs to, or of the key. It stands until the alert clears; the first word counts.",
    tag: "service",
    params: z.object({ id: z.string().min(1).max(250) }),
    body: Nothing,
    answers: { 200: { description: "The alert", schema: AlertView } },
  },
  async ({ env, caller, params, nowMs }) => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const stored = await readAlerts(env, caller.tenant.id);
      const alert = stored.kept.find(({ id, state }) => id === params.id && state !== "cleared");
      if (alert === undefined) return err(NOT_FOUND);
      if (alert.acknowledged !== null) return ok(viewOf(alert));
      const after = { ...alert, acknowledged: { by: caller.member ?? caller.key, atMs: nowMs } };
      const kept = stored.kept.map((one) => (one === alert ? after : one));
      if (await writeAlerts(env, caller.tenant.id, stored, { kept })) return ok(viewOf(after));
    }
    return err(problem("overloaded", "The alerts are being evaluated; try again."));
  },
);

export function viewOf(alert: KeptAlert): AlertView {
  const { state, firstSeenMs, lastSeenMs, raisedMs, clearedMs, acknowledged, tell, toldMs } = alert;
  const { id, rule, title, severity, owner, automation, region, value, raiseAt, unit, runbook } = alert;
  return {
    id,
    rule,
    title,
    severity,
    owner,
    automation,
    region,
    value,
    raiseAt,
    unit,
    runbook,
    state,
    firstSeenAt: at(firstSeenMs)!,
    lastSeenAt: at(lastSeenMs)!,
    raisedAt: at(raisedMs),
    clearedAt: at(clearedMs),
    acknowledged: acknowledged === null ? null : { by: acknowledged.by, at: at(acknowledged.atMs)! },
    notification: {
      state: tell === null ? (toldMs === null ? "off" : "told") : isDue(alert) ? "waiting" : "failed",
      at: at(toldMs),
      error: tell?.error ?? null,
    },
  };
}
