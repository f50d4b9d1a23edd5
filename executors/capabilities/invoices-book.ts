/**
 * Booking a supplier's invoice for payment, against the order that it is for. What the invoice says is held against the tenant's own records:
 * the preview has each comparison, and policy says which of them a person has to look at. Nothing of the document is written into the records
 * of suppliers; what is booked is paid to the account that stands there.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { insert, NEXT, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { money } from "./money.ts";
import { notFound, refuse } from "./refusals.ts";
import { boolean, cents, nullable, object, signedCents, text } from "./schemas.ts";

type Args = {
  readonly supplierId: string;
  readonly orderId: string;
  readonly number: string;
  readonly issuedOn: string;
  readonly currency: string;
  readonly netCents: number;
  readonly vatCents: number;
  readonly grossCents: number;
  readonly vatId: string;
  readonly iban: string;
};

export const bookInvoice: D1Definition<Args, "supplier" | "order" | "booked"> = {
  contract: writeContract({
    name: "invoices.book",
    summary: "Books a supplier's invoice for payment to the account on record, against an order.",
    input: object({
      supplierId: text(40, { minLength: 1 }),
      orderId: text(40, { description: "Empty where it is for none that is known." }),
      number: text(60),
      issuedOn: text(10),
      currency: text(3),
      netCents: cents,
      vatCents: cents,
      grossCents: cents,
      vatId: text(40, { description: "As the document has it." }),
      iban: text(40, { description: "As the document has it; payments go to the one on record." }),
    }),
    output: object({ invoiceId: text(60), supplierId: text(40), number: text(60) }),
    preview: object({
      duplicate: { ...boolean, description: "The supplier's number is booked already." },
      complete: { ...boolean, description: "Number, date, currency and amount are there." },
      adds: { ...boolean, description: "Net and tax are the gross amount." },
      ordered: { ...boolean, description: "It is for an order of this supplier." },
      ibanMatches: { ...boolean, description: "The document's account is the one on record." },
      vatIdMatches: boolean,
      currencyMatches: boolean,
      differenceCents: {
        ...nullable(signedCents),
        description: "More than the order has left, in cents; null without an order.",
      },
    }),
    risk: "high",
    reversible: false,
    roles: { destination: ["iban"], target: ["supplierId", "orderId", "number"], amount: ["grossCents"] },
    tags: ["invoice:{supplierId}:{number}", "supplier:{supplierId}", "money"],
    effectKey: "invoice:{supplierId}:{number}",
  }),
  read: ({ supplierId, orderId, number }) => ({
    supplier: sql`SELECT id, name, vat_id, iban, version FROM suppliers WHERE tenant = ${TENANT} AND id = ${supplierId}`,
    order: sql`SELECT id, currency, gross_cents, billed_cents, version FROM purchase_orders WHERE tenant = ${TENANT} AND id = ${orderId} AND supplier_id = ${supplierId}`,
    booked: sql`SELECT id FROM invoices WHERE tenant = ${TENANT} AND supplier_id = ${supplierId} AND number = ${number}`,
  }),
  plan: (args, { supplier: [supplier], order: [order], booked }, { action, nowMs }) => {
    if (supplier === undefined) return notFound("supplier");
    if (args.orderId !== "" && order === undefined) return notFound("order");
    const { supplierId, number, currency, netCents, vatCents, grossCents } = args;
    const complete = number !== "" && args.issuedOn !== "" && currency.length === 3 && grossCents > 0;
    if (!complete) return refuse("invoice-incomplete");
    const left = order === undefined ? null : Number(order.gross_cents) - Number(order.billed_cents);
    return ok({
      preview: {
        duplicate: booked.length > 0,
        complete,
        adds: netCents + vatCents === grossCents,
        ordered: order !== undefined,
        ibanMatches: supplier.iban === args.iban,
        vatIdMatches: supplier.vat_id === args.vatId,
        currencyMatches: order?.currency === currency,
        differenceCents: left === null ? null : grossCents - left,
      },
      premises: [
        {
          resource: `suppliers/${supplierId}`,
          version: Number(supplier.version),
          condition: sql`(SELECT version FROM suppliers WHERE tenant = ${TENANT} AND id = ${supplierId}) = ${supplier.version!}`,
        },
        ...(order === undefined
          ? []
          : [
              {
                resource: `purchase_orders/${args.orderId}`,
                version: Number(order.version),
                condition: sql`(SELECT version FROM purchase_orders WHERE tenant = ${TENANT} AND id = ${args.orderId}) = ${order.version!}`,
              },
            ]),
      ],
      summary: `Book the invoice ${number} of ${supplier.name} over ${money(grossCents)} ${currency}.`,
      changes: [
        { what: `invoice ${number}`, from: null, to: `booked, ${money(grossCents)} ${currency}` },
        ...(left === null
          ? []
          : [{ what: `left of the order ${args.orderId}`, from: money(left), to: money(left - grossCents) }]),
        ...(supplier.iban === args.iban
          ? []
          : [{ what: "account", from: String(supplier.iban), to: `stays; the document says ${args.iban || "none"}` }]),
      ],
      statements: [
        insert("invoices", {
          id: action,
          supplier_id: supplierId,
          number,
          order_id: args.orderId === "" ? null : args.orderId,
          issued_on: args.issuedOn,
          currency,
          net_cents: netCents,
          vat_cents: vatCents,
          gross_cents: grossCents,
          at_ms: nowMs,
        }),
        ...(order === undefined
          ? []
          : [
              update(
                "purchase_orders",
                { billed_cents: sql`billed_cents + ${grossCents}`, version: NEXT },
                sql`id = ${args.orderId}`,
              ),
            ]),
      ],
      result: { invoiceId: action, supplierId, number },
    });
  },
};
