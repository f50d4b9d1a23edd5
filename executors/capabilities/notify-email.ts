/**
 * Sending an e-mail through a provider's HTTP interface, in the form of Resend's `POST /emails`: JSON with from, to, subject and text, and an
 * `Idempotency-Key` that the provider keeps. Another provider is another definition of this size.
 *
 * `applied` means that the provider took it. Whether it arrived, and whether anybody read it, nobody here knows.
 */
import type { HttpWrite } from "../adapters/http-definition.ts";
import { object, personal, text } from "./schemas.ts";

type Args = { readonly from: string; readonly to: string; readonly subject: string; readonly text: string };

/** One mailbox, and nothing that could begin another header or address. */
const mailbox = { type: "string", format: "email", maxLength: 254, pattern: '^[^\\s,;<>"]+@[^\\s,;<>"]+$' };

export const sendEmail: HttpWrite<Args> = {
  contract: {
    name: "notify.email",
    version: "1.0.0",
    summary: "Sends an e-mail as plain text.",
    input: object({
      from: { ...mailbox, description: "Of a domain that the provider may send for." },
      to: personal(mailbox),
      subject: { type: "string", minLength: 1, maxLength: 200, pattern: "^[^\\r\\n]+$" },
      text: text(20_000, { minLength: 1 }),
    }),
    output: object({ messageId: text(200) }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { destination: ["to"], disclosure: ["subject", "text"] },
    tags: ["notification", "email"],
  },
  target: "email",
  credential: "email",
  request: ({ from, to, subject, text: body }) => ({
    method: "POST",
    path: "/emails",
    body: { from, to: [to], subject, text: body },
  }),
  answer: ({ status, body }) =>
    status === 200 && typeof body === "object" && body !== null && "id" in body
      ? { says: "applied", result: { messageId: (body as { id: string }).id } }
      : null,
  // Documented: what is over the rate is not sent.
  notExecuted: [429],
};
