/**
 * The Queue adapter: the effect is a message handed over to a Cloudflare Queue. What promises nothing more is said so: the hand-over is at
 * least once. A send whose answer was lost is sent again, and the queue itself may deliver a message twice; every message carries its action's
 * id as `id`, and whoever consumes the queue does each id once (docs/examples/queue-consumer.ts).
 *
 * Q1  `applied` means that the queue acknowledged the message, and nothing about what its consumer did.
 * Q2  The same action gives the same message, byte for byte, on every attempt: a function of its stored arguments.
 * Q3  What no consumer could process comes back through the dead letter queue and is kept where its task is (executors/dead-letters.ts).
 *
 * apply()  applied | refused task-limit (larger than a queue takes; nothing was sent) | in-doubt (no acknowledgement: sent again)
 */
import * as z from "zod";
import { canonicalize } from "../../shared/canonical.ts";
import { CapabilityName, type CapabilityContract } from "../../shared/capability.ts";
import { RegionId, StepId, TaskId, TenantId } from "../../shared/ids.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { within, type Platform } from "../../shared/platform.ts";
import { problem } from "../../shared/problems.ts";
import { utf8 } from "../../shared/bytes.ts";
import { callTraceparent, type ActionContext, type Capability, type Outcome } from "./types.ts";

/** A message as its consumer receives it. */
export const QueueMessage = z.strictObject({
  version: z.literal(1),
  /** The action's id: the key under which a consumer does it once. */
  id: z.string().max(60),
  tenant: TenantId,
  region: RegionId,
  task: TaskId,
  step: StepId,
  capability: CapabilityName,
  /** W3C trace context of the task, or null. */
  traceparent: z.string().max(100).nullable(),
  data: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
});
export type QueueMessage = z.infer<typeof QueueMessage>;

export type QueueDefinition<Args> = {
  readonly contract: CapabilityContract & { readonly effect: "write"; readonly delivery: "at-least-once" };
  readonly data: (args: Args, context: ActionContext) => JsonObject;
  readonly result: (args: Args, context: ActionContext) => Json;
};

export type QueueEnvironment = {
  /** Hands a message over; resolves once the queue has acknowledged it. */
  readonly send: (message: QueueMessage) => Promise<unknown>;
  readonly setTimer: Platform["setTimer"];
};

export function queueCapability<Args>(definition: QueueDefinition<Args>, environment: QueueEnvironment): Capability {
  const { contract } = definition;
  const apply = async (given: JsonObject, _prepared: unknown, context: ActionContext): Promise<Outcome> => {
    const args = given as Args;
    const { action: id, tenant, region, task, step, capability } = context;
    const traceparent = callTraceparent(context);
    const data = definition.data(args, context);
    const message: QueueMessage = { version: 1, id, tenant, region, task, step, capability, traceparent, data };
    if (utf8(canonicalize(message)).length > LIMITS.queueMessageBytes)
      return {
        kind: "refused",
        problem: problem("task-limit", `A message has at most ${LIMITS.queueMessageBytes} bytes.`),
        retry: false,
      };
    const sent = async (): Promise<Outcome> => {
      await environment.send(message);
      return { kind: "applied", result: definition.result(args, context), replayed: false };
    };
    return within(environment, LIMITS.queueSendMs, sent, notAcknowledged);
  };
  return { kind: "external", contract, prepare: null, apply, reconcile: null };
}

const notAcknowledged = (): Outcome => ({
  kind: "in-doubt",
  problem: problem("effect-in-doubt", "The queue did not acknowledge the message."),
});
