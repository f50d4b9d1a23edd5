/** `GET /v1/tasks/{id}/trace`: the OpenTelemetry trace of a task, as OTLP/JSON. */
import { ExportTraceServiceRequest } from "../../shared/api.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { toOtlp } from "../../shared/trace/otlp.ts";
import { traceOf } from "../../shared/trace/project.ts";
import { traceSource } from "../../shared/trace/source.ts";
import { callExecutor, callWorker, executorOf } from "../dispatch/executor.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { LEDGER } from "./ledger.ts";
import { TaskPath } from "./shapes.ts";

export const traceTask = endpoint(
  "GET /v1/tasks/{id}/trace",
  {
    summary: "The OpenTelemetry trace of a task",
    description:
      "An OTLP/JSON `ExportTraceServiceRequest`, made from the record. It continues the `traceparent` that the intent came with; spans that are not over yet are left out.",
    tag: "tasks",
    params: TaskPath,
    answers: { 200: { description: "The trace so far", schema: ExportTraceServiceRequest } },
  },
  async ({ env, caller: { tenant }, params: { id: task } }) => {
    const executor = executorOf(tenant, task);
    if (executor === null) return err(NOT_FOUND);
    const recorded = await callWorker(LEDGER, () => env.LEDGER.recorded({ tenant: tenant.id, task }));
    if (!recorded.ok) return recorded;
    // A copy: answers of another Worker are handed back when this request ends.
    const entries = recorded.value.entries.map((entry) => ({ ...entry }));
    const known = traceSource(task, entries)?.records.at(-1)?.seq ?? 0;
    // What is on its way to the ledger is shown too. An executor that does not answer leaves the record standing.
    const later = await callExecutor(env, executor, (stub) => stub.events(task, known, 0));
    if (!later.ok && entries.length === 0) return later;
    const source = traceSource(task, entries, later.ok ? later.value.events : [], executor);
    const trace = source === null ? null : traceOf(source);
    return trace === null
      ? err(problem("not-found", "There is no such thing for this API key."))
      : ok(toOtlp([{ trace, spans: trace.spans }]));
  },
);
