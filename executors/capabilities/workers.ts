/**
 * The capabilities that other Workers serve. Add one here: a definition over the Worker adapter in a file of this folder, and its line in
 * `workerDefinitions`. It is offered where `WORKER_TARGETS` names the binding of its target.
 */
import type { Capability } from "../adapters/types.ts";
import { parseWorkerTargets } from "../adapters/worker-targets.ts";
import type { CallWorker } from "../adapters/worker-call.ts";
import { workerCapability, type WorkerDefinition } from "../adapters/worker.ts";
import { reserveStock } from "./stock-reserve.ts";

export const workerDefinitions: readonly WorkerDefinition<never>[] = [
  reserveStock,
] as unknown as WorkerDefinition<never>[];

export type WorkerBindings = { readonly WORKER_TARGETS?: string; readonly EGRESS?: unknown };

export function workerCapabilities(
  env: WorkerBindings,
  definitions: readonly WorkerDefinition<never>[] = workerDefinitions,
): Capability[] {
  const bindingByTarget = parseWorkerTargets(env.WORKER_TARGETS) ?? new Map<string, string>();
  const callWorker: CallWorker = async (call) => (env.EGRESS as { callWorker: CallWorker }).callWorker(call);
  return definitions
    .filter(({ target }) => bindingByTarget.has(target))
    .map((definition) => workerCapability(definition, { callWorker }));
}
