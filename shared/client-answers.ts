/** The client's calls for answers out of the record: the run log, impact. */
import type * as z from "zod";
import { AutomationReport } from "./api/automation-report.ts";
import { CompletenessAnswer } from "./api/completeness.ts";
import { ImpactAnswer } from "./api/impact.ts";
import { ReplayAnswer } from "./api/replay.ts";
import { RunPage, RunWithValues } from "./api/runs.ts";
import type { Call, Transport } from "./client-transport.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export type RunsQuery = {
  readonly automation?: string;
  readonly capability?: string;
  readonly status?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: string;
  readonly limit?: number;
};
export type Export = { readonly text: string; readonly next: string | null };

export const answerCalls = ({ send, json, text }: Transport) => {
  const get = <T>(path: string, schema: z.ZodType<T>, query: Call["query"] = {}) =>
    json({ method: "GET", path, query }, schema);
  const at = encodeURIComponent;
  return {
    /** The run log, newest first. `from` and `to`: RFC 3339 times or days. */
    runs: (query: RunsQuery = {}) => get("/v1/runs", RunPage, query),
    /** One export as text, with the path of the next one where there are more runs than one export holds. */
    exportRuns: async (query: RunsQuery & { format: "jsonl" | "csv" }, next?: string): Promise<Result<Export>> => {
      const call = next === undefined ? { path: "/v1/runs", query } : { path: next };
      const response = await send({ method: "GET", ...call }, "*/*");
      if (!response.ok) return response;
      try {
        const link = /^<([^>]+)>; rel="next"$/.exec(response.value.headers.get("link") ?? "");
        return ok({ text: await response.value.text(), next: link?.[1] ?? null });
      } catch {
        return err(problem("not-running", "The export broke off; ask for it again."));
      }
    },
    /** What an automation did from one time to another (the last week), in counts and words. */
    reportAutomation: (name: string, span: { from?: string; to?: string } = {}) =>
      get(`/v1/automations/${at(name)}/report`, AutomationReport, span),
    reportAutomationAsMarkdown: (name: string, span: { from?: string; to?: string } = {}) =>
      text({ method: "GET", path: `/v1/automations/${at(name)}/report`, query: span }, "text/markdown"),
    readRun: (task: string) => get(`/v1/tasks/${at(task)}/run`, RunWithValues),
    /** The decisions of a task again, under its own release or another one. */
    replayTask: (task: string, release?: string) =>
      json(
        { method: "POST", path: `/v1/tasks/${at(task)}/replay`, body: release === undefined ? {} : { release } },
        ReplayAnswer,
      ),
    /** The evidence file of a task, or of the tasks opened in a period: an HTML page. For auditor and admin. */
    taskEvidence: (task: string) => text({ method: "GET", path: `/v1/tasks/${at(task)}/evidence` }, "text/html"),
    periodEvidence: (period: { from: string; to: string }) =>
      text({ method: "GET", path: "/v1/evidence", query: period }, "text/html"),
    /** Compares the regions' own effect rows with the log, and records what it finds. */
    checkCompleteness: (span: { from?: string; to?: string } = {}) =>
      json({ method: "POST", path: "/v1/ledger/completeness", body: span }, CompletenessAnswer),
    /** What touched a record (`back`), or depended on it (`forward`). */
    impact: (query: {
      resource: string;
      direction?: "back" | "forward";
      since?: string;
      depth?: number;
      cursor?: string;
      limit?: number;
    }) => get("/v1/impact", ImpactAnswer, query),
  };
};
