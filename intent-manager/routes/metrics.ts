/** Figures: a report over a window as JSON, and everything since the first entry for Prometheus. */
import * as z from "zod";
import { Metrics } from "../../shared/api.ts";
import { FIGURE_BUCKET_MS } from "../../shared/figures/names.ts";
import { toPrometheus } from "../../shared/figures/prometheus.ts";
import { reportOf } from "../../shared/figures/report.ts";
import { AutomationName, RegionId } from "../../shared/ids.ts";
import { ok } from "../../shared/result.ts";
import { endpoint } from "../http/endpoint.ts";
import { text } from "../http/reply.ts";
import { measure } from "../insight/metrics.ts";

const HOUR_MS = 3_600_000;
const HOURS = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 } as const;

export const readMetrics = endpoint(
  "GET /v1/metrics",
  {
    summary: "Figures: service levels, people, quality",
    description:
      "Counted from the record, by automation and region and below them by capability. The window begins at whole ten minutes. `now` is asked of the executors and the ledger.",
    tag: "service",
    query: z.strictObject({
      window: z.enum(["1h", "24h", "7d", "30d"]).optional(),
      automation: AutomationName.optional(),
      region: RegionId.optional(),
    }),
    answers: { 200: { description: "The figures", schema: Metrics } },
  },
  async ({ env, caller, query, nowMs }) => {
    const window = query.window ?? "24h";
    const fromMs = Math.floor((nowMs - HOURS[window] * HOUR_MS) / FIGURE_BUCKET_MS) * FIGURE_BUCKET_MS;
    const measured = await measure(env, caller.tenant, fromMs);
    if (!measured.ok) return measured;
    const { figures, now } = measured.value;
    const rows = figures.rows.filter(
      ({ automation, region }) =>
        (query.automation ?? automation) === automation && (query.region ?? region) === region,
    );
    const view: Metrics = {
      window,
      from: new Date(fromMs).toISOString(),
      to: new Date(nowMs).toISOString(),
      cut: figures.cut,
      automations: reportOf(rows, (nowMs - fromMs) / HOUR_MS),
      now,
    };
    return ok(view);
  },
);

export const prometheus = endpoint(
  "GET /metrics",
  {
    summary: "Figures for Prometheus",
    description:
      "Text format 0.0.4. Counters run since the first entry of the log. Needs an API key, as everything does.",
    tag: "service",
    answers: { 200: { description: "Samples", contentType: "text/plain" } },
  },
  async ({ env, caller, nowMs }) => {
    const measured = await measure(env, caller.tenant, null);
    if (!measured.ok) return measured;
    const { figures, now } = measured.value;
    return text(toPrometheus(figures.rows, now, nowMs), "text/plain; version=0.0.4; charset=utf-8");
  },
);
