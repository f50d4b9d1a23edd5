/**
 * Booking a pickup with a courier whose interface knows no keys: it is asked once. When its answer is lost, the action is in doubt and a
 * person who can look into the courier's books decides.
 */
import { type HttpWrite } from "../adapters/http-definition.ts";
import { orderId, object, text } from "./schemas.ts";

type Args = { readonly orderId: string; readonly day: string };

export const bookPickup: HttpWrite<Args> = {
  contract: {
    name: "pickups.book",
    version: "1.0.0",
    summary: "Books the pickup of an order with the courier.",
    input: object({ orderId, day: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" } }),
    output: object({ pickupId: text(60) }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "at-most-once",
    roles: { target: ["orderId"] },
    tags: ["order:{orderId}"],
    effectKey: "pickup:order:{orderId}",
  },
  target: "courier",
  credential: "courier",
  request: ({ orderId: order, day }) => ({ method: "POST", path: "/pickups", body: { reference: order, day } }),
  answer: ({ status, body }) => {
    if (status !== 201 || typeof body !== "object" || body === null || !("pickupId" in body)) return null;
    return { says: "applied", result: { pickupId: body["pickupId"]! } };
  },
};
