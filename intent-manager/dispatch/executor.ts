/**
 * Calls to executor objects. A reset object leaves its stub broken, so each attempt takes a fresh one; every call of the interface may be
 * repeated with the same arguments. What the other side refuses comes back as a value; what breaks becomes a problem with a code here.
 */
import { executorName, parseTaskId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, type Result } from "../../shared/result.ts";
import type { ExecutorRpc, ProposeCommand, SubmitCommand, Submitted } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { NOT_FOUND } from "../http/endpoint.ts";

/** Where a region's new objects are placed. A region without a line is placed near its first caller. */
const LOCATION_BY_REGION: { readonly [region: string]: DurableObjectLocationHint } = { eu: "weur", us: "enam" };

/** Calls one executor; repeats after a reset, a bounded number of times. Refuses with not-running or overloaded of its own. */
export async function callExecutor<T>(
  env: Bindings,
  name: string,
  call: (executor: ExecutorRpc) => Promise<Result<T>>,
): Promise<Result<T>> {
  const locationHint = LOCATION_BY_REGION[name.split("/")[1]!];
  for (let attempt = 1; ; attempt++) {
    try {
      const stub = env.REGIONAL_EXECUTOR.getByName(name, locationHint === undefined ? {} : { locationHint });
      return await call(stub);
    } catch (cause) {
      if (!isPassing(cause) || attempt >= LIMITS.executorAttempts)
        return err(brokenCall(cause, "countersign-executors"));
    }
  }
}

/** A call that takes every task through as text (see `ExecutorRpc.inText`). */
export const inText =
  (call: "submit" | "propose", command: SubmitCommand | ProposeCommand) =>
  async (executor: ExecutorRpc): Promise<Result<Submitted>> =>
    JSON.parse(await executor.inText(call, JSON.stringify(command))) as Result<Submitted>;

/** The executor of a task, where the task can be this tenant's. */
export function executorOf(tenant: Tenant, task: string): string | null {
  const route = parseTaskId(task);
  return route === null || !tenant.regions.includes(route.region) || route.shard >= tenant.shards
    ? null
    : executorName(tenant.id, route.region, route.shard);
}

/** Calls the executor that a task id names; another tenant's task and none at all look the same. */
export const callExecutorOf = <T>(
  env: Bindings,
  tenant: Tenant,
  task: string,
  call: (executor: ExecutorRpc) => Promise<Result<T>>,
): Promise<Result<T>> => {
  const name = executorOf(tenant, task);
  return name === null ? Promise.resolve(err(NOT_FOUND)) : callExecutor(env, name, call);
};

/** Calls the ledger or the executors' stateless entrypoint. */
export async function callWorker<T>(worker: string, call: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await call();
  } catch (cause) {
    return err(brokenCall(cause, worker));
  }
}

type RuntimeError = Error & {
  readonly durableObjectReset?: boolean;
  readonly retryable?: boolean;
  readonly overloaded?: boolean;
};

function isPassing(cause: unknown): boolean {
  const error = cause as RuntimeError;
  return (
    cause instanceof Error &&
    error.overloaded !== true &&
    (error.durableObjectReset === true || error.retryable === true)
  );
}

/** A throw over RPC is a broken runtime; the one that has a cure is a Worker that was not started. */
function brokenCall(cause: unknown, worker: string): Problem {
  const error = cause as RuntimeError;
  if (error.overloaded === true) return problem("overloaded", "The executor has too much waiting; try again later.");
  if (isPassing(cause))
    return problem("overloaded", "The executor was reset while it answered; the same request may be repeated.");
  if (cause instanceof Error && NOT_RUNNING.test(error.message))
    return problem("not-running", `${worker} is not running: run \`npm start\` at the repository root.`);
  throw cause;
}
const NOT_RUNNING =
  /not (?:connected|running|found)|no such (?:service|actor)|couldn't find|disconnected|network connection lost|ECONNREFUSED/i;
