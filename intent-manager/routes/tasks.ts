/** Tasks: one is read from its executor (what was written is in it), lists from the ledger's read model. */
import * as z from "zod";
import { SignalReceived, TaskPage } from "../../shared/api.ts";
import { TaskStatus } from "../../shared/events.ts";
import { AutomationName, RegionId, SignalName } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { RecordedName } from "../../shared/proposal.ts";
import { err, ok } from "../../shared/result.ts";
import { TaskView } from "../../shared/views.ts";
import { callExecutorOf, callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { preferredWait } from "../http/headers.ts";
import { json } from "../http/reply.ts";
import { IDEMPOTENT, Nothing, pageSize, TaskPath } from "./shapes.ts";

export const listTasks = endpoint(
  "GET /v1/tasks",
  {
    summary: "List tasks",
    description:
      "Newest first, from the ledger's read model, which follows the record with a small delay. Ask again with `cursor` = `next`.",
    tag: "tasks",
    query: z.strictObject({
      automation: AutomationName.optional(),
      status: TaskStatus.optional(),
      region: RegionId.optional(),
      cursor: z.string().min(1).max(200).optional(),
      limit: pageSize(LIMITS.pageTasks).optional(),
    }),
    answers: { 200: { description: "A page of tasks", schema: TaskPage } },
  },
  ({ env, caller, query }) => {
    const { limit, ...filter } = query;
    const { regions } = caller.tenant;
    if (query.region !== undefined && !regions.includes(query.region)) {
      const why = `/region: this tenant has no region ${query.region}; it has ${regions.join(", ")}`;
      return Promise.resolve(err(problem("invalid-request", why, { issues: [why] })));
    }
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    return callWorker("countersign-ledger", () =>
      env.LEDGER.tasks({ tenant: caller.tenant.id, ...given, limit: limit ?? 50 }),
    );
  },
);

export const readTask = endpoint(
  "GET /v1/tasks/{id}",
  {
    summary: "Read a task",
    description:
      "From its executor. `Prefer: wait=N` answers when the task settles, at the latest after N seconds; it waits for people as well.",
    tag: "tasks",
    params: TaskPath,
    answers: { 200: { description: "The task", schema: TaskView } },
  },
  async ({ env, request, caller, params }) => {
    const waitSeconds = preferredWait(request);
    const view = await callExecutorOf(env, caller.tenant, params.id, (stub) =>
      waitSeconds > 0 ? stub.wait(params.id, waitSeconds * 1_000) : stub.read(params.id),
    );
    if (!view.ok || waitSeconds === 0) return view;
    return json(view.value, 200, { "preference-applied": `wait=${waitSeconds}` });
  },
);

export const signalTask = endpoint(
  "POST /v1/tasks/{id}/signals",
  {
    summary: "Send a signal to a task",
    description: `For a step that waits for its name (wait.signal). One that comes before is kept until then. ${IDEMPOTENT} The same \`id\` with another name or payload is a conflict.`,
    tag: "tasks",
    params: TaskPath,
    body: z.strictObject({ name: SignalName, id: RecordedName, payload: z.json().default(null) }),
    answers: { 200: { description: "What became of it", schema: SignalReceived } },
  },
  async ({ env, caller, params, body }) => {
    const answer = await callExecutorOf(env, caller.tenant, params.id, (stub) =>
      stub.signal({ task: params.id, ...body, by: caller.key }),
    );
    return answer.ok ? ok({ task: params.id, id: body.id, status: answer.value.status }) : answer;
  },
);

export const cancelTask = endpoint(
  "POST /v1/tasks/{id}/cancel",
  {
    summary: "Cancel a task",
    description: `Ends what is not under way; what is, ends as it ends. ${IDEMPOTENT}`,
    tag: "tasks",
    params: TaskPath,
    body: Nothing,
    answers: { 200: { description: "The task", schema: TaskView } },
  },
  async ({ env, caller, params }) => {
    const view = await callExecutorOf(env, caller.tenant, params.id, (stub) => stub.cancel(params.id, caller.key));
    return view.ok ? ok(view.value) : view;
  },
);
