/**
 * Changing where things go: the shipping address of one pending order, or a customer's default address.
 */
import type { D1Definition } from "../adapters/d1.ts";
import type { Change } from "../adapters/types.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money, totalCents } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import {
  type Address,
  customerPremise,
  customerRead,
  orderLeft,
  orderPremise,
  orderReads,
  toCustomer,
  toOrder,
  orderObservation,
} from "./rows.ts";
import {
  address,
  boolean,
  cents,
  count,
  customerId,
  object,
  orderId,
  orderStatus,
  version,
  orderObserved,
} from "./schemas.ts";

const inOneLine = (a: Address): string =>
  [a.address1, a.address2, a.city, `${a.state} ${a.zip}`.trim(), a.country].filter((part) => part !== "").join(", ");

const addressChange = (what: string, from: Address, to: Address): Change => ({
  what,
  from: inOneLine(from),
  to: inOneLine(to),
});

export const modifyOrderAddress: D1Definition<
  { readonly customerId: string; readonly orderId: string; readonly address: Address },
  "order" | "items" | "payments"
> = {
  contract: writeContract({
    name: "orders.modify_address",
    summary: "Changes the shipping address of a pending order.",
    input: object({ customerId, orderId, address }),
    output: object({ orderId, version, previous: address }),
    preview: object({
      status: orderStatus,
      itemCount: count,
      amountCents: { ...cents, description: "Worth of the goods that go there, in cents." },
      sameCountry: boolean,
    }),
    observe: orderObserved,
    risk: "medium",
    reversible: true,
    roles: { target: ["orderId", "customerId"], destination: ["address"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
    undo: {
      capability: "orders.modify_address",
      args: { customerId: { $arg: "customerId" }, orderId: { $arg: "orderId" }, address: { $result: "/previous" } },
    },
  }),
  observe: orderObservation,
  leaves: orderLeft,
  read: (args) => orderReads(args.orderId, args.customerId),
  plan: ({ orderId: id, address: to }, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    if (order.status !== "pending") return refuse("order-not-pending");
    const amountCents = totalCents(order.items);
    return ok({
      preview: {
        status: order.status,
        itemCount: order.items.length,
        amountCents,
        sameCountry: order.address.country === to.country,
      },
      premises: [orderPremise(order)],
      summary: `Ship the order ${id} (worth ${money(amountCents)}) to another address.`,
      changes: [addressChange(`order ${id}: shipping address`, order.address, to)],
      statements: [
        update(
          "orders",
          {
            address1: to.address1,
            address2: to.address2,
            city: to.city,
            state: to.state,
            country: to.country,
            zip: to.zip,
            version: NEXT,
          },
          sql`id = ${id}`,
        ),
      ],
      result: { orderId: id, version: order.version + 1, previous: { ...order.address } },
    });
  },
};

export const modifyCustomerAddress: D1Definition<
  { readonly customerId: string; readonly address: Address },
  "customer"
> = {
  contract: writeContract({
    name: "customers.modify_address",
    summary: "Changes a customer's default address. Orders that are already placed keep theirs.",
    input: object({ customerId, address }),
    output: object({ customerId, version, previous: address }),
    preview: object({ sameCountry: boolean }),
    risk: "medium",
    reversible: true,
    roles: { target: ["customerId"], destination: ["address"] },
    tags: ["customer:{customerId}"],
    undo: {
      capability: "customers.modify_address",
      args: { customerId: { $arg: "customerId" }, address: { $result: "/previous" } },
    },
  }),
  leaves: (_, result) => {
    const { customerId: id, version: left } = result as { customerId: string; version: number };
    return [{ resource: `customers/${id}`, version: left }];
  },
  read: (args) => ({ customer: customerRead(args.customerId) }),
  plan: ({ customerId: id, address: to }, { customer: [row] }) => {
    if (row === undefined) return notFound("customer");
    const customer = toCustomer(row);
    return ok({
      preview: { sameCountry: customer.address.country === to.country },
      premises: [customerPremise(customer)],
      summary: `Change the default address of the customer ${id}.`,
      changes: [addressChange(`customer ${id}: default address`, customer.address, to)],
      statements: [
        update(
          "customers",
          {
            address1: to.address1,
            address2: to.address2,
            city: to.city,
            state: to.state,
            country: to.country,
            zip: to.zip,
            version: NEXT,
          },
          sql`id = ${id}`,
        ),
      ],
      result: { customerId: id, version: customer.version + 1, previous: { ...customer.address } },
    });
  },
};
