/**
 * The job that opens the intents of cron triggers: each minute, for every minute since the last run.
 *
 * S1  A due minute opens one intent of its trigger: the intent's key is the trigger's name and the minute, whatever release is in force. Two
 *     runs at once, or one again, find the same task.
 * S2  A minute counts as looked at once its runs are opened or refused for good. What may pass is tried again by the next run.
 * S3  What an outage missed is made up for as far as the trigger says; the rest is counted and named.
 */
import { LIMITS } from "../../shared/limits.ts";
import { isRetryable } from "../../shared/problems.ts";
import { dueRuns } from "../../shared/triggers/catch-up.ts";
import { CRON_TRIGGER } from "../../shared/triggers/schema.ts";
import { scheduledInput, type CompiledCronTrigger } from "../../shared/triggers/triggers.ts";
import { openTask, principalOf } from "../intake/submit.ts";
import { planByPlaybook } from "../planning/playbook-planner.ts";
import { releaseInForce } from "../releases/in-force.ts";
import { triggersInForce } from "../releases/trigger-index.ts";
import type { JobAsk, JobRun } from "./jobs.ts";

const MINUTE_MS = 60_000;
/** Who asks where nobody does: no API key has this id. */
export const CRON_KEY = "cron";

export async function runSchedules(ask: JobAsk): Promise<JobRun> {
  const nowMs = Math.floor(ask.nowMs() / MINUTE_MS) * MINUTE_MS;
  const afterMs = ask.reached ?? nowMs - MINUTE_MS;
  const named: string[] = [];
  let [looked, found, repaired] = [0, 0, 0];
  let error: string | null = null;
  let reached = Math.max(afterMs, nowMs);
  for (const { automation, triggers } of await triggersInForce(ask.env, ask.tenant.id)) {
    if (triggers.crons === 0) continue;
    const release = await releaseInForce(ask.env, ask.tenant.id, automation, ask.nowMs(), () => {});
    if (!release.ok) {
      [error, reached] = [release.problem.code, afterMs];
      continue;
    }
    for (const compiled of release.value.triggers?.crons ?? []) {
      const name = `${automation}/${compiled.trigger.id}`;
      const { run, late, missed } = dueRuns(compiled.schedule, afterMs, nowMs, compiled.trigger.catchUp ?? 0);
      looked += run.length + missed;
      found += late + missed;
      if (missed > 0) named.push(`${name}: ${missed} missed`);
      for (const [i, at] of run.entries()) {
        const refused = await open(ask, automation, compiled, at);
        if (refused === null) repaired += i < late ? 1 : 0;
        else if (isRetryable(refused)) {
          error = refused;
          reached = Math.min(reached, at - MINUTE_MS);
          break;
        } else {
          named.push(`${name} ${new Date(at).toISOString()}: ${refused}`);
          found += i < late ? 0 : 1;
        }
      }
    }
  }
  return { looked, found, repaired, named: named.slice(0, LIMITS.jobNamed), error, reached, resume: null };
}

/** Null, or the code of what refused it. */
async function open(
  { env, tenant, nowMs }: JobAsk,
  automation: string,
  compiled: CompiledCronTrigger,
  at: number,
): Promise<Parameters<typeof isRetryable>[0] | null> {
  const { id, purpose = null } = compiled.trigger;
  const input = scheduledInput(compiled, at);
  if (input === null) return "trigger-failed";
  const minute = new Date(at).toISOString().slice(0, 16);
  const principal = principalOf(CRON_KEY, "app", null, false);
  const now = nowMs();
  const submitted = await openTask(
    {
      env,
      background: (work) => void work.catch(() => {}),
      nowMs: now,
      tenant,
      automation,
      input,
      region: undefined,
      idempotencyKey: `${id}/${minute}`,
      keySpace: "schedule",
      principal,
      trigger: { kind: CRON_TRIGGER, id: `${id}/${minute}Z` },
      purpose,
      subjects: [],
      traceparent: null,
      waitMs: 0,
      also: {},
    },
    (task) => planByPlaybook(env, { tenant: tenant.id, input, purpose, principal, nowMs: now }, task),
  );
  // The same minute was opened under another release.
  return submitted.ok || submitted.problem.code === "idempotency-conflict" ? null : submitted.problem.code;
}
