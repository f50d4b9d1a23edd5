/** The object of one domain effect key, named `tenant/key`: the door to its claim book (executors/adapters/claim-book.ts). */
import { DurableObject } from "cloudflare:workers";
import { ClaimBook } from "./adapters/claim-book.ts";
import type { ClaimAnswer, ClaimsRpc } from "./adapters/claims.ts";

export class EffectClaims extends DurableObject<Env> implements ClaimsRpc {
  readonly #book: ClaimBook;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#book = new ClaimBook(state.storage);
  }

  claim(action: string, task: string, attempt: number): Promise<ClaimAnswer> {
    return this.#book.claim(action, task, attempt);
  }

  settle(action: string): Promise<void> {
    return this.#book.settle(action);
  }

  release(action: string, attempt: number): Promise<void> {
    return this.#book.release(action, attempt);
  }

  raise(action: string): Promise<number> {
    return this.#book.raise(action);
  }
}
