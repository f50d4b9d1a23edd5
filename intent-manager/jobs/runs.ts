/** Runs of jobs: one tenant's, each written down with what it found; and a cron's, over the tenants whose last run is the oldest. */
import { and, asc, desc, eq, isNotNull, lt, max } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { LIMITS } from "../../shared/limits.ts";
import type { JobView } from "../../shared/api/jobs.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { jobRuns, tenants } from "../schema.ts";
import type { Unfinished } from "./compare.ts";
import { JOB_NAMES, JOBS, type Job, type JobName, type JobRun } from "./jobs.ts";

type Row = typeof jobRuns.$inferSelect;

/** Runs a job for one tenant and keeps what became of it. A job that breaks leaves a run with the error, and the next run begins where the last good one ended. */
export async function runJob(env: Bindings, tenant: Tenant, name: JobName, by: string): Promise<Row> {
  const db = drizzle(env.CONTROL_DB);
  const mine = and(eq(jobRuns.tenant, tenant.id), eq(jobRuns.job, name));
  const [[furthest], [newest]] = await Promise.all([
    db
      .select({ reached: max(jobRuns.reached) })
      .from(jobRuns)
      .where(mine),
    db.select({ resume: jobRuns.resume }).from(jobRuns).where(mine).orderBy(desc(jobRuns.startedAt)).limit(1),
  ]);
  const reached = furthest?.reached ?? null;
  const resume = newest?.resume ?? null;
  const startedAt = Date.now();
  let run: JobRun;
  try {
    run = await (JOBS[name] as Job).run({ env, tenant, nowMs: () => Date.now(), reached, resume, by });
  } catch (cause) {
    console.error("job", { job: name, tenant: tenant.id, error: cause instanceof Error ? cause.message : "unknown" });
    run = { looked: 0, found: 0, repaired: 0, named: [], error: "internal-error", reached, resume };
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
  const goingOn = JOB_NAMES.filter((name) => (JOBS[name] as Job).goesOn === cron);
  if (due.length + goingOn.length === 0)
    return console.error("job", { error: "no job has this cron expression", cron });
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
  for (const name of goingOn) for (const tenant of await unfinished(env, name)) await runJob(env, tenant, name, "cron");
}

/** Tenants whose newest run of a job has left something, the oldest first. */
async function unfinished(env: Bindings, job: JobName): Promise<Tenant[]> {
  const db = drizzle(env.CONTROL_DB);
  const newest = db
    .select({ tenant: jobRuns.tenant, at: max(jobRuns.startedAt).as("at") })
    .from(jobRuns)
    .where(eq(jobRuns.job, job))
    .groupBy(jobRuns.tenant)
    .as("newest");
  return db
    .select({ id: tenants.id, regions: tenants.regions, shards: tenants.shards, rootKey: tenants.rootKey })
    .from(newest)
    .innerJoin(jobRuns, and(eq(jobRuns.tenant, newest.tenant), eq(jobRuns.startedAt, newest.at), eq(jobRuns.job, job)))
    .innerJoin(tenants, eq(tenants.id, newest.tenant))
    .where(isNotNull(jobRuns.resume))
    .orderBy(asc(newest.at))
    .limit(LIMITS.jobTenants);
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

export const viewOf = ({ startedAt, endedAt, looked, found, repaired, named, error, reached, resume }: Row) => ({
  startedAt: new Date(startedAt).toISOString(),
  endedAt: new Date(endedAt).toISOString(),
  looked,
  found,
  repaired,
  named: [...named],
  error,
  reached: reached === null ? null : new Date(reached).toISOString(),
  left: resume === null ? null : leftView(resume),
});

const leftView = ({ fromMs, toMs, region, progress, tries }: Unfinished) => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
  region,
  compared: progress === null ? 0 : progress.effects + progress.actions,
  tries,
});
