/** A tenant of its own for each test: its executor object, its keys, its release, promoted. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { contracts } from "../../../executors/capabilities/index.ts";
import { executorName } from "../../../shared/ids.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { ReleaseBundle, ReleaseDelivery } from "../../../shared/release.ts";
import type { ExecutorRpc, SubmitCommand } from "../../../shared/rpc.ts";
import { newTask, promote, release, submission, type SubmitOptions, type TestRelease } from "../../support/manager.ts";
import { testKeys } from "../keys.ts";

/** An executor's calls as a caller sees them. */
export type Calls = Omit<ExecutorRpc, never>;

export type World = {
  readonly tenant: string;
  readonly shard: number;
  readonly rootKey: (typeof testKeys)["tenant"]["rootKey"];
  readonly release: TestRelease;
  readonly delivery: ReleaseDelivery;
  readonly executor: () => Calls;
  readonly submission: (input: JsonObject, change?: Partial<SubmitOptions>) => Promise<SubmitCommand>;
};

let taken = 0;

export async function world(change: Partial<ReleaseBundle> = {}): Promise<World> {
  const { rootKey, tenant } = testKeys.spare[taken++ % testKeys.spare.length]!;
  const made = release(contracts, change);
  const delivery = await promote(rootKey, tenant, made, 10);
  const task = newTask("eu", testKeys.trust.tenants[tenant]!.shards);
  const shard = task.shard;
  const executor = () =>
    (env as unknown as { REGIONAL_EXECUTOR: DurableObjectNamespace }).REGIONAL_EXECUTOR.getByName(
      executorName(tenant, "eu", shard),
    ) as unknown as Calls;
  return {
    tenant,
    shard,
    rootKey,
    release: made,
    delivery,
    executor,
    submission: (input, options = {}) =>
      submission({
        tenant,
        task: task.id,
        release: made,
        input,
        proposalKey: testKeys.workers.proposalKey,
        delivery,
        waitMs: 5_000,
        ...options,
      }),
  };
}

/** Runs code inside an executor's object. Typed here once: the generic form is too deep for the compiler. */
export const inObject: <T>(
  executor: Calls,
  run: (object: { alarm(): Promise<void> }, state: DurableObjectState) => T | Promise<T>,
) => Promise<T> = runInDurableObject as never;
