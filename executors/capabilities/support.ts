/**
 * Handing a conversation to a person of the support team.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { insert } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { notFound } from "./refusals.ts";
import { customerRead } from "./rows.ts";
import { count, customerId, object, oneOf, personal, text } from "./schemas.ts";

type Args = { readonly customerId: string; readonly summary: string };

export const handOff: D1Definition<Args, "customer" | "open"> = {
  contract: writeContract({
    name: "support.hand_off",
    summary: "Hands the conversation to a person of the support team, with a summary of what the customer wants.",
    input: object({ customerId, summary: personal(text(2_000, { minLength: 1 })) }),
    output: object({ handoffId: text(60), status: oneOf("open") }),
    preview: object({ openHandoffs: count }),
    risk: "low",
    reversible: true,
    roles: { target: ["customerId"] },
    tags: ["customer:{customerId}"],
  }),
  read: (args) => ({
    customer: customerRead(args.customerId),
    open: sql`SELECT count(*) AS handoffs FROM handoffs WHERE tenant = ${TENANT} AND customer_id = ${args.customerId} AND status = 'open'`,
  }),
  plan: ({ customerId: id, summary }, { customer, open }, { action, nowMs }) => {
    if (customer.length === 0) return notFound("customer");
    return ok({
      preview: { openHandoffs: open[0]!.handoffs! },
      // Nothing that was read decides anything: a hand-off is always possible.
      premises: [],
      summary: `Hand the conversation with the customer ${id} to a person.`,
      changes: [{ what: "hand-off to the support team", from: null, to: summary }],
      statements: [insert("handoffs", { id: action, customer_id: id, summary, at_ms: nowMs })],
      result: { handoffId: action, status: "open" },
    });
  },
};
