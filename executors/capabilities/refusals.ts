/**
 * How the domain refuses: `effect-refused` with a stable reason, before anything was changed. What belongs to another customer is
 * refused in the words of what does not exist.
 */
import { problem, type Problem } from "../../shared/problems.ts";
import { err, type Err } from "../../shared/result.ts";

const REASONS = {
  "order-not-pending": "The order is not pending any more.",
  "order-not-cancelled": "The order is not cancelled.",
  "no-open-return": "No return of this order is open.",
  "order-not-delivered": "The order is not delivered, or a return or exchange is already under way.",
  "items-not-in-order": "The order does not hold all of these items.",
  "items-mismatch": "Each item needs exactly one new item.",
  "item-unavailable": "A new item does not exist or is not available.",
  "item-of-other-product": "A new item is of another product than the item that it replaces.",
  "balance-insufficient": "The gift card's balance does not cover the amount.",
  "same-payment-method": "The order is already paid with this method.",
  "payment-not-single": "The order was not paid in a single payment.",
  "refund-destination": "A refund goes to the original payment method or to a gift card of the customer.",
  "invoice-incomplete": "An invoice has a number, a date, a currency and an amount.",
} as const;

export const refuse = (reason: keyof typeof REASONS): Err<Problem> =>
  err(problem("effect-refused", REASONS[reason], { reason }));

export const notFound = (what: "customer" | "order" | "product" | "payment method" | "supplier"): Err<Problem> =>
  err(problem("not-found", `There is no such ${what} here.`, { what }));
