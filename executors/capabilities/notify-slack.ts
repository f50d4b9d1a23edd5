/**
 * Posting into a channel through an incoming webhook of Slack, or of whatever speaks its form. It knows no keys, so a message is sent at most
 * once; its address is the secret, and decides the channel.
 *
 * What is said is text and nothing else: markup of Slack is escaped, so that no content can mention a channel or hide where a link leads.
 */
import type { HttpWrite } from "../adapters/http-definition.ts";
import { list, object, oneOf, text } from "./schemas.ts";

type Args = { readonly text: string; readonly sections?: readonly string[] };

export const tellSlack: HttpWrite<Args> = {
  contract: {
    name: "notify.slack",
    version: "1.0.0",
    summary: "Posts a message into the configured channel.",
    input: {
      ...object({
        text: text(3_000, { minLength: 1, description: "The message, and what a notification of it shows." }),
        sections: list(text(2_000, { minLength: 1 }), 20, { description: "Paragraphs shown in place of the text." }),
      }),
      required: ["text"],
    },
    output: object({ posted: oneOf(true) }),
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "at-most-once",
    roles: { disclosure: ["text", "sections"] },
    tags: ["notification", "slack"],
  },
  target: "slack",
  credential: "slack",
  request: ({ text: message, sections }) => ({
    method: "POST",
    path: "/",
    body: {
      text: escaped(message),
      ...(sections === undefined || sections.length === 0
        ? {}
        : { blocks: sections.map((part) => ({ type: "section", text: { type: "plain_text", text: part } })) }),
    },
  }),
  // 200 and the text `ok`; refusals are 400, 403, 404 and 410 with a word that is not repeated here.
  answer: ({ status }) => (status === 200 ? { says: "applied", result: { posted: true } } : null),
  // Documented: a message over the rate is not posted.
  notExecuted: [429],
};

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
const escaped = (message: string): string =>
  message.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
