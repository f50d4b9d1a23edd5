/** An automation as people see it: the release in force and all that were published. */
import { and, desc, eq, max } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { AutomationView } from "../../shared/api.ts";
import type { Bindings } from "../bindings.ts";
import type { StandingStop } from "../dispatch/stops.ts";
import { promotions, releases } from "../schema.ts";
import { loadRelease } from "./in-force.ts";

export type AutomationRow = { readonly name: string };

const RELEASES_SHOWN = 100;
const at = (ms: number): string => new Date(ms).toISOString();

export async function automationView(
  env: Bindings,
  tenant: string,
  name: string,
  stop: StandingStop | null,
): Promise<AutomationView> {
  const db = drizzle(env.CONTROL_DB);
  const [published, newest] = await Promise.all([
    db
      .select({ release: releases.digest, createdAt: releases.createdAt, serial: max(promotions.serial) })
      .from(releases)
      .leftJoin(promotions, and(eq(promotions.tenant, releases.tenant), eq(promotions.release, releases.digest)))
      .where(and(eq(releases.tenant, tenant), eq(releases.automation, name)))
      .groupBy(releases.digest)
      .orderBy(desc(releases.createdAt))
      .limit(RELEASES_SHOWN),
    db
      .select({ release: promotions.release, serial: promotions.serial, at: promotions.at })
      .from(promotions)
      .where(and(eq(promotions.tenant, tenant), eq(promotions.automation, name)))
      .orderBy(desc(promotions.serial))
      .limit(1),
  ]);
  const inForce = newest[0] ?? null;
  const loaded = inForce === null ? null : await loadRelease(env, tenant, inForce.release);
  const bundle = loaded?.ok === true ? loaded.value.bundle : null;
  return {
    name,
    release: inForce?.release ?? null,
    serial: inForce?.serial ?? 0,
    promotedAt: inForce === null ? null : at(inForce.at),
    summary: bundle?.summary ?? null,
    owner: bundle?.owner ?? null,
    tier: bundle?.tier ?? null,
    planner: bundle?.planner ?? null,
    stop,
    releases: published.map((row) => ({ release: row.release, createdAt: at(row.createdAt), serial: row.serial })),
  };
}
