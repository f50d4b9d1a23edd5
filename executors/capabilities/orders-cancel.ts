/**
 * Cancelling a pending order: everything that was paid goes back to where it came from.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, moveMoney, paidByMethod } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import { methodsRead, orderLeft, orderPremise, orderReads, toMethod, toOrder, orderObservation } from "./rows.ts";
import {
  cents,
  count,
  customerId,
  object,
  oneOf,
  orderId,
  orderStatus,
  refunds,
  version,
  boolean,
  orderObserved,
} from "./schemas.ts";

type Args = {
  readonly customerId: string;
  readonly orderId: string;
  readonly reason: "no longer needed" | "ordered by mistake";
};

export const cancelOrder: D1Definition<Args, "order" | "items" | "payments" | "methods"> = {
  contract: writeContract({
    name: "orders.cancel",
    summary: "Cancels a pending order and refunds it to the original payment method.",
    input: object({ customerId, orderId, reason: oneOf("no longer needed", "ordered by mistake") }),
    output: object({ orderId, status: oneOf("cancelled"), refunds, version }),
    preview: object({
      status: orderStatus,
      itemCount: count,
      amountCents: cents,
      refundToOriginal: boolean,
    }),
    observe: orderObserved,
    risk: "medium",
    reversible: true,
    roles: { target: ["orderId", "customerId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
    effectKey: "cancel:order:{orderId}",
    undo: {
      capability: "orders.reinstate",
      args: { customerId: { $arg: "customerId" }, orderId: { $arg: "orderId" }, charges: { $result: "/refunds" } },
    },
  }),
  observe: orderObservation,
  leaves: orderLeft,
  read: (args) => ({
    ...orderReads(args.orderId, args.customerId),
    methods: methodsRead(args.customerId),
  }),
  plan: ({ orderId: id, reason }, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    if (order.status !== "pending") return refuse("order-not-pending");
    const back = paidByMethod(order.payments);
    const amountCents = back.reduce((sum, refund) => sum + refund.amountCents, 0);
    const movements = back.map((refund) => ({ kind: "refund" as const, ...refund }));
    return ok({
      preview: {
        status: order.status,
        itemCount: order.items.length,
        amountCents,
        refundToOriginal: true,
      },
      premises: [orderPremise(order)],
      summary: `Cancel the order ${id} (${order.items.length} items) and refund ${money(amountCents)} to the original payment method; reason: ${reason}.`,
      changes: [
        { what: `order ${id}: status`, from: order.status, to: "cancelled" },
        ...back.map((refund) => ({
          what: `refund to ${refund.paymentMethodId}`,
          from: null,
          to: money(refund.amountCents),
        })),
      ],
      statements: [
        ...moveMoney(order, movements, rows.methods.map(toMethod)),
        update("orders", { status: "cancelled", cancel_reason: reason, version: NEXT }, sql`id = ${id}`),
      ],
      result: { orderId: id, status: "cancelled", refunds: back, version: order.version + 1 },
    });
  },
};
