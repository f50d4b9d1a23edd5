/** `GET /v1/automations/{name}/calibration`: how sure its decisions were, against what came out. */
import * as z from "zod";
import { CalibrationView } from "../../shared/api/calibration.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { err, ok } from "../../shared/result.ts";
import { endpoint } from "../http/endpoint.ts";
import { calibrationTables, type SmallModels } from "../insight/calibration.ts";
import { readBundle } from "../releases/in-force.ts";
import { readRuns } from "./automation-report.ts";
import { AutomationPath, PastTime } from "./shapes.ts";

const QUARTER_MS = 90 * 86_400_000;
const WANTED_ERROR = 0.05;

export const calibrateAutomation = endpoint(
  "GET /v1/automations/{name}/calibration",
  {
    summary: "How sure its decisions were, against what came out",
    description: `From reviews, the audit sample and reported outcomes of the tasks that began from \`from\` to \`to\` (the last 90 days), at most the newest ${LIMITS.reportRuns}; one table for each release and whoever decided. \`error\` is the wanted error rate (0.05) for which thresholds are suggested.`,
    tag: "answers",
    params: AutomationPath,
    query: z.strictObject({
      from: PastTime.optional(),
      to: PastTime.optional(),
      error: z.coerce.number().min(0.001).max(0.5).optional(),
    }),
    answers: { 200: { description: "The tables", schema: CalibrationView } },
  },
  async ({ env, caller, nowMs, params, query }) => {
    const toMs = query.to ?? nowMs;
    const fromMs = query.from ?? toMs - QUARTER_MS;
    if (fromMs >= toMs) return err(problem("invalid-request", "`from` comes before `to`.", { paths: ["/from"] }));
    const read = await readRuns(env, caller.tenant.id, params.name, fromMs, toMs);
    if (!read.ok) return read;
    const { runs, cut } = read.value;
    const planned = runs.filter(({ plans }) => plans.some(({ planner }) => planner === "model" || planner === "loop"));
    const small = new Map<string, string | null>();
    for (const release of [...new Set(planned.map((run) => run.release))].slice(0, LIMITS.reportReleases)) {
      const bundle = await readBundle(env, caller.tenant.id, release);
      small.set(release, bundle === null ? null : ((JSON.parse(bundle) as ReleaseBundle).model?.small?.name ?? null));
    }
    const wantedError = query.error ?? WANTED_ERROR;
    return ok({
      automation: params.name,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      wantedError,
      runs: runs.length,
      cut,
      tables: calibrationTables(runs, small satisfies SmallModels, wantedError),
    });
  },
);
