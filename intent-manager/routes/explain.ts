/** `GET /v1/tasks/{id}/explain`: the whole story of a task, as JSON or Markdown. */
import * as z from "zod";
import { Explanation } from "../../shared/api.ts";
import { Entry } from "../../shared/entry.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { intentFacts } from "../../shared/facts.ts";
import { leftOutOf } from "../../shared/playbook.ts";
import type { TaskEventView, TaskView } from "../../shared/views.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutorOf, callWorker } from "../dispatch/executor.ts";
import type { Tenant } from "../http/caller.ts";
import { endpoint } from "../http/endpoint.ts";
import { text } from "../http/reply.ts";
import { explain } from "../insight/explain.ts";
import { toMarkdown } from "../insight/markdown.ts";
import { loadRelease } from "../releases/in-force.ts";
import { LEDGER } from "./ledger.ts";
import { TaskPath } from "./shapes.ts";

export const explainTask = endpoint(
  "GET /v1/tasks/{id}/explain",
  {
    summary: "Explain a task",
    description:
      "What came in, the plans, each rule that decided, who signed, what changed and where it stands in the ledger. Markdown with `Accept: text/markdown` or `format=markdown`.",
    tag: "tasks",
    params: TaskPath,
    query: z.strictObject({ format: z.enum(["json", "markdown"]).optional() }),
    answers: { 200: { description: "The explanation", schema: Explanation } },
  },
  async ({ env, request, caller, params, query }) => {
    const { tenant } = caller;
    const view = await callExecutorOf(env, tenant, params.id, (stub) => stub.read(params.id));
    if (!view.ok) return view;
    const [recorded, checkpointSize] = await Promise.all([
      readRecord(env, tenant, params.id),
      readCheckpointSize(env, tenant),
    ]);
    const rest = await readEvents(env, tenant, params.id, recorded.events.at(-1)?.seq ?? 0);
    const release = view.value.erased ? null : await answered(loadRelease(env, tenant.id, view.value.release));
    const told = explain({
      view: view.value,
      events: [...recorded.events, ...(rest ?? [])],
      entries: recorded.entries,
      checkpointSize,
      missing: [
        ...(recorded.readable && checkpointSize !== null ? [] : ["ledger"]),
        ...(rest === null ? ["executor"] : []),
      ],
    });
    const leftOut = release === null ? null : leftOutIn(release, told, view.value);
    const explanation = leftOut === null ? told : { ...told, leftOut };
    const wanted =
      query.format ?? (/\btext\/markdown\b/.test(request.headers.get("accept") ?? "") ? "markdown" : "json");
    return wanted === "json" ? ok(explanation) : text(toMarkdown(explanation), "text/markdown; charset=utf-8");
  },
);

/** What the playbook leaves out for this input: of a task whose plan came from it. */
function leftOutIn(
  { playbook, bundle }: CompiledRelease,
  { asked, region }: Explanation,
  { restored, input, classified, toggles }: TaskView,
) {
  if (playbook === null || bundle.planner !== "playbook" || restored === true) return null;
  return [
    ...leftOutOf(
      playbook,
      intentFacts(bundle.automation, { input, region, purpose: asked.purpose }, classified),
      toggles,
    ),
  ];
}

type Recorded = {
  readonly readable: boolean;
  readonly entries: { readonly index: number; readonly id: string }[];
  readonly events: TaskEventView[];
};

/** What the ledger holds of a task. What it does not hold yet is read from the executor. */
async function readRecord(env: Bindings, tenant: Tenant, task: string): Promise<Recorded> {
  const page = await answered(
    callWorker(LEDGER, () => env.LEDGER.entries({ tenant: tenant.id, from: 0, limit: LIMITS.pageEntries, task })),
  );
  if (page === null) return { readable: false, entries: [], events: [] };
  const entries: Recorded["entries"] = [];
  const events: TaskEventView[] = [];
  for (const { index, body } of page.entries) {
    const entry = Entry.safeParse(JSON.parse(body));
    if (!entry.success) continue;
    entries.push({ index, id: entry.data.id });
    if (!("records" in entry.data.data)) continue;
    for (const record of entry.data.data.records)
      for (const event of record.events)
        events.push({ seq: record.seq, at: new Date(record.atMs).toISOString(), event });
  }
  return { readable: true, entries, events };
}

async function readEvents(
  env: Bindings,
  tenant: Tenant,
  task: string,
  after: number,
): Promise<readonly TaskEventView[] | null> {
  const batch = await answered(callExecutorOf(env, tenant, task, (stub) => stub.events(task, after, 0)));
  return batch?.events ?? null;
}

/** The second line of a checkpoint is the size of the tree. */
async function readCheckpointSize(env: Bindings, tenant: Tenant): Promise<number | null> {
  const note = await answered(callWorker(LEDGER, () => env.LEDGER.checkpoint(tenant.id)));
  const size = note?.split("\n")[1] ?? "";
  return /^(?:0|[1-9][0-9]{0,15})$/.test(size) ? Number(size) : null;
}

/** A source that fails is reported as missing; the rest of the explanation stands. */
async function answered<T>(answer: Promise<Result<T>>): Promise<T | null> {
  const result = await answer.catch(() => null);
  return result?.ok === true ? result.value : null;
}
