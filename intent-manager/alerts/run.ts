/**
 * One evaluation of a tenant's alert rules: figures, rules, what is kept, and who is told. Two at once: one writes, the other's is dropped, and
 * nobody is told of what is not stored.
 */
import { and, eq, max } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { alertsOf, type AlertFound, type AlertSettings } from "../../shared/alerts/evaluate.ts";
import { evolveAlerts, isDue, told, type KeptAlert } from "../../shared/alerts/life.ts";
import { ALERT_RULES, runbookOf } from "../../shared/alerts/rules.ts";
import { FIGURE_BUCKET_MS } from "../../shared/figures/names.ts";
import { reportOf } from "../../shared/figures/report.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { measure, type Measured } from "../insight/metrics.ts";
import { gateAlerts } from "../intake/gates.ts";
import { loadRelease } from "../releases/in-force.ts";
import { promotions } from "../schema.ts";
import { jobAlerts } from "./from-jobs.ts";
import { alertTarget, tellOf } from "./notify.ts";
import { readAlerts, writeAlerts } from "./store.ts";

const HOUR_MS = 3_600_000;
const LEDGER_DOWN = "ledger-down";

export type Evaluated = {
  /** False: somebody else evaluated at the same time, or just before. */
  readonly counted: boolean;
  readonly kept: readonly KeptAlert[];
};

export async function evaluateAlerts(
  env: Bindings,
  tenant: Tenant,
  nowMs: number,
  send: typeof fetch = fetch,
): Promise<Evaluated> {
  const before = await readAlerts(env, tenant.id);
  if (nowMs - before.evaluatedMs < LIMITS.alertGapMs) return { counted: false, kept: before.kept };
  const target = alertTarget(env);
  const fromMs = Math.floor((nowMs - HOUR_MS) / FIGURE_BUCKET_MS) * FIGURE_BUCKET_MS;
  const measured = await measure(env, tenant, fromMs);
  const tells = target !== null;
  const kept = measured.ok
    ? evolveAlerts(before.kept, await foundIn(env, tenant.id, measured.value, { fromMs, nowMs }), { nowMs, tells })
    : evolveAlerts(before.kept, [ledgerDown()], { nowMs, tells, only: new Set([LEDGER_DOWN]) });
  if (!(await writeAlerts(env, tenant.id, before, { evaluatedMs: nowMs, kept }))) return { counted: false, kept };
  const after = await tellAll(env, tenant.id, kept, nowMs, send);
  return { counted: true, kept: after };
}

async function foundIn(
  env: Bindings,
  tenant: string,
  { figures, now }: Measured,
  { fromMs, nowMs }: { readonly fromMs: number; readonly nowMs: number },
): Promise<AlertFound[]> {
  const settings = await settingsOf(env, tenant);
  const automations = reportOf(figures.rows, (nowMs - fromMs) / HOUR_MS);
  const gates = (await gateAlerts(env, tenant, nowMs)).map((found) => ({
    ...found,
    owner: settings.get(found.automation ?? "")?.owner ?? found.owner,
  }));
  return [...alertsOf({ automations, now }, nowMs, settings), ...gates, ...(await jobAlerts(env, tenant, nowMs))];
}

function ledgerDown(): AlertFound {
  const { id, title, severity, owner, raiseAt, unit } = ALERT_RULES.find((rule) => rule.id === LEDGER_DOWN)!;
  const about = { rule: id, title, severity, owner, raiseAt, unit, runbook: runbookOf(id) };
  return { ...about, id, automation: null, region: null, value: 1 };
}

/** Tells what is due, a bounded number at a time, and keeps what became of it. */
async function tellAll(
  env: Bindings,
  tenant: string,
  kept: readonly KeptAlert[],
  nowMs: number,
  send: typeof fetch,
): Promise<readonly KeptAlert[]> {
  const target = alertTarget(env);
  const due = target === null ? [] : kept.filter(isDue).slice(0, LIMITS.alertsTold);
  if (target === null || due.length === 0) return kept;
  const errors = new Map(
    await Promise.all(
      due.map(async (alert) => {
        const error = target === "invalid" ? "not-configured" : await tellOf(target, tenant, alert, { nowMs, send });
        return [alert.id, error] as const;
      }),
    ),
  );
  // An acknowledgement may have come in between; what was told is told all the same.
  for (let attempt = 0; attempt < 3; attempt++) {
    const stored = await readAlerts(env, tenant);
    const after = stored.kept.map((alert) => {
      const error = errors.get(alert.id);
      return error === undefined ? alert : told(alert, error, nowMs);
    });
    if (await writeAlerts(env, tenant, stored, { kept: after })) return after;
  }
  return kept;
}

/** What the releases in force say of their alerts. */
async function settingsOf(env: Bindings, tenant: string): Promise<AlertSettings> {
  const db = drizzle(env.CONTROL_DB);
  const newest = db
    .select({ automation: promotions.automation, serial: max(promotions.serial).as("newest_serial") })
    .from(promotions)
    .where(eq(promotions.tenant, tenant))
    .groupBy(promotions.automation)
    .as("newest");
  const rows = await db
    .select({ automation: promotions.automation, release: promotions.release })
    .from(promotions)
    .innerJoin(newest, and(eq(newest.automation, promotions.automation), eq(newest.serial, promotions.serial)))
    .where(eq(promotions.tenant, tenant))
    .limit(LIMITS.healthReleases);
  const settings = new Map<string, { owner: string; thresholds: { readonly [rule: string]: number | undefined } }>();
  for (const { automation, release } of rows) {
    const loaded = await loadRelease(env, tenant, release);
    if (!loaded.ok) continue;
    const { owner, alerts = {} } = loaded.value.bundle;
    settings.set(automation, { owner, thresholds: alerts });
  }
  return settings;
}
