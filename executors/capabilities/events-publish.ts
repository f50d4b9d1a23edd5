/**
 * Telling other systems that something happened or is wanted: a message into the queue `countersign-outbound`, for whoever consumes it.
 */
import type { QueueDefinition } from "../adapters/queue.ts";
import { object, oneOf, text } from "./schemas.ts";

type Args = { readonly topic: string; readonly subject: string; readonly data: string };

export const publishEvent: QueueDefinition<Args> = {
  contract: {
    name: "events.publish",
    version: "1.0.0",
    summary: "Hands a message over to the outbound queue, for other systems to act on.",
    input: object({
      topic: { type: "string", pattern: "^[a-z][a-z0-9.-]{0,63}$", description: "What the message is about." },
      subject: text(200, { minLength: 1, description: "The record that it is about." }),
      data: text(4_000, { description: "What to tell; JSON where the topic says so." }),
    }),
    output: object({ messageId: text(60), handedOver: oneOf(true) }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "at-least-once",
    roles: { destination: ["topic"], target: ["subject"], disclosure: ["data"] },
    tags: ["topic:{topic}"],
  },
  data: ({ topic, subject, data }) => ({ topic, subject, data }),
  result: (_args, { action }) => ({ messageId: action, handedOver: true }),
};
