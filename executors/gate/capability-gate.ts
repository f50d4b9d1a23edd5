/** The object of a capability's gate, named `tenant/region/capability`: the door to `Gate` (gate.ts), which says what it promises. */
import { DurableObject } from "cloudflare:workers";
import { workersPlatform } from "../platform.ts";
import { Gate } from "./gate.ts";
import type { GateAnswer, GateAsk, GateRpc } from "./types.ts";

export class CapabilityGate extends DurableObject<Env> implements GateRpc {
  readonly #gate = new Gate({ platform: workersPlatform, storage: this.ctx.storage });

  exchange(ask: GateAsk): Promise<GateAnswer> {
    return this.#gate.exchange(ask);
  }
}
