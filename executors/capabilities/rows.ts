/**
 * What capabilities read, and the records that the rows become. One place knows the columns; capabilities speak of orders and customers.
 */
import type { D1Observation } from "../adapters/d1.ts";
import type { D1Premise } from "../adapters/effect-statements.ts";
import type { Row } from "../adapters/sql.ts";
import type { Json } from "../../shared/json.ts";
import type { Premise } from "../../shared/proposal.ts";
import { sql, TENANT } from "../adapters/sql.ts";

export type Address = {
  readonly address1: string;
  readonly address2: string;
  readonly city: string;
  readonly state: string;
  readonly country: string;
  readonly zip: string;
};
export type OrderStatus =
  | "pending"
  | "pending-items-modified"
  | "processed"
  | "delivered"
  | "cancelled"
  | "return-requested"
  | "exchange-requested";
export type Option = { readonly name: string; readonly value: string };
export type Customer = {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly address: Address;
  readonly version: number;
};
export type Method = {
  readonly paymentMethodId: string;
  readonly kind: "gift_card" | "credit_card" | "paypal";
  readonly brand: string | null;
  readonly lastFour: string | null;
  readonly balanceCents: number | null;
  readonly version: number;
};
export type OrderItem = {
  readonly position: number;
  readonly itemId: string;
  readonly productId: string;
  readonly name: string;
  readonly options: readonly Option[];
  readonly priceCents: number;
};
export type Payment = {
  readonly kind: "payment" | "refund";
  readonly amountCents: number;
  readonly paymentMethodId: string;
};
export type Order = {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly address: Address;
  readonly cancelReason: string | null;
  readonly version: number;
  readonly items: readonly OrderItem[];
  readonly payments: readonly Payment[];
};
export type Variant = {
  readonly itemId: string;
  readonly productId: string;
  readonly optionsJson: string;
  readonly options: readonly Option[];
  readonly available: boolean;
  readonly priceCents: number;
  readonly version: number;
};

/** Reads an order of this customer. Another customer's order gives the same as none: no row. */
export const orderReads = (orderId: string, customerId: string) => ({
  order: sql`SELECT * FROM orders WHERE tenant = ${TENANT} AND id = ${orderId} AND customer_id = ${customerId}`,
  items: sql`SELECT * FROM order_items WHERE tenant = ${TENANT} AND order_id = ${orderId} ORDER BY position`,
  payments: sql`SELECT * FROM payments WHERE tenant = ${TENANT} AND order_id = ${orderId} ORDER BY position`,
});
export type OrderRows = { readonly [name in "order" | "items" | "payments"]: readonly Row[] };

export const customerRead = (customerId: string) =>
  sql`SELECT * FROM customers WHERE tenant = ${TENANT} AND id = ${customerId}`;
export const methodsRead = (customerId: string) =>
  sql`SELECT * FROM payment_methods WHERE tenant = ${TENANT} AND customer_id = ${customerId} ORDER BY id`;
export const variantsRead = (itemIds: readonly string[]) =>
  sql`SELECT * FROM variants WHERE tenant = ${TENANT} AND id IN (SELECT value FROM json_each(${JSON.stringify(itemIds)}))`;

export function toOrder(rows: OrderRows): Order | null {
  const row = rows.order[0];
  if (row === undefined) return null;
  return {
    orderId: row.id as string,
    customerId: row.customer_id as string,
    status: row.status as OrderStatus,
    address: toAddress(row),
    cancelReason: row.cancel_reason as string | null,
    version: row.version as number,
    items: rows.items.map((item) => ({
      position: item.position as number,
      itemId: item.variant_id as string,
      productId: item.product_id as string,
      name: item.name as string,
      options: toOptions(item.options as string),
      priceCents: item.price_cents as number,
    })),
    payments: rows.payments.map(toPayment),
  };
}

