/** The object of a tenant's sequencer, named by the tenant: the door to `TenantSequencer` (ledger/sequencer.ts), which says what it promises. */
import { DurableObject } from "cloudflare:workers";
import type { Result } from "../shared/result.ts";
import type { AppendAnswer } from "../shared/rpc.ts";
import type { Arrival } from "./arrival.ts";
import { workersPlatform } from "./platform.ts";
import { TenantSequencer } from "./sequencer.ts";

export class Sequencer extends DurableObject<Env> {
  readonly #sequencer = new TenantSequencer({
    tenant: this.ctx.id.name!,
    platform: workersPlatform,
    storage: this.ctx.storage,
    database: () => this.env.LEDGER_DB,
    settings: this.env,
    waitUntil: (work) => this.ctx.waitUntil(work),
  });

  append(arrival: Arrival): Promise<Result<AppendAnswer>> {
    return this.#sequencer.append(arrival);
  }

  open(): Promise<Result<string>> {
    return this.#sequencer.open();
  }

  rebuild(name: string): Promise<Result<null>> {
    return this.#sequencer.rebuild(name);
  }

  followed(): Promise<void> {
    return this.#sequencer.followed();
  }

  override alarm(): Promise<void> {
    return this.#sequencer.alarm();
  }
}
