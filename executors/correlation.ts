/** The object of one correlation key, named `tenant/SHA-256 of the key`: the door to its book (correlation-book.ts). */
import { DurableObject } from "cloudflare:workers";
import { sha256Hex } from "../shared/sha256.ts";
import type { CorrelatedEvent, ExecutorRpc } from "../shared/rpc.ts";
import type { Result } from "../shared/result.ts";
import { CorrelationBook, type Delivered, type Subscription } from "./correlation-book.ts";
import { workersPlatform } from "./platform.ts";

/** What executors and the entrypoint ask of it. */
export interface CorrelationRpc extends Rpc.DurableObjectBranded {
  deliver(key: string, event: CorrelatedEvent): Promise<Result<Delivered>>;
  subscribe(key: string, subscription: Subscription): Promise<Result<null>>;
  /** Takes the events away that were for these tasks, and their subscriptions. */
  forget(tasks: readonly string[]): Promise<void>;
}

export class Correlation extends DurableObject<Env> implements CorrelationRpc {
  readonly #book: CorrelationBook;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#book = new CorrelationBook({
      storage: state.storage,
      platform: workersPlatform,
      executorOf: (name) => env.REGIONAL_EXECUTOR.getByName(name) as unknown as Pick<ExecutorRpc, "takeEvent">,
    });
  }

  deliver(key: string, event: CorrelatedEvent): Promise<Result<Delivered>> {
    return this.#book.deliver(key, event);
  }

  subscribe(key: string, subscription: Subscription): Promise<Result<null>> {
    return this.#book.subscribe(key, subscription);
  }

  forget(tasks: readonly string[]): Promise<void> {
    return this.#book.forget(tasks);
  }

  override alarm(): Promise<void> {
    return this.#book.alarm();
  }
}

/** The object of a tenant's key. The key may be anything that an event carries; the name shows nothing of it. */
export const correlationOf = (namespace: DurableObjectNamespace<Correlation>, tenant: string, key: string) =>
  correlationByDigest(namespace, tenant, sha256Hex(key));

export const correlationByDigest = (namespace: DurableObjectNamespace<Correlation>, tenant: string, digest: string) =>
  namespace.getByName(`${tenant}/${digest}`);
