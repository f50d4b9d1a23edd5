/** `POST /v1/ledger/completeness`: what the databases say was done, compared with the log. */
import * as z from "zod";
import { CompletenessAnswer } from "../../shared/api/completeness.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";
import { endpoint } from "../http/endpoint.ts";
import { checkCompleteness } from "../insight/check-completeness.ts";
import { PastTime } from "./shapes.ts";

const DAY_MS = 86_400_000;

export const checkEffects = endpoint(
  "POST /v1/ledger/completeness",
  {
    summary: "Compare effects with the log",
    description:
      "Both ways, over the span from `from` to `to` (the last day, up to a minute ago): rows of each region's own effect table without an action in the log, and exactly-once actions of the log, of tasks that began in the span, without their row. What it finds is recorded in each region's chain and signed into the log with the report's digest.",
    tag: "ledger",
    body: z.strictObject({ from: PastTime.optional(), to: PastTime.optional() }),
    answers: { 200: { description: "What is missing and what is extra, by region", schema: CompletenessAnswer } },
  },
  async ({ env, caller, nowMs, body }) => {
    const toMs = body.to ?? nowMs - LIMITS.completenessCalmMs;
    const fromMs = body.from ?? toMs - DAY_MS;
    if (fromMs >= toMs) return err(problem("invalid-request", "`from` comes before `to`.", { paths: ["/from"] }));
    return checkCompleteness(env, caller.tenant, {
      fromMs,
      toMs,
      by: caller.key,
      nowMs: () => Date.now(),
      untilMs: nowMs + LIMITS.completenessMs,
    });
  },
);
