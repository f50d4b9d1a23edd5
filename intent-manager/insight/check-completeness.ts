/**
 * The comparison for a tenant: its regions one after another, within a time box, each finding recorded in the region's own chain (and so in
 * the log, under that executor's signature). For whoever asks: a route, or a timer.
 */
import type { CompletenessAnswer, RegionCompleteness } from "../../shared/api/completeness.ts";
import { digestOf } from "../../shared/canonical.ts";
import { executorName, parseExecutorName } from "../../shared/ids.ts";
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutor, callWorker } from "../dispatch/executor.ts";
import { askAll } from "../dispatch/fan-out.ts";
import type { Tenant } from "../http/caller.ts";
import { compareRegion } from "./completeness.ts";

export type CompletenessAsk = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: string;
  readonly nowMs: () => number;
  /** The comparison ends then, whole or not. */
  readonly untilMs: number;
};

export async function checkCompleteness(
  env: Bindings,
  tenant: Tenant,
  { fromMs, toMs, by, nowMs, untilMs }: CompletenessAsk,
): Promise<Result<CompletenessAnswer>> {
  const witnesses = await askAll(env, tenant, (stub) => stub.witness());
  const silent = [...witnesses.incomplete, ...witnesses.refusals.map(({ executor }) => executor)];
  const isFollowed = await runLogFollowed(
    env,
    tenant.id,
    nowMs,
    Math.min(untilMs, nowMs() + LIMITS.completenessFollowMs),
  );
  // An executor that does not say what it holds may hold anything, and a run log that is behind may lack anything.
  const behind = [
    ...silent,
    ...witnesses.answers
      .filter(({ value }) => !isFollowed || value.delivered < value.head.seq)
      .map(({ executor }) => executor),
  ].map((name) => parseExecutorName(name)!);
  const answer: CompletenessAnswer = { complete: true, regions: [], incomplete: [...silent] };
  for (const region of tenant.regions) {
    const ask = { tenant: tenant.id, region };
    const compared = await compareRegion({
      region,
      fromMs,
      toMs,
      lagging: new Set(behind.filter((one) => one.region === region).map(({ shard }) => shard)),
      isOver: () => nowMs() >= untilMs,
      effects: (after) =>
        callWorker("countersign-executors", () =>
          env.EXECUTORS.effects({ ...ask, after, limit: LIMITS.completenessPage, fromMs, toMs }),
        ),
      effectsOf: (actions) => callWorker("countersign-executors", () => env.EXECUTORS.effectsOf({ ...ask, actions })),
      actionsOf: (tasks) => callWorker("countersign-ledger", () => env.LEDGER.actionsOf(tenant.id, tasks)),
      actionsOpened: (cursor) =>
        callWorker("countersign-ledger", () =>
          env.LEDGER.actionsOpened({
            tenant: tenant.id,
            fromMs,
            toMs,
            limit: LIMITS.pageRuns,
            ...(cursor === null ? {} : { cursor }),
          }),
        ),
    });
    if (!compared.ok) {
      answer.incomplete.push(region);
      continue;
    }
    const report = digestOf(compared.value as unknown as Json);
    const recorded = await record(env, tenant, compared.value, { fromMs, toMs, report, by });
    answer.regions.push({ ...compared.value, report, recorded });
  }
  const isWhole = answer.regions.every(
    ({ whole, extraCount, missingCount }) => whole && extraCount + missingCount === 0,
  );
  return ok({ ...answer, complete: isWhole && answer.incomplete.length === 0 });
}

/** Waits until the run log holds what the log held when it was first asked; false where it does not come so far in time. */
async function runLogFollowed(env: Bindings, tenant: string, nowMs: () => number, untilMs: number): Promise<boolean> {
  let wanted: number | null = null;
  for (;;) {
    const health = await callWorker("countersign-ledger", () => env.LEDGER.health(tenant));
    if (!health.ok) return false;
    wanted ??= health.value.size;
    const runs = health.value.projections.find(({ name }) => name === "runs");
    if (runs !== undefined && runs.cursor >= wanted) return true;
    if (nowMs() >= untilMs) return false;
    await new Promise((done) => setTimeout(done, LIMITS.completenessPollMs));
  }
}

/** The region's first executor keeps it in its chain; false where it does not answer. */
async function record(
  env: Bindings,
  tenant: Tenant,
  { region, effects, actions, missingCount, extraCount, whole }: RegionCompleteness,
  rest: { readonly fromMs: number; readonly toMs: number; readonly report: string; readonly by: string },
): Promise<boolean> {
  const found = { region, effects, actions, missing: missingCount, extra: extraCount, whole, ...rest };
  const recorded = await callExecutor(env, executorName(tenant.id, region, 0), (stub) =>
    stub.recordCompleteness(found),
  );
  return recorded.ok;
}
