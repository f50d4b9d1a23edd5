/** What keeps this Worker from deciding. Public, so it counts and names nobody. */
import { asc, count, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../shared/limits.ts";
import type { Bindings } from "../bindings.ts";
import { proposalPublicKey } from "../planning/sign-plan.ts";
import { loadRelease } from "../releases/in-force.ts";
import { automations, tenants } from "../schema.ts";

export async function whatFails(env: Bindings): Promise<string[]> {
  try {
    proposalPublicKey(env);
  } catch {
    return ["PROPOSAL_KEY is not set: run `npm start` at the repository root."];
  }
  try {
    return await whatPolicyFails(env);
  } catch {
    return ["The control database does not answer or has no tables: run `npm start` at the repository root."];
  }
}

/** No policy loaded is a failed health check. */
async function whatPolicyFails(env: Bindings): Promise<string[]> {
  const db = drizzle(env.CONTROL_DB);
  const inForce = sql<
    string | null
  >`(SELECT release FROM promotions p WHERE p.tenant = automations.tenant AND p.automation = automations.name ORDER BY serial DESC LIMIT 1)`;
  const [known, rows] = await Promise.all([
    db.select({ tenants: count() }).from(tenants),
    db
      .select({ tenant: automations.tenant, release: inForce })
      .from(automations)
      .orderBy(asc(automations.tenant), asc(automations.name))
      .limit(LIMITS.healthReleases),
  ]);
  if ((known[0]?.tenants ?? 0) === 0) return ["There is no tenant yet: run `npm start` at the repository root."];
  if (rows.length === 0) return ["No policy is loaded: there is no automation."];
  const without = rows.filter(({ release }) => release === null).length;
  let broken = 0;
  for (const { tenant, release } of rows)
    if (release !== null && !(await loadRelease(env, tenant, release)).ok) broken += 1;
  return [
    ...(without === 0 ? [] : [`${without} of ${rows.length} automations have no promoted release.`]),
    ...(broken === 0 ? [] : [`${broken} of ${rows.length} automations have a release that does not load.`]),
  ];
}
