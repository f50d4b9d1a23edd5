/** `POST /v1/tasks/{id}/plan`: planning by models again, where it has stopped for a person or seems to stand still. */
import { labelsByModel, plansByModel } from "../../shared/compiled-release.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";
import { TaskView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { preferredWait } from "../http/headers.ts";
import { json } from "../http/reply.ts";
import { loadRelease } from "../releases/in-force.ts";
import { IDEMPOTENT, Nothing, TaskPath } from "./shapes.ts";

export const planTask = endpoint(
  "POST /v1/tasks/{id}/plan",
  {
    summary: "Plan a task again",
    description: `Asks the models of the task's automation for the next plan, also where planning had stopped for a person. A round has one plan, however often it is asked for. ${IDEMPOTENT} \`Prefer: wait=N\` waits up to N seconds for the task to settle or to need a person.`,
    tag: "tasks",
    params: TaskPath,
    body: Nothing,
    answers: { 200: { description: "The task", schema: TaskView } },
  },
  async ({ env, request, caller, params, nowMs }) => {
    const { tenant } = caller;
    const waitSeconds = preferredWait(request);
    const view = await callExecutorOf(env, tenant, params.id, (stub) => stub.read(params.id));
    if (!view.ok) return view;
    if (view.value.settled) return err(problem("task-settled", `The task has ${view.value.status}.`));
    const release = await loadRelease(env, tenant.id, view.value.release);
    if (!release.ok) return release;
    if (!plansByModel(release.value.bundle) && !labelsByModel(release.value.bundle))
      return err(problem("forbidden", "Plans of this automation do not come from models."));
    await env.PLANNING_DESK.getByName(`${tenant.id}/${params.id}`).plan({ tenant, task: params.id, again: true });
    if (waitSeconds === 0) return view;
    // First something has to change: that the task waits for a person is how it was before.
    const waited = await callExecutorOf(env, tenant, params.id, async (stub) => {
      await stub.events(params.id, view.value.seq, waitSeconds * 1_000);
      return stub.wait(params.id, Math.max(0, nowMs + waitSeconds * 1_000 - Date.now()), true);
    });
    return waited.ok ? json(waited.value, 200, { "preference-applied": `wait=${waitSeconds}` }) : waited;
  },
);
