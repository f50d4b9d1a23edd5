/**
 * Reserving stock in a warehouse that is a Worker of its own (shared/action-target.ts): it reads what is there, keeps keys, and can say what
 * became of one.
 */
import type { WorkerDefinition } from "../adapters/worker.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { count, object, text } from "./schemas.ts";

type Args = { readonly sku: string; readonly quantity: number };

const sku = { type: "string", pattern: "^[A-Z]{2}-\\d{3,8}$", "x-id": true };
const TOO_FEW = "The warehouse has fewer than that.";

export const reserveStock: WorkerDefinition<Args> = {
  contract: {
    name: "stock.reserve",
    version: "1.0.0",
    summary: "Reserves units of an article in the warehouse.",
    input: object({ sku, quantity: { type: "integer", minimum: 1, maximum: 1_000 } }),
    output: object({ reservationId: text(60) }),
    preview: object({ available: count }),
    risk: "medium",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { target: ["sku"], amount: ["quantity"] },
    tags: ["article:{sku}"],
  },
  target: "warehouse",
  prepare: ({ sku: article, quantity }, { available }) => {
    if (!Number.isSafeInteger(available))
      return err(problem("answer-invalid", "The warehouse did not say how many there are."));
    const left = (available as number) - quantity;
    if (left < 0) return err(problem("effect-refused", TOO_FEW, { reason: "too-few" }));
    return ok({
      preview: { available: available as number },
      summary: `Reserve ${quantity} of ${article}.`,
      changes: [{ what: `available ${article}`, from: `${available}`, to: `${left}` }],
    });
  },
  reconciles: true,
  refusals: { "too-few": TOO_FEW },
};
