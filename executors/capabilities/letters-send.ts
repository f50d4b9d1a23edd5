/**
 * Sending a text of an edition to the subscribers of its language, through a mailing platform that keeps `Idempotency-Key`. Who they are is the
 * platform's business: a list is named by the language, and whoever proposes the action cannot name another. A letter cannot be called back.
 */
import type { HttpWrite } from "../adapters/http-definition.ts";
import { body, edition, language, title } from "./editions.ts";
import { object, text } from "./schemas.ts";

type Args = { readonly edition: string; readonly language: string; readonly title: string; readonly body: string };

export const sendLetter: HttpWrite<Args> = {
  contract: {
    name: "letters.send",
    version: "1.0.0",
    summary: "Sends a text of an edition to the newsletter's subscribers in its language.",
    input: object({ edition, language, title, body }),
    output: object({ letterId: text(100, { minLength: 1 }) }),
    risk: "high",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { target: ["edition"], disclosure: ["title", "body"] },
    tags: ["letter:{edition}:{language}"],
    effectKey: "letter:{edition}:{language}",
  },
  target: "mailing",
  credential: "mailing",
  request: ({ edition: id, language: tag, title: subject, body: words }) => ({
    method: "POST",
    path: "/v1/letters",
    body: { edition: id, list: tag, subject, body: words },
  }),
  answer: ({ status, body: said }) =>
    status === 201 && typeof said === "object" && said !== null && "letterId" in said
      ? { says: "applied", result: { letterId: said["letterId"]! } }
      : null,
  notExecuted: [429, 503],
};
