/** `POST /v1/tasks/{id}/replay`: the decisions of a past task again, from what was recorded, without effects. */
import * as z from "zod";
import { ReplayAnswer } from "../../shared/api/replay.ts";
import { Digest } from "../../shared/ids.ts";
import { err } from "../../shared/result.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { readBundle } from "../releases/in-force.ts";
import { TaskPath } from "./shapes.ts";

export const replayTask = endpoint(
  "POST /v1/tasks/{id}/replay",
  {
    summary: "Take a task's decisions again",
    description:
      "In its region, from the recorded facts, without effects. Under the task's own release every decision comes out as it was recorded, bit for bit; under another one (`release`, published but not necessarily promoted) the answer says what differs and which rules make the difference. Erased facts answer `erased`.",
    tag: "answers",
    params: TaskPath,
    body: z.strictObject({ release: Digest.optional() }),
    answers: { 200: { description: "Each decision, recorded and replayed", schema: ReplayAnswer } },
  },
  async ({ env, caller, params, body }) => {
    const bundle = body.release === undefined ? null : await readBundle(env, caller.tenant.id, body.release);
    if (body.release !== undefined && bundle === null) return err(NOT_FOUND);
    return callExecutorOf(env, caller.tenant, params.id, (stub) => stub.replay(params.id, bundle));
  },
);
