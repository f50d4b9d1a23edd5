/** `POST /v1/tasks/{id}/outcome`: somebody says later whether what a task decided was right. */
import { LIMITS } from "../../shared/limits.ts";
import { OutcomeReport } from "../../shared/outcome.ts";
import { TaskView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { IDEMPOTENT, TaskPath } from "./shapes.ts";

export const reportOutcome = endpoint(
  "POST /v1/tasks/{id}/outcome",
  {
    summary: "Report whether a task decided right",
    description: `While it runs or after its end. One word of each \`source\` counts: a later one supersedes it, and both stand in the record (at most ${LIMITS.taskOutcomes} of a task). \`note\` stays in the region; the record commits to it. ${IDEMPOTENT}`,
    tag: "tasks",
    params: TaskPath,
    body: OutcomeReport,
    answers: { 200: { description: "The task", schema: TaskView } },
  },
  ({ env, caller, params, body }) =>
    callExecutorOf(env, caller.tenant, params.id, (stub) =>
      stub.reportOutcome({
        task: params.id,
        correct: body.correct,
        label: body.label ?? null,
        source: body.source,
        occurredMs: body.at === undefined ? null : Date.parse(body.at),
        note: body.note ?? null,
        by: caller.key,
      }),
    ),
);
