/** What people do to a single step. The executor checks every signature; here they are passed on. */
import * as z from "zod";
import { RecordedStepId, TaskId } from "../../shared/ids.ts";
import { Envelope } from "../../shared/signing.ts";
import { TaskView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { chainOf } from "../members/enrolments.ts";
import { IDEMPOTENT } from "./shapes.ts";

export const resolveStep = endpoint(
  "POST /v1/tasks/{id}/steps/{step}/resolve",
  {
    summary: "Say what became of an effect in doubt",
    description: `The body is a resolution signed on the person's own device, with the value behind its result where it has one. Where \`chain\` is absent it is looked up among the enrolments by key id. ${IDEMPOTENT}`,
    tag: "tasks",
    params: z.object({ id: TaskId, step: RecordedStepId }),
    body: z.strictObject({
      envelope: Envelope,
      chain: z.array(Envelope).max(3).optional(),
      result: z
        .strictObject({ salt: z.string().length(22), value: z.json() })
        .nullable()
        .default(null),
    }),
    answers: { 200: { description: "The task after the resolution", schema: TaskView } },
  },
  async ({ env, caller, params, body }) => {
    const { envelope, result } = body;
    const chain = body.chain ?? [...(await chainOf(env, caller.tenant.id, envelope.signatures[0]!.keyid))];
    return callExecutorOf(env, caller.tenant, params.id, (stub) =>
      stub.resolve(params.id, params.step, { envelope, chain, result }),
    );
  },
);
