/**
 * One question to every executor of a tenant, a few at a time, each with its own deadline. Who did not answer is named, never left out in silence.
 */
import { executorName } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, type Result } from "../../shared/result.ts";
import type { ExecutorRpc } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { callExecutor } from "./executor.ts";

export type FanOut<T> = {
  readonly answers: readonly { readonly executor: string; readonly value: T }[];
  /** Executors that refused, with why. */
  readonly refusals: readonly { readonly executor: string; readonly problem: Problem }[];
  /** Executors that did not answer in time or at all. */
  readonly incomplete: readonly string[];
};

export const executorsOf = (tenant: Tenant): string[] =>
  tenant.regions.flatMap((region) =>
    Array.from({ length: tenant.shards }, (_, shard) => executorName(tenant.id, region, shard)),
  );

export async function askAll<T>(
  env: Bindings,
  tenant: Tenant,
  ask: (executor: ExecutorRpc) => Promise<Result<T>>,
  names: readonly string[] = executorsOf(tenant),
): Promise<FanOut<T>> {
  const results = new Map<string, Result<T>>();
  let next = 0;
  const worker = async () => {
    while (next < names.length) {
      const name = names[next++]!;
      results.set(name, await answerInTime(callExecutor(env, name, ask)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(LIMITS.fanOut, names.length) }, worker));

  const answers: { executor: string; value: T }[] = [];
  const refusals: { executor: string; problem: Problem }[] = [];
  const incomplete: string[] = [];
  for (const executor of names) {
    const result = results.get(executor)!;
    if (result.ok) answers.push({ executor, value: result.value });
    else if (UNANSWERED.has(result.problem.code)) incomplete.push(executor);
    else refusals.push({ executor, problem: result.problem });
  }
  return { answers, refusals, incomplete };
}

const UNANSWERED: ReadonlySet<string> = new Set(["not-running", "overloaded", "internal-error"]);

/** What breaks in one executor never fails the question to the others. */
async function answerInTime<T>(answer: Promise<Result<T>>): Promise<Result<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Result<T>>((resolve) => {
    timer = setTimeout(() => resolve(err(problem("overloaded", "No answer in time."))), LIMITS.fanOutMs);
  });
  try {
    return await Promise.race([answer.catch(() => err(problem("internal-error", "The executor failed."))), late]);
  } finally {
    clearTimeout(timer);
  }
}
