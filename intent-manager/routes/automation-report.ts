/** `GET /v1/automations/{name}/report`: what an automation did in a span of time, and why. */
import * as z from "zod";
import { AutomationReport } from "../../shared/api/automation-report.ts";
import type { RunView } from "../../shared/api/runs.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { text } from "../http/reply.ts";
import { automationReport, type RuleWords } from "../insight/automation-report.ts";
import { reportMarkdown } from "../insight/report-words.ts";
import { readBundle } from "../releases/in-force.ts";
import { LEDGER } from "./ledger.ts";
import { AutomationPath, PastTime } from "./shapes.ts";

const WEEK_MS = 7 * 86_400_000;

export const reportAutomation = endpoint(
  "GET /v1/automations/{name}/report",
  {
    summary: "What an automation did, and why",
    description: `Counted from the run log over the tasks that began from \`from\` to \`to\` (the last week), at most the newest ${LIMITS.reportRuns}: what was done, what was stopped and by which rule in its own words, who countersigned, what was taken back, what is in doubt. Markdown with \`Accept: text/markdown\` or \`format=markdown\`.`,
    tag: "answers",
    params: AutomationPath,
    query: z.strictObject({
      from: PastTime.optional(),
      to: PastTime.optional(),
      format: z.enum(["json", "markdown"]).optional(),
    }),
    answers: { 200: { description: "The report", schema: AutomationReport } },
  },
  async ({ env, request, caller, nowMs, params, query }) => {
    const toMs = query.to ?? nowMs;
    const fromMs = query.from ?? toMs - WEEK_MS;
    if (fromMs >= toMs) return err(problem("invalid-request", "`from` comes before `to`.", { paths: ["/from"] }));
    const read = await readRuns(env, caller.tenant.id, params.name, fromMs, toMs);
    if (!read.ok) return read;
    const { runs, cut } = read.value;
    const { rules, summaries } = await wordsOf(env, caller.tenant.id, runs);
    const report = automationReport({
      automation: params.name,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      runs,
      rules,
      summaries,
      cut,
    });
    const wanted =
      query.format ?? (/\btext\/markdown\b/.test(request.headers.get("accept") ?? "") ? "markdown" : "json");
    return wanted === "json" ? ok(report) : text(reportMarkdown(report), "text/markdown; charset=utf-8");
  },
);

/** The newest runs of an automation in a span, a bounded number. */
export async function readRuns(
  env: Bindings,
  tenant: string,
  automation: string,
  fromMs: number,
  toMs: number,
): Promise<Result<{ runs: RunView[]; cut: boolean }>> {
  const runs: RunView[] = [];
  let cursor: string | null = null;
  do {
    const after: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: Awaited<ReturnType<typeof env.LEDGER.runs>> = await callWorker(LEDGER, () =>
      env.LEDGER.runs({ tenant, automation, fromMs, toMs, limit: LIMITS.pageRuns, ...after }),
    );
    if (!page.ok) return page;
    runs.push(...page.value.runs);
    cursor = page.value.next;
  } while (cursor !== null && runs.length < LIMITS.reportRuns);
  return ok({ runs, cut: cursor !== null });
}

/**
 * The words of the rules that decided and of the capabilities that were used, from the releases that the runs ran under; of a release that
 * cannot be read there are none.
 */
async function wordsOf(
  env: Bindings,
  tenant: string,
  runs: readonly RunView[],
): Promise<{ readonly rules: Map<string, RuleWords>; readonly summaries: Map<string, string> }> {
  const releases = [...new Set(runs.map(({ release }) => release))].slice(0, LIMITS.reportReleases);
  const rulesByName = new Map<string, RuleWords>();
  const summaries = new Map<string, string>();
  for (const digest of releases) {
    // Not compiled: its words are wanted, and other releases are kept compiled for new work.
    const bundle = await readBundle(env, tenant, digest);
    if (bundle === null) continue;
    const { policy, capabilities } = JSON.parse(bundle) as ReleaseBundle;
    const { rules, limits } = policy;
    // The newest runs come first: their release has the word on what a capability does.
    for (const [name, { summary }] of Object.entries(capabilities))
      if (!summaries.has(name)) summaries.set(name, summary);
    for (const { id, message, when } of [...rules, ...(limits ?? [])])
      rulesByName.set(`${digest} ${id}`, { message: message ?? null, when });
  }
  return { rules: rulesByName, summaries };
}
