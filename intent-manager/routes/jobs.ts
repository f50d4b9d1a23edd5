/** Reconciliation jobs: what their last runs found, and a run now. */
import * as z from "zod";
import { JobPage, JobRunView } from "../../shared/api/jobs.ts";
import { ok } from "../../shared/result.ts";
import { endpoint } from "../http/endpoint.ts";
import { JOB_NAMES } from "../jobs/jobs.ts";
import { jobsOf, runJob, viewOf } from "../jobs/runs.ts";

export const listJobs = endpoint(
  "GET /v1/jobs",
  {
    summary: "Reconciliation jobs and their last runs",
    description: "Each runs by itself as `cron` says. What a run found and could not have repeated is named.",
    tag: "service",
    answers: { 200: { description: "Jobs", schema: JobPage } },
  },
  async ({ env, caller }) => ok({ jobs: await jobsOf(env, caller.tenant.id) }),
);

export const runJobNow = endpoint(
  "POST /v1/jobs/{name}/run",
  {
    summary: "Run a reconciliation job now",
    description: "Answers when the run has ended. It may be repeated: a job only repeats what is repeatable.",
    tag: "service",
    params: z.object({ name: z.enum(JOB_NAMES as readonly [string, ...string[]]) }),
    answers: { 200: { description: "What the run found", schema: JobRunView } },
  },
  async ({ env, caller, params }) =>
    ok(viewOf(await runJob(env, caller.tenant, params.name as (typeof JOB_NAMES)[number], caller.key))),
);
