/** Runs of jobs: one tenant's, each written down with what it found; and a cron's, over the tenants whose last run is the oldest. */
import { and, asc, desc, eq, lt, max } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../shared/limits.ts";
import type { JobView } from "../../shared/api/jobs.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { jobRuns, tenants } from "../schema.ts";
import { JOB_NAMES, JOBS, type Job, type JobName, type JobRun } from "./jobs.ts";

type Row = typeof jobRuns.$inferSelect;

/** Runs a job for one tenant and keeps what became of it. A job that breaks leaves a run with the error, and the next run begins where the last good one ended. */
export async function runJob(env: Bindings, tenant: Tenant, name: JobName, by: string): Promise<Row> {
  const db = drizzle(env.CONTROL_DB);
  const mine = and(eq(jobRuns.tenant, tenant.id), eq(jobRuns.job, name));
  const [last] = await db
    .select({ reached: max(jobRuns.reached) })
    .from(jobRuns)
    .where(mine);
  const reached = last?.reached ?? null;
  const startedAt = Date.now();
  let run: JobRun;
  try {
    run = await (JOBS[name] as Job).run({ env, tenant, nowMs: () => Date.now(), reached, by });
  } catch (cause) {
    console.error("job", { job: name, tenant: tenant.id, error: cause instanceof Error ? cause.message : "unknown" });
    run = { looked: 0, found: 0, repaired: 0, named: [], error: "internal-error", reached };
  }
  const row: Row = { tenant: tenant.id, job: name, startedAt, endedAt: Date.now(), ...run };
  await db.insert(jobRuns).values(row).onConflictDoNothing();
  const [oldest] = await db
    .select({ at: jobRuns.startedAt })
    .from(jobRuns)
    .where(mine)
    .orderBy(desc(jobRuns.startedAt))
    .limit(1)
    .offset(LIMITS.jobRunsKept - 1);
  if (oldest !== undefined) await db.delete(jobRuns).where(and(mine, lt(jobRuns.startedAt, oldest.at)));
  return row;
}

/** The jobs of a cron expression, for a bounded number of tenants. An expression that no job names does nothing but say so. */
export async function runCron(env: Bindings, cron: string): Promise<void> {
  const due = JOB_NAMES.filter((name) => JOBS[name].cron === cron);
  if (due.length === 0) return console.error("job", { error: "no job has this cron expression", cron });
  const db = drizzle(env.CONTROL_DB);
  for (const name of due) {
    const newest = db
      .select({ tenant: jobRuns.tenant, at: max(jobRuns.startedAt).as("at") })
      .from(jobRuns)
      .where(eq(jobRuns.job, name))
      .groupBy(jobRuns.tenant)
      .as("newest");
    // SQLite puts NULL first: a tenant without a run is the most overdue.
    const rows = await db
      .select({ id: tenants.id, regions: tenants.regions, shards: tenants.shards, rootKey: tenants.rootKey })
      .from(tenants)
      .leftJoin(newest, eq(newest.tenant, tenants.id))
      .orderBy(asc(newest.at))
      .limit(LIMITS.jobTenants);
    for (const tenant of rows) await runJob(env, tenant, name, "cron");
  }
}

/** Every job with the runs of a tenant that are kept, the newest first. */
export async function jobsOf(env: Bindings, tenant: string): Promise<JobView[]> {
  const rows = await drizzle(env.CONTROL_DB)
    .select()
    .from(jobRuns)
    .where(eq(jobRuns.tenant, tenant))
    .orderBy(desc(jobRuns.startedAt))
    .limit(JOB_NAMES.length * LIMITS.jobRunsKept);
  return JOB_NAMES.map((name) => ({
    name,
    what: JOBS[name].what,
    cron: JOBS[name].cron,
    runs: rows.filter(({ job }) => job === name).map(viewOf),
  }));
}

export const viewOf = ({ startedAt, endedAt, looked, found, repaired, named, error, reached }: Row) => ({
  startedAt: new Date(startedAt).toISOString(),
  endedAt: new Date(endedAt).toISOString(),
  looked,
  found,
  repaired,
  named: [...named],
  error,
  reached: reached === null ? null : new Date(reached).toISOString(),
});
