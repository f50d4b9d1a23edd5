/**
 * Which supplier and which order of the business a document speaks of. What the document says is only looked up: a supplier by its VAT id, an
 * order by its number, and an order of another supplier is none.
 */
import type { D1Definition } from "../adapters/d1.ts";
import { sql, TENANT } from "../adapters/sql.ts";
import { ok } from "../../shared/result.ts";
import { readContract } from "./contract.ts";
import { boolean, object, text, trusted } from "./schemas.ts";

type Args = { readonly vatId: string; readonly orderNumber: string };

export const matchPurchase: D1Definition<Args, "byVatId" | "byOrder"> = {
  contract: readContract({
    name: "purchases.match",
    summary:
      "Finds the supplier by its VAT id or its order, and the order where it is that supplier's. What is not found is an empty text.",
    input: object({ vatId: text(40), orderNumber: text(40) }),
    output: trusted(object({ supplierId: text(40), orderId: text(40), found: boolean })),
    risk: "medium",
    roles: { target: ["vatId", "orderNumber"] },
    tags: [],
  }),
  read: ({ vatId, orderNumber }) => ({
    byVatId: sql`SELECT id FROM suppliers WHERE tenant = ${TENANT} AND vat_id = ${vatId}`,
    byOrder: sql`SELECT id, supplier_id FROM purchase_orders WHERE tenant = ${TENANT} AND id = ${orderNumber}`,
  }),
  answer: (_, { byVatId: [supplier], byOrder: [order] }) => {
    const supplierId = supplier?.id ?? order?.supplier_id ?? "";
    const orderId = order !== undefined && order.supplier_id === supplierId ? order.id! : "";
    return ok({ supplierId, orderId, found: supplierId !== "" });
  },
};
