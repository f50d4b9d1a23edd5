/** The business's records as SQL: suppliers, orders, and what was booked before the documents came in. */
import type { Lot } from "./documents.ts";
import type { World } from "./world.ts";

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

export function businessSql(tenant: string, { suppliers, orders }: World, { booked }: Pick<Lot, "booked">): string[] {
  const t = text(tenant);
  return [
    ...suppliers.map(
      ({ id, name, vatId, iban }) =>
        `INSERT INTO suppliers (tenant, id, name, vat_id, iban) VALUES (${t}, ${text(id)}, ${text(name)}, ${text(vatId)}, ${text(iban)})`,
    ),
    ...orders.map(
      ({ id, supplier, currency, grossCents }) =>
        `INSERT INTO purchase_orders (tenant, id, supplier_id, currency, gross_cents) VALUES (${t}, ${text(id)}, ${text(supplier.id)}, ${text(currency)}, ${grossCents})`,
    ),
    ...booked.map(
      ({ supplierId, number, order }, i) =>
        `INSERT INTO invoices (tenant, id, supplier_id, number, order_id, issued_on, currency, net_cents, vat_cents, gross_cents, at_ms) VALUES (${t}, 'act_before${i}', ${text(supplierId)}, ${text(number)}, ${text(order.id)}, '2026-01-05', ${text(order.currency)}, ${order.netCents}, ${order.vatCents}, ${order.grossCents}, 0)`,
    ),
  ];
}
