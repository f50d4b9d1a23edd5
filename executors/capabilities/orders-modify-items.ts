/**
 * Changing items of a pending order for other items of the same products; the difference is paid or refunded at once. Only once for an order.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, moveMoney, originalMethod } from "./money.ts";
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
  signedCents,
  version,
  orderObserved,
} from "./schemas.ts";

export type ReplaceArgs = {
  readonly customerId: string;
  readonly orderId: string;
  readonly itemIds: readonly string[];
  readonly newItemIds: readonly string[];
  readonly paymentMethodId: string;
};
export const replaceInput = object({
  customerId,
  orderId,
  itemIds,
  newItemIds: { ...itemIds, description: "In the positions of itemIds; each of the same product." },
  paymentMethodId,
});
export const replacePreview = object({
  status: orderStatus,
  itemCount: count,
  amountCents: cents,
  differenceCents: signedCents,
  refundToOriginal: boolean,
});

export const modifyOrderItems: D1Definition<ReplaceArgs, "order" | "items" | "payments" | "methods" | "variants"> = {
  contract: writeContract({
    name: "orders.modify_items",
    summary:
      "Replaces items of a pending order by other items of the same products. An order can be modified so once, and not cancelled afterwards.",
    input: replaceInput,
    output: object({
      orderId,
      status: oneOf("pending-items-modified"),
      differenceCents: signedCents,
      version,
    }),
    preview: replacePreview,
    observe: orderObserved,
    risk: "medium",
    reversible: false,
    roles: { target: ["orderId", "customerId"], destination: ["paymentMethodId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
    effectKey: "modify-items:order:{orderId}",
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
    const methods = rows.methods.map(toMethod);
    const method = methods.find((m) => m.paymentMethodId === methodId);
    if (method === undefined) return notFound("payment method");
    if (order.status !== "pending") return refuse("order-not-pending");
    const paired = pairItems(order, args.itemIds, args.newItemIds, rows.variants.map(toVariant));
    if (!paired.ok) return paired;
    const difference = differenceCents(paired.value);
    if (!covers(method, difference)) return refuse("balance-insufficient");
    const amountCents = Math.abs(difference);
    const kind = difference > 0 ? "payment" : "refund";
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
      summary: `Replace ${paired.value.length} items of the order ${id}; ${kind} of ${money(amountCents)} by ${methodId}.`,
      changes: [
        ...paired.value.map(describe),
        { what: `order ${id}: status`, from: order.status, to: "pending-items-modified" },
        { what: `${kind} by ${methodId}`, from: null, to: money(amountCents) },
      ],
      statements: [
        ...paired.value.map(({ item, by }) =>
          update(
            "order_items",
            { variant_id: by.itemId, options: by.optionsJson, price_cents: by.priceCents, version: NEXT },
            sql`order_id = ${id} AND position = ${item.position}`,
          ),
        ),
        ...moveMoney(order, [{ kind, amountCents, paymentMethodId: methodId }], methods),
        update("orders", { status: "pending-items-modified", version: NEXT }, sql`id = ${id}`),
      ],
      result: {
        orderId: id,
        status: "pending-items-modified",
        differenceCents: difference,
        version: order.version + 1,
      },
    });
  },
};

/** Each record once. */
export const distinct = <T extends { readonly itemId: string }>(records: readonly T[]): T[] => [
  ...new Map(records.map((record) => [record.itemId, record])).values(),
];
