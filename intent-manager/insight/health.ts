/** What keeps this Worker from deciding. Public, so it counts and names nobody. */
import { asc, count, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../shared/limits.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import { proposalPublicKey } from "../planning/sign-plan.ts";
import { loadRelease } from "../releases/in-force.ts";
import { automations, tenants } from "../schema.ts";
import { ok, type Result } from "../../shared/result.ts";

/** The one line for whoever started this Worker alone. */
const START_ALL =
  "`npm start` at the repository root starts all three Workers (npx wrangler dev -c wrangler.toml -c executors/wrangler.toml -c ledger/wrangler.toml).";

export async function whatFails(env: Bindings): Promise<string[]> {
  const alone = await whichWorkersFail(env);
  if (alone.length > 0) return alone;
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

/** Without the other two Workers nothing can be done, whatever is in the control database. */
async function whichWorkersFail(env: Bindings): Promise<string[]> {
  const answers = await Promise.all([
    // Its databases are asked by each action itself; here it is enough that it answers.
    fails("countersign-executors", async () => ok(await env.EXECUTORS.capabilities())),
    // No tenant has this name: the ledger answers so without reading anything.
    fails("countersign-ledger", () => env.LEDGER.health(NO_TENANT)),
  ]);
  return answers.filter((reason) => reason !== null);
}
const NO_TENANT = "-";

async function fails(worker: string, call: () => Promise<Result<unknown>>): Promise<string | null> {
  try {
    const answer = await callWorker(worker, call);
    return answer.ok || answer.problem.code !== "not-running" ? null : `${worker} is not running: ${START_ALL}`;
  } catch {
    return `${worker} does not work; its log says why.`;
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
