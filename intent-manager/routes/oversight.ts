/** The audit sample and the notices: what people look at after an action was done without them. */
import * as z from "zod";
import { Judgement, NoticePage, SamplePage } from "../../shared/api.ts";
import { StepId, TaskId } from "../../shared/ids.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { TaskView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint } from "../http/endpoint.ts";
import { IDEMPOTENT } from "./shapes.ts";

export const listSamples = endpoint(
  "GET /v1/samples",
  {
    summary: "List the audit sample",
    description:
      "Automatic actions that were drawn at random and nobody has judged yet, soonest deadline first, asked of every executor. `rate`: so many in 10,000 are drawn.",
    tag: "reviews",
    answers: { 200: { description: "What is to be judged", schema: SamplePage } },
  },
  async ({ env, caller, nowMs }) => {
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.owed("sample"));
    const samples = answers
      .flatMap(({ value }) => [...value])
      .toSorted((a, b) => Date.parse(a.dueAt ?? a.at) - Date.parse(b.dueAt ?? b.at));
    const overdue = samples.filter(({ dueAt }) => dueAt !== null && Date.parse(dueAt) <= nowMs).length;
    return ok({ samples, overdue, incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)] });
  },
);

export const judgeStep = endpoint(
  "POST /v1/tasks/{id}/steps/{step}/judgement",
  {
    summary: "Judge a sampled action",
    description: `Whether an action of the audit sample was right. The key belongs to a member, who is not whoever asked for the action. A later judgement supersedes an earlier one; both stand in the record. ${IDEMPOTENT}`,
    tag: "reviews",
    params: z.object({ id: TaskId, step: StepId }),
    body: Judgement,
    answers: { 200: { description: "The task", schema: TaskView } },
  },
  async ({ env, caller, params, body }) => {
    const { member } = caller;
    if (member === null) return err(problem("forbidden", "A judgement is a person's: this key belongs to no member."));
    return callExecutorOf(env, caller.tenant, params.id, (stub) =>
      stub.judge({
        task: params.id,
        step: params.step,
        correct: body.correct,
        label: body.label ?? null,
        note: body.note ?? null,
        member,
        by: caller.key,
      }),
    );
  },
);

export const listNotices = endpoint(
  "GET /v1/notices",
  {
    summary: "List notices",
    description:
      "Actions that were done without a person and of which the owner is told, newest first, with the time until when each can be taken back.",
    tag: "reviews",
    answers: { 200: { description: "The notices of the last 30 days", schema: NoticePage } },
  },
  async ({ env, caller }) => {
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.owed("notice"));
    const notices = answers.flatMap(({ value }) => [...value]).toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
    return ok({ notices, incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)] });
  },
);
