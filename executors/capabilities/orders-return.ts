/**
 * Returning items of a delivered order. The refund goes to the original payment method or to a gift card of the customer, and is paid
 * when the parcel has come back, which is not done here. An order is returned or exchanged once.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { insert, NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, originalMethod, totalCents } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import { takeItems } from "./replacements.ts";
import { methodsRead, orderLeft, orderPremise, orderReads, toMethod, toOrder, orderObservation } from "./rows.ts";
import {
  boolean,
  cents,
  count,
  customerId,
  itemIds,
  object,
  oneOf,
  orderId,
  orderStatus,
  paymentMethodId,
  version,
  orderObserved,
} from "./schemas.ts";

type Args = {
  readonly customerId: string;
  readonly orderId: string;
  readonly itemIds: readonly string[];
  readonly paymentMethodId: string;
};

export const returnItems: D1Definition<Args, "order" | "items" | "payments" | "methods"> = {
  contract: writeContract({
    name: "orders.return_items",
    summary:
      "Opens the return of items of a delivered order, with a refund to the original payment method or a gift card.",
    input: object({ customerId, orderId, itemIds, paymentMethodId }),
    output: object({ orderId, status: oneOf("return-requested"), refundCents: cents, version }),
    preview: object({
      status: orderStatus,
      itemCount: count,
      amountCents: cents,
      refundToOriginal: boolean,
    }),
    observe: orderObserved,
    risk: "medium",
    reversible: true,
    roles: { target: ["orderId", "customerId"], destination: ["paymentMethodId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
    effectKey: "return-or-exchange:order:{orderId}",
    undo: {
      capability: "orders.withdraw_return",
      args: { customerId: { $arg: "customerId" }, orderId: { $arg: "orderId" } },
    },
  }),
  observe: orderObservation,
  leaves: orderLeft,
  read: (args) => ({
    ...orderReads(args.orderId, args.customerId),
    methods: methodsRead(args.customerId),
  }),
  plan: (args, rows) => {
    const { orderId: id, paymentMethodId: methodId } = args;
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    const method = rows.methods.map(toMethod).find((m) => m.paymentMethodId === methodId);
    if (method === undefined) return notFound("payment method");
    if (order.status !== "delivered") return refuse("order-not-delivered");
    const refundToOriginal = methodId === originalMethod(order);
    if (!refundToOriginal && method.kind !== "gift_card") return refuse("refund-destination");
    const items = takeItems(order, args.itemIds);
    if (items === null) return refuse("items-not-in-order");
    const amountCents = totalCents(items);
    return ok({
      preview: { status: order.status, itemCount: items.length, amountCents, refundToOriginal },
      premises: [orderPremise(order)],
      summary: `Take back ${items.length} items of the order ${id} and refund ${money(amountCents)} to ${methodId} when they arrive.`,
      changes: [
        { what: `order ${id}: status`, from: order.status, to: "return-requested" },
        ...items.map(({ name, itemId, priceCents }) => ({
          what: `return of ${name}`,
          from: null,
          to: `${itemId} for ${money(priceCents)}`,
        })),
      ],
      statements: [
        insert("order_returns", { order_id: id, kind: "return", method_id: methodId, difference_cents: null }),
        ...items.map(({ position, itemId }) =>
          insert("order_return_items", {
            order_id: id,
            item_position: position,
            variant_id: itemId,
            new_variant_id: null,
          }),
        ),
        update("orders", { status: "return-requested", version: NEXT }, sql`id = ${id}`),
      ],
      result: {
        orderId: id,
        status: "return-requested",
        refundCents: amountCents,
        version: order.version + 1,
      },
    });
  },
};
