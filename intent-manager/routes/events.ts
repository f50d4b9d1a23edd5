/** Events from outside, as structured CloudEvents. One with a correlation key reaches the steps that wait for it (wait.event). */
import * as z from "zod";
import { EventAccepted } from "../../shared/api.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { EventType } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { hasReservedKey } from "../../shared/references.ts";
import { err, ok } from "../../shared/result.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { IDEMPOTENT } from "./shapes.ts";

/** CloudEvents 1.0 in structured JSON, with the extension `correlationkey`. */
const CloudEvent = z.strictObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(200),
  source: z.string().min(1).max(500),
  type: EventType,
  correlationkey: z.string().min(1).max(200),
  time: z.iso.datetime({ offset: true }).optional(),
  subject: z.string().max(500).optional(),
  datacontenttype: z.literal("application/json").optional(),
  data: z.json().default(null),
});

export const sendEvent = endpoint(
  "POST /v1/events",
  {
    summary: "Send an event",
    description: `One CloudEvent with a \`correlationkey\`. Every step of the tenant that waits for its type under this key takes it, also one that begins to wait within a day. ${IDEMPOTENT} The same \`source\` and \`id\` with other data is a conflict.`,
    tag: "tasks",
    body: CloudEvent,
    maxBodyBytes: 2 * LIMITS.signalBytes,
    answers: { 200: { description: "It is kept", schema: EventAccepted } },
  },
  async ({ env, caller, body }) => {
    const { source, id, type, data, correlationkey: key } = body;
    if (hasReservedKey(data)) return err(problem("invalid-request", "/data: names that start with $ are reserved."));
    if (canonicalize(data).length > LIMITS.signalBytes)
      return err(problem("body-too-large", `\`data\` may have ${LIMITS.signalBytes} characters.`));
    const event = { source, id, type, data };
    const delivered = await callWorker("countersign-executors", () =>
      env.EXECUTORS.deliverEvent({ tenant: caller.tenant.id, key, event }),
    );
    return delivered.ok ? ok({ source, id, ...delivered.value }) : delivered;
  },
);
