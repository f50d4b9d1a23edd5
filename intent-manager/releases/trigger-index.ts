/**
 * Which automations of a tenant have triggers: an index over the releases in force, read from what publishing wrote beside each bundle and
 * trusted for LIMITS.cacheMs. It only finds candidates; what a trigger says stands in the release.
 */
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../shared/limits.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { Bindings } from "../bindings.ts";
import { FreshCache, type Background } from "../http/fresh-cache.ts";

/** What publishing writes beside a bundle that has triggers. */
export type TriggerNote = { readonly events: readonly string[]; readonly crons: number };

export function triggerNote({ triggers }: ReleaseBundle): TriggerNote | null {
  if (triggers === undefined) return null;
  const events = triggers.flatMap((trigger) => ("event" in trigger ? [trigger.event.type] : []));
  return { events: [...new Set(events)], crons: triggers.length - events.length };
}

type Index = { readonly automationsByEvent: ReadonlyMap<string, readonly string[]> };
const indexByTenant = new FreshCache<Index>(LIMITS.cachedReleases, LIMITS.cacheMs);

/** The automations whose releases in force have a trigger for events of a type. */
export async function automationsFor(
  env: Bindings,
  tenant: string,
  type: string,
  nowMs: number,
  background: Background,
): Promise<readonly string[]> {
  const index = await indexByTenant.get(tenant, nowMs, background, () => readIndex(env, tenant));
  return index.automationsByEvent.get(type) ?? [];
}

async function readIndex(env: Bindings, tenant: string): Promise<Index> {
  const automationsByEvent = new Map<string, string[]>();
  for (const { automation, triggers } of await triggersInForce(env, tenant))
    for (const type of triggers.events) {
      const known = automationsByEvent.get(type);
      if (known === undefined) automationsByEvent.set(type, [automation]);
      else known.push(automation);
    }
  return { automationsByEvent };
}

/** The automations of a tenant whose release in force has triggers, by name. */
export async function triggersInForce(
  env: Bindings,
  tenant: string,
): Promise<{ automation: string; triggers: TriggerNote }[]> {
  const rows = await drizzle(env.CONTROL_DB).all<{ automation: string; triggers: string }>(sql`
    SELECT p.automation, r.triggers FROM promotions p JOIN releases r ON r.tenant = p.tenant AND r.digest = p.release
    WHERE p.tenant = ${tenant} AND r.triggers IS NOT NULL
      AND p.serial = (SELECT max(serial) FROM promotions WHERE tenant = p.tenant AND automation = p.automation)
    ORDER BY p.automation LIMIT ${LIMITS.triggeredAutomations}`);
  return rows.map(({ automation, triggers }) => ({ automation, triggers: JSON.parse(triggers) as TriggerNote }));
}

/** The next reader in this isolate asks the database. */
export const forgetTriggers = (tenant: string): void => indexByTenant.delete(tenant);
