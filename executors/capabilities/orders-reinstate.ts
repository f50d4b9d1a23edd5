/**
 * Taking a cancellation back: the order is pending again and what was refunded is paid again, from where it went. Refuses where the order
 * is not cancelled, or a gift card does not hold the amount any more.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, moveMoney } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import {
  methodPremise,
  methodsRead,
  orderLeft,
  orderPremise,
  orderReads,
  toMethod,
  toOrder,
  orderObservation,
} from "./rows.ts";
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
  orderObserved,
} from "./schemas.ts";

type Args = {
  readonly customerId: string;
  readonly orderId: string;
  readonly charges: readonly { readonly paymentMethodId: string; readonly amountCents: number }[];
};

export const reinstateOrder: D1Definition<Args, "order" | "items" | "payments" | "methods"> = {
  contract: writeContract({
    name: "orders.reinstate",
    summary: "Takes the cancellation of an order back and charges again what was refunded.",
    input: object({ customerId, orderId, charges: refunds }),
    output: object({ orderId, status: oneOf("pending"), version }),
    preview: object({ status: orderStatus, itemCount: count, amountCents: cents }),
    observe: orderObserved,
    risk: "medium",
    reversible: false,
    roles: { target: ["orderId", "customerId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
  }),
  observe: orderObservation,
  leaves: orderLeft,
  read: (args) => ({ ...orderReads(args.orderId, args.customerId), methods: methodsRead(args.customerId) }),
  plan: ({ orderId: id, charges }, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    if (order.status !== "cancelled") return refuse("order-not-cancelled");
    const methods = rows.methods.map(toMethod);
    const charged = charges.map(({ paymentMethodId }) =>
      methods.find((method) => method.paymentMethodId === paymentMethodId),
    );
    for (const [i, method] of charged.entries()) {
      if (method === undefined) return notFound("payment method");
      if (method.balanceCents !== null && method.balanceCents < charges[i]!.amountCents)
        return refuse("balance-insufficient");
    }
    const amountCents = charges.reduce((sum, charge) => sum + charge.amountCents, 0);
    const movements = charges.map((charge) => ({ kind: "payment" as const, ...charge }));
    const cards = charged.filter((method) => method!.kind === "gift_card");
    return ok({
      preview: { status: order.status, itemCount: order.items.length, amountCents },
      premises: [orderPremise(order), ...cards.map((card) => methodPremise(card!))],
      summary: `Make the order ${id} (${order.items.length} items) pending again and charge ${money(amountCents)}.`,
      changes: [
        { what: `order ${id}: status`, from: order.status, to: "pending" },
        ...charges.map((charge) => ({
          what: `charge to ${charge.paymentMethodId}`,
          from: null,
          to: money(charge.amountCents),
        })),
      ],
      statements: [
        ...moveMoney(order, movements, methods),
        update("orders", { status: "pending", cancel_reason: null, version: NEXT }, sql`id = ${id}`),
      ],
      result: { orderId: id, status: "pending", version: order.version + 1 },
    });
  },
};
