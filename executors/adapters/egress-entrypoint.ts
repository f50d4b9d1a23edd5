/** The stateless entrypoint that effects on outside systems leave through. Bound by this Worker to itself as `EGRESS`; no other Worker binds it. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { CapabilityContract } from "../../shared/capability.ts";
import { toBase64Url } from "../../shared/bytes.ts";
import { httpDefinitions } from "../capabilities/http.ts";
import { toolDefinitions, toolWays } from "../capabilities/tools.ts";
import { workerDefinitions } from "../capabilities/workers.ts";
import { workersPlatform } from "../platform.ts";
import { egress, type EgressAnswer, type EgressCall, type Send, type Way } from "./egress.ts";
import { ToolServers, type ToolAnswer, type ToolCall } from "./mcp-client.ts";
import { workerCalls, type WorkerAnswer, type WorkerCall } from "./worker-call.ts";

export class EgressEntrypoint extends WorkerEntrypoint<Env> {
  send(call: EgressCall): Promise<EgressAnswer> {
    return wayOut(this.env).send(call);
  }

  callTool(call: ToolCall): Promise<ToolAnswer> {
    return wayOut(this.env).tools.run(call);
  }

  callWorker(call: WorkerCall): Promise<WorkerAnswer> {
    const targets = new Map(workerDefinitions.map(({ contract, target }) => [contract.name, target]));
    return workerCalls({ ...this.env }, this.env.WORKER_TARGETS, targets, workersPlatform)(call);
  }
}

let cached: { readonly targets: string; readonly credentials: string; readonly way: WayOut } | null = null;

type WayOut = { readonly send: Send; readonly tools: ToolServers };

/** One for an isolate, so that a token is had once and not for each request. */
function wayOut({ HTTP_TARGETS, CREDENTIALS }: Env): WayOut {
  if (cached?.targets !== HTTP_TARGETS || cached.credentials !== CREDENTIALS) {
    const definitions: readonly (Way & { readonly contract: CapabilityContract })[] = [
      ...httpDefinitions,
      ...toolDefinitions,
    ];
    const ways = new Map(definitions.map((definition) => [definition.contract.name, definition]));
    const send = egress({ HTTP_TARGETS, CREDENTIALS }, ways, {
      fetch: (url, init) => fetch(url, init),
      setTimer: workersPlatform.setTimer,
      nowMs: workersPlatform.nowMs,
      newId: () => toBase64Url(workersPlatform.randomBytes(16)),
    });
    const tools = new ToolServers(send, toolWays(), workersPlatform.nowMs);
    cached = { targets: HTTP_TARGETS, credentials: CREDENTIALS, way: { send, tools } };
  }
  return cached.way;
}
