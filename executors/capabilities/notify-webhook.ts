/**
 * Telling another system over a webhook signed as Standard Webhooks (https://www.standardwebhooks.com). The id is the same on every attempt,
 * and the body is: whoever receives it can do it once. Whether a receiver keeps ids is not known here, so it is `at-least-once`.
 *
 * Where it goes is the credential's: whoever proposes the action chooses what is said and never where.
 */
import { idempotencyKeyOf, type HttpWrite } from "../adapters/http-definition.ts";
import { object, oneOf, text } from "./schemas.ts";

type Args = { readonly type: string; readonly subject: string; readonly message: string };

export const callWebhook: HttpWrite<Args> = {
  contract: {
    name: "notify.webhook",
    version: "1.0.0",
    summary: "Sends a signed webhook to the configured endpoint.",
    input: object({
      type: { type: "string", pattern: "^[a-z][a-z0-9_.-]{0,99}$", description: "What happened: order.cancelled." },
      subject: text(200, { minLength: 1, description: "The record that it is about." }),
      message: text(4_000, { description: "What to tell." }),
    }),
    output: object({ webhookId: text(60), accepted: oneOf(true) }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "at-least-once",
    roles: { target: ["subject"], disclosure: ["message"] },
    tags: ["notification", "webhook:{type}"],
  },
  target: "webhook",
  credential: "webhook",
  request: ({ type, subject, message }, context) => {
    const id = idempotencyKeyOf(context);
    return { method: "POST", path: "/", headers: { "webhook-id": id }, body: { type, data: { id, subject, message } } };
  },
  answer: ({ status }, _args, context) =>
    status >= 200 && status < 300
      ? { says: "applied", result: { webhookId: idempotencyKeyOf(context), accepted: true } }
      : null,
};
