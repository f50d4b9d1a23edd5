/**
 * Looking customers up: by e-mail address, by name and postal code, and the whole profile.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { ok } from "../../shared/result.ts";
import { readContract } from "./contract.ts";
import { notFound } from "./refusals.ts";
import { customerRead, methodsRead, toCustomer, toMethod } from "./rows.ts";
import {
  address,
  cents,
  customerId,
  list,
  nullable,
  object,
  oneOf,
  orderId,
  paymentMethodId,
  personal,
  text,
  trusted,
  version,
} from "./schemas.ts";

const found = trusted(object({ customerId, version }));

export const findByEmail: D1Definition<{ readonly email: string }, "customers"> = {
  contract: readContract({
    name: "customers.find_by_email",
    summary: "Finds the customer with this e-mail address. Upper and lower case are the same.",
    input: object({ email: personal(text(320, { minLength: 3 })) }),
    output: found,
    roles: { target: ["email"], disclosure: ["email"] },
    tags: [],
  }),
  read: ({ email }) => ({
    customers: sql`SELECT id, version FROM customers WHERE tenant = ${TENANT} AND email = ${email}`,
  }),
  answer: (_, { customers: [customer] }) =>
    customer === undefined ? notFound("customer") : ok({ customerId: customer.id!, version: customer.version! }),
};

export const findByNameZip: D1Definition<
  { readonly firstName: string; readonly lastName: string; readonly zip: string },
  "customers"
> = {
  contract: readContract({
    name: "customers.find_by_name_zip",
    summary:
      "Finds the customer with this name and postal code. Two customers of one name and postal code are not found this way.",
    input: object({
      firstName: personal(text(100, { minLength: 1 })),
      lastName: personal(text(100, { minLength: 1 })),
      zip: personal(text(20, { minLength: 1 })),
    }),
    output: found,
    roles: { target: ["firstName", "lastName", "zip"], disclosure: ["firstName", "lastName", "zip"] },
    tags: [],
  }),
  read: ({ firstName, lastName, zip }) => ({
    customers: sql`SELECT id, version FROM customers
      WHERE tenant = ${TENANT} AND last_name = ${lastName} COLLATE NOCASE AND zip = ${zip} AND first_name = ${firstName} COLLATE NOCASE LIMIT 2`,
  }),
  answer: (_, { customers }) =>
    customers.length !== 1
      ? notFound("customer")
      : ok({ customerId: customers[0]!.id!, version: customers[0]!.version! }),
};

export const getCustomer: D1Definition<{ readonly customerId: string }, "customer" | "methods" | "orders"> = {
  contract: readContract({
    name: "customers.get",
    summary: "Reads a customer's profile: name, addresses, payment methods and the ids of their orders.",
    input: object({ customerId }),
    output: trusted(
      object({
        customerId,
        firstName: personal(text(100)),
        lastName: personal(text(100)),
        email: personal(text(320)),
        address,
        paymentMethods: list(
          object({
            paymentMethodId,
            kind: oneOf("gift_card", "credit_card", "paypal"),
            brand: nullable(text(50)),
            lastFour: nullable(personal(text(4))),
            balanceCents: nullable(cents),
            version,
          }),
          100,
        ),
        orderIds: list(orderId, 1_000),
        version,
      }),
    ),
    risk: "medium",
    roles: { target: ["customerId"], disclosure: ["customerId"] },
    tags: ["customer:{customerId}"],
  }),
  read: ({ customerId: id }) => ({
    customer: customerRead(id),
    methods: methodsRead(id),
    orders: sql`SELECT id FROM orders WHERE tenant = ${TENANT} AND customer_id = ${id} ORDER BY position LIMIT 1000`,
  }),
  answer: (_, { customer: [customer], methods, orders }) =>
    customer === undefined
      ? notFound("customer")
      : ok({
          ...toCustomer(customer),
          paymentMethods: methods.map(toMethod),
          orderIds: orders.map(({ id }) => id!),
        }),
};
