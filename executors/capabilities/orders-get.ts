/**
 * Reading an order of a customer.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { ok } from "../../shared/result.ts";
import { readContract } from "./contract.ts";
import { totalCents } from "./money.ts";
import { notFound } from "./refusals.ts";
import { orderReads, toOrder } from "./rows.ts";
import {
  address,
  cents,
  customerId,
  itemId,
  list,
  nullable,
  object,
  oneOf,
  options,
  orderId,
  orderStatus,
  paymentMethodId,
  productId,
  signedCents,
  text,
  trusted,
  version,
} from "./schemas.ts";

const returnSchema = object({
  kind: oneOf("return", "exchange"),
  paymentMethodId,
  differenceCents: nullable(signedCents),
  items: list(object({ itemId, newItemId: nullable(itemId) }), 200),
});

export const getOrder: D1Definition<
  { readonly customerId: string; readonly orderId: string },
  "order" | "items" | "payments" | "fulfillments" | "returns" | "returnItems"
> = {
  contract: readContract({
    name: "orders.get",
    summary: "Reads an order of this customer: status, address, items, parcels, payments, and its return or exchange.",
    input: object({ customerId, orderId }),
    output: trusted(
      object({
        orderId,
        customerId,
        status: orderStatus,
        address,
        items: list(object({ itemId, productId, name: text(200), options, priceCents: cents }), 200),
        totalCents: cents,
        fulfillments: list(object({ trackingIds: list(text(100), 50), itemIds: list(itemId, 200) }), 50),
        payments: list(object({ kind: oneOf("payment", "refund"), amountCents: cents, paymentMethodId }), 200),
        cancelReason: nullable(text(100)),
        return: nullable(returnSchema),
        version,
      }),
    ),
    risk: "medium",
    roles: { target: ["orderId", "customerId"], disclosure: ["orderId", "customerId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
  }),
  read: ({ orderId: id, customerId: customer }) => ({
    ...orderReads(id, customer),
    fulfillments: sql`SELECT tracking_ids, variant_ids FROM fulfillments WHERE tenant = ${TENANT} AND order_id = ${id} ORDER BY position`,
    returns: sql`SELECT kind, method_id, difference_cents FROM order_returns WHERE tenant = ${TENANT} AND order_id = ${id}`,
    returnItems: sql`SELECT variant_id, new_variant_id FROM order_return_items WHERE tenant = ${TENANT} AND order_id = ${id} ORDER BY item_position`,
  }),
  answer: (_, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    const [returned] = rows.returns;
    return ok({
      ...order,
      items: order.items.map(({ position: _position, ...item }) => item),
      totalCents: totalCents(order.items),
      fulfillments: rows.fulfillments.map(({ tracking_ids, variant_ids }) => ({
        trackingIds: JSON.parse(tracking_ids as string) as string[],
        itemIds: JSON.parse(variant_ids as string) as string[],
      })),
      return:
        returned === undefined
          ? null
          : {
              kind: returned.kind!,
              paymentMethodId: returned.method_id!,
              differenceCents: returned.difference_cents!,
              items: rows.returnItems.map(({ variant_id, new_variant_id }) => ({
                itemId: variant_id!,
                newItemId: new_variant_id!,
              })),
            },
    });
  },
};
