/**
 * Refunding a charge at a payment provider that keeps `Idempotency-Key`: repeated as often as needed, refunded once.
 *
 * The charge is read first, and the refund is conditional on it (`If-Match`): a charge that moved meanwhile refuses it.
 */
import { path, type HttpWrite } from "../adapters/http-definition.ts";
import type { Json } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { cents, object, oneOf, text } from "./schemas.ts";

type Args = { readonly chargeId: string; readonly amountCents: number };

const chargeId = { type: "string", pattern: "^ch_\\d{8,20}$", "x-id": true };
const amountCents = { ...cents, minimum: 1 };

export const refundCharge: HttpWrite<Args> = {
  contract: {
    name: "payments.refund",
    version: "1.0.0",
    summary: "Refunds a part of a charge, or all of it, at the payment provider.",
    input: object({ chargeId, amountCents }),
    output: object({ refundId: text(60), status: oneOf("succeeded", "pending") }),
    preview: object({ refundableCents: cents }),
    observe: object({ refundableCents: cents }),
    risk: "high",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { target: ["chargeId"], amount: ["amountCents"] },
    tags: ["charge:{chargeId}", "money"],
  },
  target: "payments",
  credential: "payments",
  prepare: {
    request: ({ chargeId: id }) => ({ method: "GET", path: path`/v1/charges/${id}` }),
    plan: ({ chargeId: id, amountCents: amount }, { body }) => {
      const { refundableCents, version } = fields(body);
      if (!Number.isSafeInteger(refundableCents) || !Number.isSafeInteger(version))
        return err(problem("answer-invalid", "The provider's charge is not what the contract says."));
      if ((refundableCents as number) < amount)
        return err(
          problem("effect-refused", "The charge has less left than the amount.", { reason: "amount-exceeds-charge" }),
        );
      return ok({
        preview: { refundableCents: refundableCents as number },
        summary: `Refund ${amount} cents of the charge ${id}.`,
        changes: [
          { what: "refundable, in cents", from: `${refundableCents}`, to: `${(refundableCents as number) - amount}` },
        ],
        premises: [{ resource: `charges/${id}`, version: version as number }],
      });
    },
    conditional: true,
  },
  observe: {
    request: ({ chargeId: id }) => ({ method: "GET", path: path`/v1/charges/${id}` }),
    answer: ({ body }) => ({ refundableCents: fields(body).refundableCents ?? null }),
  },
  request: ({ chargeId: id, amountCents: amount }) => ({
    method: "POST",
    path: path`/v1/charges/${id}/refunds`,
    body: { amountCents: amount },
  }),
  answer: ({ status, body }) => {
    const { id, status: state, code } = fields(body);
    if (status === 201) return { says: "applied", result: { refundId: id!, status: state! } };
    return status === 422 && code === "amount_too_large"
      ? {
          says: "refused",
          detail: "The charge has less left than the amount.",
          facts: { reason: "amount-exceeds-charge" },
        }
      : null;
  },
  notExecuted: [429, 503],
};

const fields = (body: Json | undefined): { readonly [name: string]: Json | undefined } =>
  typeof body === "object" && body !== null && !Array.isArray(body) ? (body as { readonly [name: string]: Json }) : {};
