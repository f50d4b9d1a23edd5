/**
 * The object in which tasks meet that wait for the same label: one for each tenant, region, release and tier, and so for inputs that have these in
 * common and no others. `Gathering` and `callShared` say what they promise.
 *
 * Stored: nothing. Where it dies, whoever waits for it sees an error, and its task is planned again (D2 of the planning desk).
 */
import { DurableObject } from "cloudflare:workers";
import type { Bindings } from "../../bindings.ts";
import { callDepsOf } from "./call-deps.ts";
import type { Called } from "./call-model.ts";
import { callShared, type SharedPart } from "./call-shared.ts";
import { Gathering, type BatchesRpc, type Joining } from "./gathering.ts";

export class ModelBatches extends DurableObject<Env> implements BatchesRpc {
  readonly #gathering = new Gathering(
    (ask, parts) =>
      callShared(callDepsOf(this.env as unknown as Bindings, this.ctx.id.name!.split("/")[0]!), ask, parts),
    (ms, then) => void setTimeout(then, ms),
  );

  ask(ask: Joining, part: SharedPart): Promise<Called | null> {
    return this.#gathering.join(ask, part);
  }
}
