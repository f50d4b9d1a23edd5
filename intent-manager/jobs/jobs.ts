/**
 * The reconciliation jobs: what should have happened and has not, looked for on a timer. What can be repeated is repeated (an executor does its
 * alarm's work again); what cannot is named. Nothing here decides or acts.
 *
 * J1  A run is bounded: one question to each executor, or one comparison within its time box. What it did not reach, the next run begins with.
 * J2  What is found and not repaired is named, at most `LIMITS.jobNamed` of it, and counted whole.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { Late, Reconciled } from "../../shared/rpc.ts";
import { tellNotices } from "../alerts/notices.ts";
import { evaluateAlerts } from "../alerts/run.ts";
import type { Bindings } from "../bindings.ts";
import { askAll } from "../dispatch/fan-out.ts";
import type { Tenant } from "../http/caller.ts";
import { reconcileMemory } from "../memory/reconcile.ts";
import { compare, type Unfinished } from "./compare.ts";
import { runSchedules } from "./schedules.ts";

export type JobRun = {
  readonly looked: number;
  readonly found: number;
  readonly repaired: number;
  readonly named: readonly string[];
  readonly error: string | null;
  /** How far a job that goes on from its last run has come (Unix ms); null for others. */
  readonly reached: number | null;
  /** What it leaves to the next run; null where it came to its end. */
  readonly resume: Unfinished | null;
};
export type JobAsk = {
  readonly env: Bindings;
  readonly tenant: Tenant;
  readonly nowMs: () => number;
  /** Where the last run ended; null for the first. */
  readonly reached: number | null;
  /** What the last run left. */
  readonly resume: unknown;
  /** Who asks: an API key, or the timer. */
  readonly by: string;
};
export type Job = {
  /** As wrangler.toml says it: the job runs with the timers of this cron expression. */
  readonly cron: string;
  /** With the timers of this one as well while a run has left something. */
  readonly goesOn?: string;
  readonly what: string;
  readonly run: (ask: JobAsk) => Promise<JobRun>;
};

const EVERY_MINUTE = "* * * * *";
const OFTEN = "*/5 * * * *";
const HOURLY = "17 * * * *";

export const JOBS = {
  outboxes: {
    cron: OFTEN,
    what: "records that the ledger should have by now; their executors deliver again",
    run: (ask) => lookAfter(ask, "records", () => []),
  },
  reviews: {
    cron: OFTEN,
    what: "reviews that have expired without a record of it; their executors end them",
    run: (ask) => lookAfter(ask, "reviews", () => []),
  },
  "stuck-tasks": {
    cron: OFTEN,
    what: "tasks whose time has come and that did not go on; those that cannot be read or gone on with are named",
    run: (ask) => lookAfter(ask, "timers", ({ stuck }) => stuck.map(({ task, why }) => `${task} (${why})`)),
  },
  completeness: {
    cron: HOURLY,
    goesOn: OFTEN,
    what: "effects in the regional databases that the log does not know, and the other way round; the finding is recorded in the log",
    run: compare,
  },
  schedules: {
    cron: EVERY_MINUTE,
    what: "cron triggers that are due; runs that an outage missed are made up for as their triggers say, the others are named",
    run: runSchedules,
  },
  memory: {
    cron: HOURLY,
    what: "expired items, vectors of an earlier text or embedding, and canonical items and their index that differ; all is set right (docs/memory.md)",
    run: lookAtMemory,
  },
  alerts: {
    cron: EVERY_MINUTE,
    what: "the rules of the alerts, and whom to tell; what could not be told is named (countersign alerts shows the alerts)",
    run: lookAtRules,
  },
  notices: {
    cron: EVERY_MINUTE,
    what: "actions that were done without a person and of which the owner is told; what could not be told is named (countersign notices lists them)",
    run: tell,
  },
  samples: {
    cron: HOURLY,
    what: "actions of the audit sample whose time to be judged is over; they are named, and an alert, until somebody judges them (countersign samples)",
    run: lookAtSamples,
  },
} satisfies { readonly [name: string]: Job };
export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as readonly JobName[];

/** One question to every executor, which repairs what is late of this kind as far as that can be repeated. */
async function lookAfter(
  { env, tenant }: JobAsk,
  kind: keyof Late,
  others: (answer: Reconciled) => readonly string[],
): Promise<JobRun> {
  const { answers, refusals, incomplete } = await askAll(env, tenant, (stub) => stub.reconcile());
  const values = answers.map(({ value }) => value);
  const found = values.reduce((sum, { before }) => sum + before[kind], 0);
  const left = values.reduce((sum, { after }) => sum + Math.min(after[kind], MOST), 0);
  const stuck = values.flatMap((value) => others(value));
  const named = values
    .filter(({ after }) => after[kind] > 0)
    .map(({ executor, after }) => `${executor}: ${after[kind]}`);
  const silent = [...incomplete, ...refusals.map(({ executor }) => executor)];
  return {
    looked: values.length,
    found: found + stuck.length,
    repaired: Math.max(0, found - left),
    named: [...named, ...stuck, ...silent.map((executor) => `${executor}: no answer`)].slice(0, LIMITS.jobNamed),
    error: silent.length === 0 ? null : "not-running",
    reached: null,
    resume: null,
  };
}
const MOST = Number.MAX_SAFE_INTEGER;

async function tell({ env, tenant, nowMs }: JobAsk): Promise<JobRun> {
  const { due, sent, failed } = await tellNotices(env, tenant, nowMs());
  const named = failed.slice(0, LIMITS.jobNamed);
  return { looked: due, found: due, repaired: sent, named, error: null, reached: null, resume: null };
}

/** What the namespaces of memory hold, held against what they should. */
async function lookAtMemory({ env, tenant }: JobAsk): Promise<JobRun> {
  const { named, ...counts } = await reconcileMemory(env, tenant.id);
  return { ...counts, named: named.slice(0, LIMITS.jobNamed), error: null, reached: null, resume: null };
}

/** Nobody is made to judge; whoever looks at the jobs sees that nobody did. */
async function lookAtSamples({ env, tenant, nowMs }: JobAsk): Promise<JobRun> {
  const { answers, refusals, incomplete } = await askAll(env, tenant, (stub) => stub.owed("sample"));
  const samples = answers.flatMap(({ value }) => [...value]);
  const overdue = samples.filter(({ dueAt }) => dueAt !== null && Date.parse(dueAt) <= nowMs());
  const silent = [...incomplete, ...refusals.map(({ executor }) => executor)];
  return {
    looked: samples.length,
    found: overdue.length,
    repaired: 0,
    named: [
      ...overdue.map(({ automation, task, step }) => `${automation}: ${task} ${step} is to be judged`),
      ...silent.map((executor) => `${executor}: no answer`),
    ].slice(0, LIMITS.jobNamed),
    error: silent.length === 0 ? null : "not-running",
    reached: null,
    resume: null,
  };
}

/** One evaluation of the alerts. Found is what nobody could be told of; the next run tries again. */
async function lookAtRules({ env, tenant, nowMs }: JobAsk): Promise<JobRun> {
  const { kept } = await evaluateAlerts(env, tenant, nowMs());
  const untold = kept.flatMap(({ id, tell }) => (tell === null || tell.error === null ? [] : [`${id}: ${tell.error}`]));
  const named = untold.slice(0, LIMITS.jobNamed);
  return { looked: kept.length, found: untold.length, repaired: 0, named, error: null, reached: null, resume: null };
}
