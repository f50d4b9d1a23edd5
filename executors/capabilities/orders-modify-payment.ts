/**
 * Paying a pending order with another method: the new one pays the whole amount, the old one gets it back.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, moveMoney } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import { methodPremise, methodsRead, orderPremise, orderReads, toMethod, toOrder, orderObservation } from "./rows.ts";
import {
  boolean,
  cents,
  count,
  customerId,
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
  readonly paymentMethodId: string;
};

export const modifyOrderPayment: D1Definition<Args, "order" | "items" | "payments" | "methods"> = {
  contract: writeContract({
    name: "orders.modify_payment",
    summary: "Pays a pending order with another payment method of the customer and refunds the first.",
    input: object({ customerId, orderId, paymentMethodId }),
    output: object({ orderId, paymentMethodId, amountCents: cents, version }),
    preview: object({
      status: orderStatus,
      itemCount: count,
      amountCents: cents,
      paymentKind: oneOf("gift_card", "credit_card", "paypal"),
      refundToOriginal: boolean,
    }),
    observe: orderObserved,
    risk: "medium",
    reversible: false,
    roles: { target: ["orderId", "customerId"], destination: ["paymentMethodId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
  }),
  observe: orderObservation,
  read: (args) => ({
    ...orderReads(args.orderId, args.customerId),
    methods: methodsRead(args.customerId),
  }),
  plan: ({ orderId: id, paymentMethodId: newId }, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    const methods = rows.methods.map(toMethod);
    const method = methods.find((m) => m.paymentMethodId === newId);
    if (method === undefined) return notFound("payment method");
    if (order.status !== "pending") return refuse("order-not-pending");
    const [payment] = order.payments;
    if (order.payments.length !== 1 || payment!.kind !== "payment") return refuse("payment-not-single");
    const { paymentMethodId: oldId, amountCents } = payment!;
    if (oldId === newId) return refuse("same-payment-method");
    if (method.balanceCents !== null && method.balanceCents < amountCents) return refuse("balance-insufficient");
    return ok({
      preview: {
        status: order.status,
        itemCount: order.items.length,
        amountCents,
        paymentKind: method.kind,
        refundToOriginal: true,
      },
      premises: [orderPremise(order), methodPremise(method)],
      summary: `Pay the order ${id} (${money(amountCents)}) with ${newId} instead of ${oldId}.`,
      changes: [
        { what: `order ${id}: payment method`, from: oldId, to: newId },
        { what: `refund to ${oldId}`, from: null, to: money(amountCents) },
      ],
      statements: [
        ...moveMoney(
          order,
          [
            { kind: "payment", amountCents, paymentMethodId: newId },
            { kind: "refund", amountCents, paymentMethodId: oldId },
          ],
          methods,
        ),
        update("orders", { version: NEXT }, sql`id = ${id}`),
      ],
      result: { orderId: id, paymentMethodId: newId, amountCents, version: order.version + 1 },
    });
  },
};
