/**
 * The quality gates of a release before anything is planned: what refuses is answered, every failure is counted for the owner's alerts.
 *
 * Q1  An automation without gates pays nothing.
 * Q2  Failures are counted in the isolate and written in the background, once in LIMITS.gateFlushMs: a stream of bad inputs is no
 *     stream of writes. What an isolate counted and could not write is lost with it.
 */
import { and, eq, gte, sql, sum } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { AlertFound } from "../../shared/alerts/evaluate.ts";
import { runbookOf } from "../../shared/alerts/rules.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { failedGates, type FailedGate } from "../../shared/gates/gates.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import type { Background } from "../http/fresh-cache.ts";
import { gateFailures } from "../schema.ts";

const HOUR_MS = 3_600_000;

/** Where inputs come in. */
export type GateContext = {
  readonly env: Bindings;
  readonly background: Background;
  readonly nowMs: number;
  readonly tenant: { readonly id: string };
};

/** Refuses with quality-gate, naming the field and the rule. What only asks for people passes here; the executor sends it to them. */
export function passGates(context: GateContext, release: CompiledRelease, input: JsonObject): Result<null> {
  if (release.gates === null) return ok(null);
  return refuseFailed(context, release, failedGates(release.gates, input));
}

/** Counts what failed for the owner, and refuses where one of them refuses. */
export function refuseFailed(
  context: GateContext,
  release: CompiledRelease,
  failed: readonly FailedGate[],
): Result<null> {
  if (failed.length > 0) count(context, release.bundle.automation, failed);
  const refusing = failed.find(({ gate }) => gate.onFail === "refuse");
  if (refusing === undefined) return ok(null);
  const { gate, field } = refusing;
  return err(
    problem("quality-gate", `${field || "/"}: ${gate.message ?? `the input does not pass the gate ${gate.id}.`}`, {
      gate: gate.id,
      field: field || "/",
      rules: failed.filter((one) => one.gate.onFail === "refuse").map((one) => one.gate.id),
    }),
  );
}

type Counted = { readonly tenant: string; readonly automation: string; readonly gate: string; failures: number };
let counted = new Map<string, Counted>();
let flushFromMs = -Infinity;

function count(
  { env, background, nowMs, tenant }: GateContext,
  automation: string,
  failed: readonly FailedGate[],
): void {
  for (const { gate } of failed) {
    const key = `${tenant.id}/${automation}/${gate.id}`;
    const known = counted.get(key);
    if (known === undefined) counted.set(key, { tenant: tenant.id, automation, gate: gate.id, failures: 1 });
    else known.failures++;
  }
  // A flush that was lost with its request is given up.
  if (nowMs - flushFromMs < 10 * LIMITS.gateFlushMs && nowMs >= flushFromMs) return;
  flushFromMs = nowMs;
  background(new Promise((resolve) => setTimeout(resolve, LIMITS.gateFlushMs)).then(() => flush(env, nowMs)));
}

async function flush(env: Bindings, atMs: number): Promise<void> {
  const rows = [...counted.values()].map((row) => ({ ...row, hour: Math.floor(atMs / HOUR_MS), lastAt: atMs }));
  counted = new Map();
  flushFromMs = -Infinity;
  const db = drizzle(env.CONTROL_DB);
  for (const row of rows)
    await db
      .insert(gateFailures)
      .values(row)
      .onConflictDoUpdate({
        target: [gateFailures.tenant, gateFailures.automation, gateFailures.gate, gateFailures.hour],
        set: { failures: sql`${gateFailures.failures} + ${row.failures}`, lastAt: atMs },
      });
  await db.delete(gateFailures).where(sql`${gateFailures.hour} < ${Math.floor(atMs / HOUR_MS) - LIMITS.gateHoursKept}`);
}

/** One alert for each gate that inputs have failed in this hour or the last. */
export async function gateAlerts(env: Bindings, tenant: string, nowMs: number): Promise<AlertFound[]> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({
      automation: gateFailures.automation,
      gate: gateFailures.gate,
      failures: sum(gateFailures.failures).mapWith(Number),
    })
    .from(gateFailures)
    .where(and(eq(gateFailures.tenant, tenant), gte(gateFailures.hour, Math.floor(nowMs / HOUR_MS) - 1)))
    .groupBy(gateFailures.automation, gateFailures.gate)
    .limit(LIMITS.gateAlerts);
  return rows.map(({ automation, gate, failures }) => ({
    id: `quality-gate:${automation}:${gate}`,
    rule: "quality-gate",
    title: `Inputs fail the quality gate ${gate}`,
    severity: "ticket",
    owner: "the automation's owner",
    automation,
    region: null,
    value: failures,
    raiseAt: 1,
    unit: "count",
    runbook: runbookOf("quality-gate"),
  }));
}
