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
import { compareRegion, type CompletenessSources } from "./completeness.ts";

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
  const { silent, lagging } = await whoIsBehind(env, tenant, nowMs, untilMs);
  const answer: CompletenessAnswer = { complete: true, regions: [], incomplete: [...silent] };
  for (const region of tenant.regions) {
    const sources = sourcesOf(env, tenant, { region, fromMs, toMs, lagging: lagging(region) });
    const compared = await compareRegion({ ...sources, isOver: () => nowMs() >= untilMs });
    if (!compared.ok) {
      answer.incomplete.push(region);
      continue;
    }
    const { report, recorded } = await recordFound(env, tenant, compared.value.region, { fromMs, toMs, by });
    answer.regions.push({ ...compared.value.region, report, recorded });
  }
  const isWhole = answer.regions.every(
    ({ whole, extraCount, missingCount }) => whole && extraCount + missingCount === 0,
  );
  return ok({ ...answer, complete: isWhole && answer.incomplete.length === 0 });
}

export type Behind = {
  /** The run log holds what the log held when this was asked. Where it does not, anything may be lacking in it. */
  readonly followed: boolean;
  readonly silent: readonly string[];
  /** Shards of a region whose executors have records that the log does not have. */
  readonly lagging: (region: string) => ReadonlySet<number>;
};

/** An executor that does not say what it holds may hold anything, and a run log that is behind may lack anything. */
export async function whoIsBehind(
  env: Bindings,
  tenant: Tenant,
  nowMs: () => number,
  untilMs: number,
): Promise<Behind> {
  const witnesses = await askAll(env, tenant, (stub) => stub.witness());
  const silent = [...witnesses.incomplete, ...witnesses.refusals.map(({ executor }) => executor)];
  const followUntilMs = Math.min(untilMs, nowMs() + LIMITS.completenessFollowMs);
  const followed = await runLogFollowed(env, tenant.id, nowMs, followUntilMs);
  const late = witnesses.answers.filter(({ value }) => !followed || value.delivered < value.head.seq);
  const behind = [...silent, ...late.map(({ executor }) => executor)].map((name) => parseExecutorName(name)!);
  return {
    followed,
    silent,
    lagging: (region) => new Set(behind.filter((one) => one.region === region).map(({ shard }) => shard)),
  };
}

export function sourcesOf(
  env: Bindings,
  tenant: Tenant,
  span: Pick<CompletenessSources, "region" | "fromMs" | "toMs" | "lagging">,
): Omit<CompletenessSources, "isOver"> {
  const { region, fromMs, toMs } = span;
  const ask = { tenant: tenant.id, region };
  return {
    ...span,
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
  };
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

/** The region's first executor keeps it in its chain; `recorded` is false where it does not answer. */
export async function recordFound(
  env: Bindings,
  tenant: Tenant,
  compared: RegionCompleteness,
  asked: { readonly fromMs: number; readonly toMs: number; readonly by: string },
): Promise<{ readonly report: string; readonly recorded: boolean }> {
  const { region, effects, actions, missingCount, extraCount, whole } = compared;
  const report = digestOf(compared as unknown as Json);
  const found = { region, effects, actions, missing: missingCount, extra: extraCount, whole, report, ...asked };
  const recorded = await callExecutor(env, executorName(tenant.id, region, 0), (stub) =>
    stub.recordCompleteness(found),
  );
  return { report, recorded: recorded.ok };
}
