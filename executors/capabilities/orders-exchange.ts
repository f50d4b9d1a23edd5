/**
 * Exchanging items of a delivered order for other items of the same products. The difference is recorded and settled when the parcel
 * has come back, which is not done here. An order is returned or exchanged once.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { insert, NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, originalMethod } from "./money.ts";
import { distinct, replaceInput, replacePreview, type ReplaceArgs } from "./orders-modify-items.ts";
import { notFound, refuse } from "./refusals.ts";
import { covers, describe, differenceCents, pairItems } from "./replacements.ts";
import {
  methodPremise,
  methodsRead,
  orderPremise,
  orderReads,
  toMethod,
  toOrder,
  toVariant,
  variantPremise,
  variantsRead,
  orderObservation,
} from "./rows.ts";
import { object, oneOf, orderId, signedCents, version, orderObserved } from "./schemas.ts";

export const exchangeItems: D1Definition<ReplaceArgs, "order" | "items" | "payments" | "methods" | "variants"> = {
  contract: writeContract({
    name: "orders.exchange_items",
    summary: "Opens the exchange of items of a delivered order for other items of the same products.",
    input: replaceInput,
    output: object({
      orderId,
      status: oneOf("exchange-requested"),
      differenceCents: signedCents,
      version,
    }),
    preview: replacePreview,
    observe: orderObserved,
    risk: "medium",
    reversible: false,
    roles: { target: ["orderId", "customerId"], destination: ["paymentMethodId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
    effectKey: "return-or-exchange:order:{orderId}",
  }),
  observe: orderObservation,
  read: (args) => ({
    ...orderReads(args.orderId, args.customerId),
    methods: methodsRead(args.customerId),
    variants: variantsRead(args.newItemIds),
  }),
  plan: (args, rows) => {
    const { orderId: id, paymentMethodId: methodId } = args;
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    const method = rows.methods.map(toMethod).find((m) => m.paymentMethodId === methodId);
    if (method === undefined) return notFound("payment method");
    if (order.status !== "delivered") return refuse("order-not-delivered");
    const paired = pairItems(order, args.itemIds, args.newItemIds, rows.variants.map(toVariant));
    if (!paired.ok) return paired;
    const difference = differenceCents(paired.value);
    if (!covers(method, difference)) return refuse("balance-insufficient");
    const amountCents = Math.abs(difference);
    return ok({
      preview: {
        status: order.status,
        itemCount: paired.value.length,
        amountCents,
        differenceCents: difference,
        refundToOriginal: difference >= 0 || methodId === originalMethod(order),
      },
      premises: [
        orderPremise(order),
        methodPremise(method),
        ...distinct(paired.value.map(({ by }) => by)).map(variantPremise),
      ],
      summary: `Exchange ${paired.value.length} items of the order ${id}; the difference of ${money(difference)} is settled by ${methodId}.`,
      changes: [
        ...paired.value.map(describe),
        { what: `order ${id}: status`, from: order.status, to: "exchange-requested" },
      ],
      statements: [
        insert("order_returns", { order_id: id, kind: "exchange", method_id: methodId, difference_cents: difference }),
        ...paired.value.map(({ item, by }) =>
          insert("order_return_items", {
            order_id: id,
            item_position: item.position,
            variant_id: item.itemId,
            new_variant_id: by.itemId,
          }),
        ),
        update("orders", { status: "exchange-requested", version: NEXT }, sql`id = ${id}`),
      ],
      result: {
        orderId: id,
        status: "exchange-requested",
        differenceCents: difference,
        version: order.version + 1,
      },
    });
  },
};
