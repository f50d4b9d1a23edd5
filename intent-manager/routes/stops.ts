/** Stops of anything: an automation, a capability, an agent, a release, an API key, the whole tenant. Setting one is safe; lifting one is signed. */
import * as z from "zod";
import { Restored, Stopped, StopPage } from "../../shared/api.ts";
import { StopKind } from "../../shared/events.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { allStops, restoreEverywhere, stopEverywhere } from "../dispatch/stops.ts";
import { endpoint } from "../http/endpoint.ts";
import { idempotencyKey } from "../http/headers.ts";
import { IDEMPOTENT, SignedByPerson, StopBody } from "./shapes.ts";

export const listStops = endpoint(
  "GET /v1/stops",
  {
    summary: "List stops",
    tag: "stops",
    answers: { 200: { description: "Every stop that stands, the newest first", schema: StopPage } },
  },
  async ({ env, caller }) => ok({ stops: await allStops(env, caller.tenant.id) }),
);

export const setStop = endpoint(
  "POST /v1/stops",
  {
    summary: "Stop something",
    description: `\`stop-new\` takes no new task and no new plan of the target and lets what is in flight finish. \`stop-all\` also claims none of its actions any more: not one in any executor that has confirmed. The answer lists what was claimed before. Where \`done\` is false, \`incomplete\` names executors that have not confirmed; they are told for some seconds more: repeat with the same \`Idempotency-Key\` until it is true. ${IDEMPOTENT}`,
    tag: "stops",
    body: z.strictObject({ kind: StopKind, target: z.string().min(1).max(100), ...StopBody.shape }),
    answers: { 200: { description: "Stopped; what had been claimed already is listed", schema: Stopped } },
  },
  async (call) => {
    const key = idempotencyKey(call.request, undefined);
    if (!key.ok) return key;
    if (call.body.kind === "tenant" && call.body.target !== call.caller.tenant.id)
      return err(problem("forbidden", "This key belongs to another tenant."));
    return stopEverywhere(call, call.body, key.value);
  },
);

export const liftStop = endpoint(
  "POST /v1/stops/lift",
  {
    summary: "Lift a stop",
    description: `The body is a restore that names the stop and its target, signed by an admin or the root. ${IDEMPOTENT}`,
    tag: "stops",
    body: SignedByPerson,
    answers: { 200: { description: "Lifted", schema: Restored } },
  },
  ({ env, caller, body, nowMs }) => restoreEverywhere(env, caller, null, body, nowMs),
);
