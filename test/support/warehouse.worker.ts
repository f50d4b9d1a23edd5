/**
 * Another Worker that serves actions (shared/action-target.ts) and counts what it did. What goes wrong is told beforehand, for the next calls
 * of `apply` in order: `POST /plan`. `GET /` answers the effects by key and the calls by method.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ActionAnswer, ActionCall, ActionTarget, PrepareAnswer } from "../../shared/action-target.ts";

export type WarehouseFault =
  | "throw-before"
  | "throw-after"
  | "overloaded-before"
  | "overloaded-after"
  | "stall-after"
  | "wrong-form"
  | "wrong-result"
  | "with-function"
  | "huge"
  | "refuse"
  | "busy"
  | "moved"
  | "unknown-after";

const effects: Record<string, number> = {};
const calls: Record<string, number> = { apply: 0, reconcile: 0, prepare: 0 };
let faults: WarehouseFault[] = [];

export class Warehouse extends WorkerEntrypoint implements ActionTarget {
  async apply({ idempotencyKey: key }: ActionCall): Promise<ActionAnswer> {
    calls["apply"]!++;
    const fault = faults.shift();
    const done = effects[key] !== undefined;
    if (fault === "throw-before") throw new Error("before: secret words of the target");
    if (fault === "overloaded-before") throw Object.assign(new Error("busy"), { overloaded: true, retryable: true });
    if (!done && fault === "refuse") return { kind: "refused", code: "too-few" };
    if (!done && fault === "busy") return { kind: "refused", code: "busy", retry: true, retryAfterMs: 1_500 };
    if (!done && fault === "moved") return { kind: "refused", code: "premise-failed" };
    effects[key] ??= 0;
    if (!done) effects[key]++;
    const applied = { kind: "applied" as const, result: { reservationId: `rs_${key}` }, replayed: done };
    switch (fault) {
      case "throw-after":
        throw new Error("after: secret words of the target");
      case "overloaded-after":
        throw Object.assign(new Error("busy"), { overloaded: true, retryable: true });
      case "stall-after":
        return new Promise((resolve) => setTimeout(() => resolve(applied), 3_000));
      case "wrong-form":
        return { ...applied, more: 1 } as never;
      case "wrong-result":
        return { ...applied, result: { reservationId: 7 } };
      case "with-function":
        return { ...applied, result: { reservationId: () => "rs" } } as never;
      case "huge":
        return { ...applied, result: { reservationId: "x".repeat(1_000_000) } };
      case "unknown-after":
        return { kind: "unknown" };
      default:
        return applied;
    }
  }

  async reconcile({ idempotencyKey: key }: ActionCall): Promise<ActionAnswer> {
    calls["reconcile"]!++;
    return effects[key] === undefined
      ? { kind: "unknown" }
      : { kind: "applied", result: { reservationId: `rs_${key}` }, replayed: true };
  }

  async prepare({ args }: ActionCall): Promise<PrepareAnswer> {
    calls["prepare"]!++;
    if (args["sku"] === "AA-000") return { kind: "refused", code: "no-such-article" };
    return {
      kind: "ready",
      facts: { available: 10 },
      premises: [{ resource: `stock/${args["sku"] as string}`, version: 3 }],
    };
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "POST") faults = (await request.json()) as WarehouseFault[];
    return Response.json({ effects, calls });
  },
};
