/**
 * Alerts of what the jobs found: effects that the log does not know (or the other way round), and sampled actions that nobody has judged in time.
 * Read from the runs that are kept, so nothing is asked of an executor here; an alert ends when the runs say so.
 */
import { and, desc, eq, gte, inArray } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { AlertFound } from "../../shared/alerts/evaluate.ts";
import { alertsOfRuns } from "../../shared/alerts/from-jobs.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Bindings } from "../bindings.ts";
import { jobRuns } from "../schema.ts";

const DAY_MS = 86_400_000;

export async function jobAlerts(env: Bindings, tenant: string, nowMs: number): Promise<AlertFound[]> {
  const runs = await drizzle(env.CONTROL_DB)
    .select({ job: jobRuns.job, found: jobRuns.found })
    .from(jobRuns)
    .where(
      and(
        eq(jobRuns.tenant, tenant),
        inArray(jobRuns.job, ["completeness", "samples"]),
        gte(jobRuns.startedAt, nowMs - DAY_MS),
      ),
    )
    .orderBy(desc(jobRuns.startedAt))
    .limit(2 * LIMITS.jobRunsKept);
  return alertsOfRuns(runs);
}
