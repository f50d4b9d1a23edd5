/** `POST /v1/intents`: an app asks for something; the answer is the task. */
import * as z from "zod";
import { Accepted } from "../../shared/api.ts";
import { containsReserved } from "../../shared/commitments.ts";
import { Intent } from "../../shared/intent.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";
import type { Submitted } from "../../shared/rpc.ts";
import { TaskView } from "../../shared/views.ts";
import { endpoint } from "../http/endpoint.ts";
import { idempotencyKey, preferredWait, traceparent } from "../http/headers.ts";
import { json } from "../http/reply.ts";
import { openTask, principalOf } from "../intake/submit.ts";
import { planByPlaybook } from "../planning/playbook-planner.ts";
import { AnyObject } from "./shapes.ts";

export const IntentBody = z.strictObject({ ...Intent.shape, input: AnyObject });

export const taskAnswers = {
  202: { description: "Accepted, or it waits for a person (`status`); the links follow the task", schema: Accepted },
  200: {
    description:
      "The task settled within `Prefer: wait=N` (see `Preference-Applied`), or awaits the agent's next proposal",
    schema: TaskView,
  },
} as const;

export const submitIntent = endpoint(
  "POST /v1/intents",
  {
    summary: "Submit an intent",
    description:
      "`Idempotency-Key` (or `idempotencyKey` in the body): the same key and body give the same task, the same key with another body is 409 `idempotency-conflict`. `Prefer: wait=N` waits up to N seconds for the task to settle, and answers at once when it can only go on with a person.",
    tag: "tasks",
    takesWork: true,
    body: IntentBody,
    answers: taskAnswers,
  },
  async ({ env, background, request, nowMs, caller, body }) => {
    const key = idempotencyKey(request, body.idempotencyKey);
    if (!key.ok) return key;
    if (containsReserved(body.input))
      return err(problem("contract-violation", "Keys that start with `$` are reserved."));
    if (caller.member !== null && body.onBehalfOf !== undefined && body.onBehalfOf !== caller.member)
      return err(problem("forbidden", "This key belongs to a person and asks for nobody else."));
    const member = caller.member ?? body.onBehalfOf ?? null;
    // A name in the body is the app's claim: it can exclude an approver, and proves nobody.
    const principal = principalOf(caller.key, caller.role, member, caller.member !== null);
    const waitSeconds = preferredWait(request);
    const purpose = body.purpose ?? null;
    const submitted = await openTask(
      {
        env,
        background,
        nowMs,
        tenant: caller.tenant,
        automation: body.automation,
        input: body.input,
        region: body.region,
        idempotencyKey: key.value,
        principal,
        trigger: body.triggeredBy ?? null,
        purpose,
        subjects: body.subjects ?? [],
        traceparent: traceparent(request),
        waitMs: waitSeconds * 1_000,
        also: {},
      },
      (open) => planByPlaybook(env, { tenant: caller.tenant.id, input: body.input, purpose, principal, nowMs }, open),
    );
    return submitted.ok ? answerTask(submitted.value, waitSeconds) : submitted;
  },
);

/** 200 with the task where waiting was asked for and all that was proposed has ended; 202 with its links otherwise. */
export function answerTask({ view }: Submitted, waitSeconds: number): Response {
  const self = `/v1/tasks/${view.id}`;
  const headers: Record<string, string> = { location: self };
  if (waitSeconds > 0) headers["preference-applied"] = `wait=${waitSeconds}`;
  const hasEnded = view.settled || (view.round > 0 && view.status === "planning");
  if (waitSeconds > 0 && hasEnded) return json(view, 200, headers);
  const accepted: z.input<typeof Accepted> = {
    task: view.id,
    status: view.status,
    links: { self, events: `${self}/events`, explain: `${self}/explain` },
  };
  return json(accepted, 202, headers);
}
