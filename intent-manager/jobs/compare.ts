/**
 * The job `completeness`: the effects of a span (at most a day) compared with the log, region by region, as much of it in one run as its time
 * allows. What was not reached, the next run goes on with.
 *
 * K1  Every run that reaches its region compares at least a page of it, so a day of any size comes to its end.
 * K2  A span is left only when each region was compared to the end and that was recorded, or was tried `completenessTries` times; then the
 *     run says what was not.
 * K3  What was found in a span stands in every run of it.
 */
import * as z from "zod";
import { RegionId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { recordFound, sourcesOf, whoIsBehind } from "../insight/check-completeness.ts";
import { compareRegion, Progress } from "../insight/completeness.ts";
import type { JobAsk, JobRun } from "./jobs.ts";

/** What a run leaves to the next one. */
export const Unfinished = z.strictObject({
  fromMs: z.int(),
  toMs: z.int(),
  region: RegionId,
  /** Of this region; null where it begins. */
  progress: Progress.nullable(),
  /** Times that this region could not be compared, or not recorded, or was behind. */
  tries: z.int().min(0),
  /** Of the regions before. */
  found: z.int().min(0),
  named: z.array(z.string()),
});
export type Unfinished = z.infer<typeof Unfinished>;

export async function compare(ask: JobAsk): Promise<JobRun> {
  const { env, tenant, nowMs, reached, by } = ask;
  const [first] = tenant.regions;
  const nothing: JobRun = { looked: 0, found: 0, repaired: 0, named: [], error: null, reached, resume: null };
  const latestMs = nowMs() - LIMITS.completenessCalmMs;
  const fromMs = reached ?? latestMs - LIMITS.jobCompletenessMs;
  const begin = { fromMs, toMs: Math.min(latestMs, fromMs + LIMITS.jobCompletenessMs) };
  let open = leftBy(ask) ?? { ...begin, region: first!, progress: null, tries: 0, found: 0, named: [] };
  if (first === undefined || open.toMs <= open.fromMs) return nothing;

  const span = { fromMs: open.fromMs, toMs: open.toMs };
  const untilMs = nowMs() + LIMITS.completenessMs;
  const { followed, lagging } = await whoIsBehind(env, tenant, nowMs, untilMs);
  let looked = 0;
  let error: string | null = null;
  const ended = (resume: Unfinished | null, now: readonly string[] = []): JobRun => {
    const { extraCount = 0, missingCount = 0 } = resume?.progress ?? {};
    const named = [
      ...now,
      ...open.named,
      ...(resume === null || resume.progress === null ? [] : findings(open.region, resume.progress)),
    ];
    const found = open.found + extraCount + missingCount;
    return {
      looked,
      found,
      repaired: 0,
      named: named.slice(0, LIMITS.jobNamed),
      error,
      reached: resume === null ? span.toMs : reached,
      resume,
    };
  };
  const notNow = (): void => void (error = "not-running");
  if (!followed) {
    notNow();
    return ended(open, ["the run log does not hold yet what the log holds"]);
  }
  for (let at = tenant.regions.indexOf(open.region); at < tenant.regions.length; at++) {
    const region = tenant.regions[at]!;
    if (region !== open.region) open = { ...open, region, progress: null, tries: 0 };
    const sources = sourcesOf(env, tenant, { region, ...span, lagging: lagging(region) });
    const before = open.progress;
    const compared = await compareRegion({ ...sources, isOver: () => nowMs() >= untilMs }, before ?? undefined);
    const again = (why: string, progress: Progress | null): JobRun | null => {
      notNow();
      const tries = open.tries + 1;
      if (tries < LIMITS.completenessTries) return ended({ ...open, progress, tries }, [`${region}: ${why}`]);
      open = {
        ...open,
        named: [...open.named, `${region}: ${why}; left after ${tries} tries`].slice(0, LIMITS.jobNamed),
      };
      return null;
    };
    if (!compared.ok) {
      const stop = again("does not answer", before);
      if (stop !== null) return stop;
      continue;
    }
    const { region: all, progress } = compared.value;
    looked += all.effects + all.actions - (before === null ? 0 : before.effects + before.actions);
    const kept = trimmed(progress);
    if (!all.whole) return ended({ ...open, progress: kept });
    if (all.pending > 0) {
      const stop = again(`${all.pending} effects whose executor has not delivered its records`, null);
      if (stop !== null) return stop;
    }
    if (!(await recordFound(env, tenant, all, { ...span, by })).recorded) {
      const stop = again("the finding could not be recorded", kept);
      if (stop !== null) return stop;
    }
    const named = [...open.named, ...findings(region, progress)].slice(0, LIMITS.jobNamed);
    open = { ...open, found: open.found + all.extraCount + all.missingCount, named };
  }
  return ended(null);
}

/** Null where nothing was left, or where what was left is of a region that the tenant has no more. */
function leftBy({ tenant, resume }: JobAsk): Unfinished | null {
  const left = Unfinished.safeParse(resume);
  return left.success && tenant.regions.includes(left.data.region) ? left.data : null;
}

/** Counts are kept whole, names as many as a run shows. */
const trimmed = (progress: Progress): Progress => ({
  ...progress,
  extra: progress.extra.slice(0, LIMITS.jobNamed),
  missing: progress.missing.slice(0, LIMITS.jobNamed),
});

const findings = (region: string, { extra, missing }: Pick<Progress, "extra" | "missing">): string[] => [
  ...extra.map(({ action }) => `${region}: ${action} is not in the log`),
  ...missing.map(({ action }) => `${region}: ${action} is not in the database`),
];
