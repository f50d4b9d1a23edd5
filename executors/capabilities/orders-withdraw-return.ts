/** Taking the return of items back before the parcel came: the order is delivered again, and may be returned or exchanged again. */
import type { D1Definition } from "../adapters/d1.ts";
import { sql } from "../adapters/sql.ts";
import { NEXT, remove, update } from "../adapters/writes.ts";
import { ok } from "../../shared/result.ts";
import { writeContract } from "./contract.ts";
import { notFound, refuse } from "./refusals.ts";
import { orderLeft, orderPremise, orderReads, toOrder, orderObservation } from "./rows.ts";
import { customerId, object, oneOf, orderId, orderStatus, version, orderObserved } from "./schemas.ts";

type Args = { readonly customerId: string; readonly orderId: string };

export const withdrawReturn: D1Definition<Args, "order" | "items" | "payments"> = {
  contract: writeContract({
    name: "orders.withdraw_return",
    summary: "Takes an open return of items back.",
    input: object({ customerId, orderId }),
    output: object({ orderId, status: oneOf("delivered"), version }),
    preview: object({ status: orderStatus }),
    observe: orderObserved,
    risk: "low",
    reversible: false,
    roles: { target: ["orderId", "customerId"] },
    tags: ["order:{orderId}", "customer:{customerId}"],
  }),
  observe: orderObservation,
  leaves: orderLeft,
  read: (args) => orderReads(args.orderId, args.customerId),
  plan: ({ orderId: id }, rows) => {
    const order = toOrder(rows);
    if (order === null) return notFound("order");
    if (order.status !== "return-requested") return refuse("no-open-return");
    return ok({
      preview: { status: order.status },
      premises: [orderPremise(order)],
      summary: `Take the return of items of the order ${id} back.`,
      changes: [{ what: `order ${id}: status`, from: order.status, to: "delivered" }],
      statements: [
        remove("order_return_items", sql`order_id = ${id}`),
        remove("order_returns", sql`order_id = ${id}`),
        update("orders", { status: "delivered", version: NEXT }, sql`id = ${id}`),
      ],
      result: { orderId: id, status: "delivered", version: order.version + 1 },
    });
  },
};