export const toPayment = (row: Row): Payment => ({
  kind: row.kind as Payment["kind"],
  amountCents: row.amount_cents as number,
  paymentMethodId: row.method_id as string,
});

export const toAddress = (row: Row): Address => ({
  address1: row.address1 as string,
  address2: row.address2 as string,
  city: row.city as string,
  state: row.state as string,
  country: row.country as string,
  zip: row.zip as string,
});

export const toCustomer = (row: Row): Customer => ({
  customerId: row.id as string,
  firstName: row.first_name as string,
  lastName: row.last_name as string,
  email: row.email as string,
  address: toAddress(row),
  version: row.version as number,
});

export const toMethod = (row: Row): Method => ({
  paymentMethodId: row.id as string,
  kind: row.kind as Method["kind"],
  brand: row.brand as string | null,
  lastFour: row.last_four as string | null,
  balanceCents: row.balance_cents as number | null,
  version: row.version as number,
});

export const toVariant = (row: Row): Variant => ({
  itemId: row.id as string,
  productId: row.product_id as string,
  optionsJson: row.options as string,
  options: toOptions(row.options as string),
  available: row.available === 1,
  priceCents: row.price_cents as number,
  version: row.version as number,
});

const toOptions = (json: string): Option[] =>
  Object.entries(JSON.parse(json) as Record<string, string>).map(([name, value]) => ({
    name,
    value,
  }));

export const orderPremise = ({
  orderId,
  version,
}: {
  readonly orderId: string;
  readonly version: number;
}): D1Premise => ({
  resource: `orders/${orderId}`,
  version,
  condition: sql`(SELECT version FROM orders WHERE tenant = ${TENANT} AND id = ${orderId}) = ${version}`,
});
/** The version at which an action left its order, from the action's result. */
export const orderLeft = (_: unknown, result: Json): Premise[] => {
  const { orderId, version } = result as { orderId: string; version: number };
  return [{ resource: `orders/${orderId}`, version }];
};
/** What an order's capabilities observe: the order as it stands, in one statement that may share the effect's batch. */
export const orderObservation: D1Observation<{ readonly orderId: string; readonly customerId: string }> = {
  read: ({ orderId: id, customerId }) =>
    sql`SELECT *,
      (SELECT count(*) FROM order_items WHERE tenant = ${TENANT} AND order_id = ${id}) AS item_count,
      (SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_cents ELSE -amount_cents END), 0) FROM payments
        WHERE tenant = ${TENANT} AND order_id = ${id}) AS paid_cents
      FROM orders WHERE tenant = ${TENANT} AND id = ${id} AND customer_id = ${customerId}`,
  answer: ([row]) =>
    row === undefined
      ? null
      : {
          status: row.status!,
          cancelReason: row.cancel_reason!,
          address: toAddress(row),
          itemCount: row.item_count!,
          paidCents: row.paid_cents!,
          version: row.version!,
        },
};
export const customerPremise = ({
  customerId,
  version,
}: {
  readonly customerId: string;
  readonly version: number;
}): D1Premise => ({
  resource: `customers/${customerId}`,
  version,
  condition: sql`(SELECT version FROM customers WHERE tenant = ${TENANT} AND id = ${customerId}) = ${version}`,
});
export const methodPremise = ({
  paymentMethodId,
  version,
}: {
  readonly paymentMethodId: string;
  readonly version: number;
}): D1Premise => ({
  resource: `payment-methods/${paymentMethodId}`,
  version,
  condition: sql`(SELECT version FROM payment_methods WHERE tenant = ${TENANT} AND id = ${paymentMethodId}) = ${version}`,
});
export const variantPremise = ({
  itemId,
  version,
}: {
  readonly itemId: string;
  readonly version: number;
}): D1Premise => ({
  resource: `items/${itemId}`,
  version,
  condition: sql`(SELECT version FROM variants WHERE tenant = ${TENANT} AND id = ${itemId}) = ${version}`,
});
