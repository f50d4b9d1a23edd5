/**
 * Building blocks of the capabilities' schemas: closed objects, the id types of this domain, money, addresses.
 *
 * `x-id` makes an id recognisable in free text, `x-subject` marks what is personal, `x-trusted` what is the tenant's own data: a record of
 * the business database that names things. What people wrote into a record in their own words is never trusted.
 */
import type { CapabilityContract } from "../../shared/capability.ts";

type Schema = CapabilityContract["input"];

/** A closed object; all its properties are required. */
export const object = (properties: { readonly [name: string]: Schema }, annotations: Schema = {}): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  required: Object.keys(properties),
  ...annotations,
});
export const list = (items: Schema, maxItems: number, annotations: Schema = {}): Schema => ({
  type: "array",
  items,
  maxItems,
  ...annotations,
});
export const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });
export const oneOf = (...values: readonly (string | number | boolean)[]): Schema => ({
  enum: [...values],
});
export const text = (maxLength: number, annotations: Schema = {}): Schema => ({
  type: "string",
  maxLength,
  ...annotations,
});
export const trusted = (schema: Schema): Schema => ({ ...schema, "x-trusted": true });
export const personal = (schema: Schema): Schema => ({ ...schema, "x-subject": "customer" });

export const boolean: Schema = { type: "boolean" };
export const count: Schema = { type: "integer", minimum: 0 };
export const version: Schema = {
  type: "integer",
  minimum: 1,
  description: "Rises with each change of the record.",
};
export const cents: Schema = { type: "integer", minimum: 0, description: "Money in cents." };
export const signedCents: Schema = {
  type: "integer",
  description: "Money in cents; negative: to the customer.",
};

export const orderId: Schema = { type: "string", pattern: "^#W\\d{7}$", "x-id": true };
export const customerId: Schema = {
  type: "string",
  pattern: "^[a-z]{1,20}_[a-z]{1,20}_\\d{3,4}$",
  "x-id": true,
};
export const paymentMethodId: Schema = {
  type: "string",
  pattern: "^(gift_card|credit_card|paypal)_\\d{7}$",
  "x-id": true,
};
/** Bare numbers: never recognised in free text, because any number could be one. */
export const itemId: Schema = {
  type: "string",
  pattern: "^\\d{10}$",
  description: "One variant of a product.",
};
export const productId: Schema = { type: "string", pattern: "^\\d{10}$" };

/** Most items that one action may name; an order of the business holds fewer. */
export const MOST_ITEMS = 20;
export const itemIds: Schema = list(itemId, MOST_ITEMS, {
  minItems: 1,
  description: "An item that stands twice in the order may be named twice.",
});

export const address: Schema = object(
  {
    address1: text(200, { minLength: 1 }),
    address2: text(200),
    city: text(100, { minLength: 1 }),
    state: text(50),
    country: text(50, { minLength: 1 }),
    zip: text(20, { minLength: 1 }),
  },
  { "x-subject": "customer" },
);
export const options: Schema = list(object({ name: text(100), value: text(200) }), 20);
export const orderStatus: Schema = oneOf(
  "pending",
  "pending-items-modified",
  "processed",
  "delivered",
  "cancelled",
  "return-requested",
  "exchange-requested",
);
/** What is read back after the actions on an order (rows.ts: `orderObservation`). */
export const orderObserved: Schema = object({
  status: orderStatus,
  cancelReason: nullable(text(200)),
  address,
  itemCount: count,
  paidCents: { ...signedCents, description: "Payments less refunds, in cents." },
  version,
});
export const refunds: Schema = list(object({ paymentMethodId, amountCents: cents }), 20);
