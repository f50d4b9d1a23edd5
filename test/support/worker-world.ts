/** The Worker adapter in workerd beside another Worker: `POST { run, settings, capability, args, context }` runs one call of a capability. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { workerCalls, type WorkerCall } from "../../executors/adapters/worker-call.ts";
import type { WorkerDefinition } from "../../executors/adapters/worker.ts";
import { workerCapabilities } from "../../executors/capabilities/workers.ts";
import { reserveStock } from "../../executors/capabilities/stock-reserve.ts";
import { workersPlatform } from "../../executors/platform.ts";
import type { JsonObject } from "../../shared/json.ts";

/** The same over a target of which nobody knows whether it keeps keys. */
const reserveOnce = (name: string, reconciles: boolean): unknown => ({
  ...reserveStock,
  contract: { ...reserveStock.contract, name, delivery: "at-most-once" },
  reconciles,
});
const definitions = [
  reserveStock,
  reserveOnce("stock.once", false),
  reserveOnce("stock.asked", true),
] as WorkerDefinition<never>[];

export class Egress extends WorkerEntrypoint<{ readonly WORKER_TARGETS: string }> {
  callWorker(call: WorkerCall) {
    const targets = new Map(definitions.map(({ contract, target }) => [contract.name, target]));
    return workerCalls({ ...this.env }, this.env.WORKER_TARGETS, targets, workersPlatform)(call);
  }
}

type Asked = {
  readonly run: "prepare" | "apply" | "reconcile";
  readonly capability: string;
  readonly args: JsonObject;
  readonly context: ActionContext;
};

export default {
  async fetch(request: Request, env: { readonly WORKER_TARGETS: string; readonly EGRESS: unknown }): Promise<Response> {
    const { run, capability: name, args, context } = (await request.json()) as Asked;
    const capability = workerCapabilities(env, definitions).find(({ contract }) => contract.name === name);
    if (capability?.kind !== "external") return Response.json({ offered: false });
    if (run === "prepare") return Response.json(await capability.prepare!(args, context));
    if (run === "reconcile") return Response.json(await capability.reconcile!(args, context));
    return Response.json(await capability.apply(args, null, context));
  },
};
