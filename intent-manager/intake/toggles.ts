/**
 * Feature toggles of a tenant: values that triggers and releases look at. Every change is a row of its own that names who made it; nothing is changed or removed.
 *
 * G1  A change names the version that it follows: of two at once, one is told to read again.
 * G2  A change is in force everywhere within LIMITS.cacheMs; in the isolate that made it, at once.
 */
import { and, desc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { TogglePage, ToggleView } from "../../shared/api/toggles.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { togglesFor, type Toggles, type ToggleValue } from "../../shared/toggles.ts";
import type { Bindings } from "../bindings.ts";
import { FreshCache, type Background } from "../http/fresh-cache.ts";
import { toggles } from "../schema.ts";

type Row = typeof toggles.$inferSelect;
const rowsByTenant = new FreshCache<readonly Row[]>(LIMITS.cachedReleases, LIMITS.cacheMs);

/** The newest version of each toggle of a tenant. */
const readToggles = (env: Bindings, tenant: string): Promise<Row[]> =>
  drizzle(env.CONTROL_DB)
    .select()
    .from(toggles)
    .where(
      and(
        eq(toggles.tenant, tenant),
        sql`${toggles.version} = (SELECT max(version) FROM toggles t WHERE t.tenant = ${toggles.tenant} AND t.automation = ${toggles.automation} AND t.name = ${toggles.name})`,
      ),
    )
    .orderBy(toggles.automation, toggles.name)
    .limit(LIMITS.toggles);

/** Name → value for an automation: its own, and else the tenant's. */
export async function togglesOfAutomation(
  env: Bindings,
  tenant: string,
  automation: string,
  nowMs: number,
  background: Background,
): Promise<Toggles> {
  const rows = await rowsByTenant.get(tenant, nowMs, background, () => readToggles(env, tenant));
  const of = (scope: string) => rows.filter((row) => row.automation === scope).map(({ name, value }) => [name, value]);
  return Object.fromEntries([...of(""), ...of(automation)]) as Toggles;
}

/** Those that a release looks at, for its plans; undefined, and nothing is read, where it looks at none. */
export const togglesOfRelease = async (
  env: Bindings,
  tenant: string,
  { bundle, toggles: names }: CompiledRelease,
  nowMs: number,
  background: Background,
): Promise<Toggles | undefined> =>
  names.length === 0
    ? undefined
    : togglesFor(names, await togglesOfAutomation(env, tenant, bundle.automation, nowMs, background));

export async function togglesOf(env: Bindings, tenant: string): Promise<TogglePage> {
  const history = await drizzle(env.CONTROL_DB)
    .select()
    .from(toggles)
    .where(eq(toggles.tenant, tenant))
    .orderBy(desc(toggles.at), desc(toggles.version))
    .limit(LIMITS.togglesShown);
  return { toggles: (await readToggles(env, tenant)).map(viewOf), history: history.map(viewOf) };
}

export type ToggleChange = {
  readonly name: string;
  readonly automation: string | null;
  readonly value: ToggleValue;
  readonly reason: string;
  readonly after: number;
};

/** Refuses with toggle-moved, naming the version that holds, and with task-limit where a tenant has too many. */
export async function setToggle(
  env: Bindings,
  tenant: string,
  by: string,
  { name, automation, value, reason, after }: ToggleChange,
  nowMs: number,
): Promise<Result<ToggleView>> {
  const now = await readToggles(env, tenant);
  const standing = now.find((row) => row.name === name && row.automation === (automation ?? ""));
  if (standing === undefined && now.length >= LIMITS.toggles)
    return err(problem("invalid-request", `A tenant may have ${LIMITS.toggles} toggles.`));
  const row: Row = { tenant, automation: automation ?? "", name, version: after + 1, value, by, reason, at: nowMs };
  if ((standing?.version ?? 0) === after) {
    // The row's key decides between two at once.
    const written = await drizzle(env.CONTROL_DB).insert(toggles).values(row).onConflictDoNothing();
    rowsByTenant.delete(tenant);
    if (written.meta.changes > 0) return ok(viewOf(row));
  }
  return err(
    problem("toggle-moved", "Somebody else has set this toggle; read it again.", { version: standing?.version ?? 0 }),
  );
}

const viewOf = ({ name, automation, version, value, by, reason, at }: Row): ToggleView => ({
  name,
  automation: automation === "" ? null : automation,
  version,
  value,
  by,
  reason,
  at: new Date(at).toISOString(),
});
