/** The run log: pages, exports as a stream, and one run with the values that its region still holds. */
import * as z from "zod";
import { RunPage, RunWithValues, type KeptValue, type RunView } from "../../shared/api/runs.ts";
import { utf8 } from "../../shared/bytes.ts";
import { TaskStatus } from "../../shared/events.ts";
import { AutomationName } from "../../shared/ids.ts";
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { RunQuery } from "../../shared/rpc/answers.ts";
import { isErased } from "../../shared/subjects.ts";
import type { StepView, TaskView } from "../../shared/views.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutorOf, callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { csvHeader, csvLines } from "../insight/run-csv.ts";
import { LEDGER } from "./ledger.ts";
import { pageSize, PastTime, TaskPath } from "./shapes.ts";

const Query = z.strictObject({
  automation: AutomationName.optional(),
  capability: z.string().min(1).max(100).optional(),
  status: TaskStatus.optional(),
  from: PastTime.optional(),
  to: PastTime.optional(),
  cursor: z.string().min(1).max(200).optional(),
  limit: pageSize(LIMITS.pageRuns).optional(),
  format: z.enum(["json", "jsonl", "csv"]).optional(),
});

export const listRuns = endpoint(
  "GET /v1/runs",
  {
    summary: "The run log",
    description: `What every task was, who asked, how it was decided, what it did and what that took; newest first. \`from\` and \`to\` are times of opening. With \`format=jsonl\` or \`csv\` up to ${LIMITS.exportRuns} runs as a stream; where there are more, the header \`Link: <…>; rel="next"\` says where to go on.`,
    tag: "answers",
    query: Query,
    answers: { 200: { description: "A page of runs, or an export", schema: RunPage } },
  },
  async ({ env, request, caller, query }) => {
    const { from, to, format, limit, ...filter } = query;
    const given: RunQuery = {
      tenant: caller.tenant.id,
      ...(Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Partial<RunQuery>),
      ...(from === undefined ? {} : { fromMs: from }),
      ...(to === undefined ? {} : { toMs: to }),
      limit: limit ?? 50,
    };
    if (format === undefined || format === "json") return callWorker(LEDGER, () => env.LEDGER.runs(given));
    return exported(env, { ...given, limit: LIMITS.pageRuns }, format, new URL(request.url));
  },
);

const FORMATS = {
  jsonl: {
    type: "application/jsonl; charset=utf-8",
    header: () => "",
    lines: (runs: readonly RunView[]) => runs.map((run) => `${JSON.stringify(run)}\n`).join(""),
  },
  csv: { type: "text/csv; charset=utf-8; header=present", header: csvHeader, lines: csvLines },
} as const;

/** A page at a time is in memory. A page that cannot be read ends the stream with an error, never with a shorter file that looks whole. */
async function exported(
  env: Bindings,
  query: RunQuery,
  format: keyof typeof FORMATS,
  url: URL,
): Promise<Result<never> | Response> {
  const next = await callWorker(LEDGER, () => env.LEDGER.runsAfter(query, LIMITS.exportRuns));
  if (!next.ok) return next;
  const { type, header, lines } = FORMATS[format];
  const pages = pagesOf(env, query);
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      if (isFirst) controller.enqueue(utf8(header()));
      isFirst = false;
      const page = await pages.next();
      if (page.done === true) return controller.close();
      if (page.value.ok) controller.enqueue(utf8(lines(page.value.value)));
      else controller.error(new Error(page.value.problem.code));
    },
    cancel: async () => void (await pages.return(undefined)),
  });
  const headers: Record<string, string> = {
    "content-type": type,
    "content-disposition": `attachment; filename="runs.${format}"`,
    "cache-control": "no-store",
  };
  if (next.value !== null) {
    url.searchParams.set("cursor", next.value);
    headers["link"] = `<${url.pathname}${url.search}>; rel="next"`;
  }
  return new Response(body, { headers });
}

async function* pagesOf(env: Bindings, query: RunQuery): AsyncGenerator<Result<readonly RunView[]>, void> {
  let cursor = query.cursor;
  for (let read = 0; read < LIMITS.exportRuns; read += query.limit) {
    const page: Awaited<ReturnType<typeof env.LEDGER.runs>> = await callWorker(LEDGER, () =>
      env.LEDGER.runs({ ...query, ...(cursor === undefined ? {} : { cursor }) }),
    );
    if (!page.ok) return yield page;
    yield ok(page.value.runs);
    if (page.value.next === null) return;
    cursor = page.value.next;
  }
}

export const readRun = endpoint(
  "GET /v1/tasks/{id}/run",
  {
    summary: "The run of a task",
    description:
      "Its record in the run log, with the values behind its digests as far as its region still holds them: `shown`, `erased` or `absent`.",
    tag: "answers",
    params: TaskPath,
    answers: { 200: { description: "The run and its values", schema: RunWithValues } },
  },
  async ({ env, caller, params }) => {
    const found = await callWorker(LEDGER, () =>
      env.LEDGER.runs({ tenant: caller.tenant.id, task: params.id, limit: 1 }),
    );
    if (!found.ok) return found;
    const run = found.value.runs[0];
    if (run === undefined) return err(problem("not-found", "The run log has no such task, or not yet."));
    const view = await callExecutorOf(env, caller.tenant, params.id, (stub) => stub.read(params.id)).catch(() => null);
    return ok({ run, values: valuesOf(run, view?.ok === true ? view.value : null) });
  },
);

function valuesOf(run: RunView, view: TaskView | null): RunWithValues["values"] {
  const stepById = new Map<string, StepView>(view?.steps.map((step) => [step.id, step]));
  return {
    input: kept(view?.input),
    steps: Object.fromEntries(
      run.steps.map(({ step, result }) => {
        const values = stepById.get(step);
        return [step, { args: kept(values?.args), result: result === null ? ABSENT : kept(values?.result) }];
      }),
    ),
  };
}

const ABSENT: KeptValue = { state: "absent", value: null };
const kept = (value: Json | undefined): KeptValue => {
  if (value === undefined) return ABSENT;
  return isErased(value) ? { state: "erased", value: null } : { state: "shown", value: value as KeptValue["value"] };
};
