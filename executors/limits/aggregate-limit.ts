/**
 * The object of one limit and group, named `tenant/automation/limit/digest of the group`: the door to `AggregateLimit` (limit.ts), which
 * says what it promises.
 */
import { DurableObject } from "cloudflare:workers";
import { workersPlatform } from "../platform.ts";
import type { Reserve, Reserved } from "./core.ts";
import { AggregateLimit as Counter, type LimitRpc } from "./limit.ts";

export class AggregateLimit extends DurableObject<Env> implements LimitRpc {
  readonly #counter = new Counter({ platform: workersPlatform, storage: this.ctx.storage });

  reserve(ask: Reserve): Promise<Reserved> {
    return this.#counter.reserve(ask);
  }

  end(action: string, turn: number, to: "settled" | "released"): Promise<void> {
    return this.#counter.end(action, turn, to);
  }
}
