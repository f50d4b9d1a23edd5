/** The reconciliation jobs: whether each runs, and what its last run could not set right. */
import type { JobPage } from "../../shared/api.ts";
import type { Client } from "../../shared/client.ts";
import { fine, refused, unknown, wrong, type Diagnosis } from "./diagnosis.ts";

/** The slowest of them runs each hour. */
const LATE_MS = 2 * 3_600_000;

export async function diagnoseJobs(client: Client, nowMs: number): Promise<Diagnosis> {
  const page = await client.listJobs();
  return page.ok
    ? examineJobs(page.value, nowMs)
    : refused("jobs", page.problem, "give --key of an operator or auditor");
}

export function examineJobs({ jobs }: JobPage, nowMs: number): Diagnosis {
  const last = jobs.flatMap(({ name, runs }) => (runs[0] === undefined ? [] : [{ name, ...runs[0] }]));
  const open = last.filter(({ found, repaired, error }) => found > repaired || error !== null);
  if (open.length > 0)
    return wrong(
      "jobs",
      open
        .map(
          ({ name, found, repaired, error, named }) =>
            `${name}: ${error ?? `${found - repaired} left`} (${named.slice(0, 3).join(", ")})`,
        )
        .join("; "),
      `countersign jobs; then countersign jobs --run ${open[0]!.name}`,
    );
  const late = last.filter(({ startedAt }) => nowMs - Date.parse(startedAt) > LATE_MS).map(({ name }) => name);
  if (last.length === 0) return unknown("jobs", "none has run yet", "countersign jobs --run completeness");
  return late.length === 0
    ? fine("jobs", `${last.map(({ name }) => name).join(", ")}: nothing left to set right`)
    : wrong("jobs", `not run for long: ${late.join(", ")}`, "are the cron triggers of wrangler.toml deployed?");
}
