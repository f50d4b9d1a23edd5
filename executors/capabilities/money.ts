/**
 * Money that moves for an order: payments in the order's history and balances of gift cards.
 */
import { sql } from "../adapters/sql.ts";
import { insert, NEXT, update, type Write } from "../adapters/writes.ts";
import type { Method, Order, Payment } from "./rows.ts";

/** 123456 → "1234.56" */
export const money = (cents: number): string =>
  `${cents < 0 ? "-" : ""}${Math.trunc(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;

export const totalCents = (items: readonly { readonly priceCents: number }[]): number =>
  items.reduce((sum, { priceCents }) => sum + priceCents, 0);

/** The method that the order was first paid with. */
export const originalMethod = (order: Order): string | null =>
  order.payments.find(({ kind }) => kind === "payment")?.paymentMethodId ?? null;

/** What each method has paid and not got back, in the order in which they first paid. */
export function paidByMethod(
  payments: readonly Payment[],
): { readonly paymentMethodId: string; readonly amountCents: number }[] {
  const cents = new Map<string, number>();
  for (const { kind, amountCents, paymentMethodId } of payments)
    cents.set(paymentMethodId, (cents.get(paymentMethodId) ?? 0) + (kind === "payment" ? amountCents : -amountCents));
  return [...cents]
    .map(([paymentMethodId, amountCents]) => ({ paymentMethodId, amountCents }))
    .filter(({ amountCents }) => amountCents > 0);
}

/** Adds movements to an order's history, and moves the balance of each gift card among them. A gift card that pays too much breaks `balance_not_negative`. */
export function moveMoney(order: Order, movements: readonly Payment[], methods: readonly Method[]): Write[] {
  return movements.flatMap(({ kind, amountCents, paymentMethodId }, i) => {
    const record = insert("payments", {
      order_id: order.orderId,
      position: order.payments.length + i,
      kind,
      amount_cents: amountCents,
      method_id: paymentMethodId,
    });
    const isGiftCard = methods.some(
      (method) => method.paymentMethodId === paymentMethodId && method.kind === "gift_card",
    );
    if (!isGiftCard || amountCents === 0) return [record];
    const change = kind === "refund" ? amountCents : -amountCents;
    return [
      record,
      update(
        "payment_methods",
        { balance_cents: sql`balance_cents + ${change}`, version: NEXT },
        sql`id = ${paymentMethodId}`,
      ),
    ];
  });
}
