/** What the figures say of now: asked of every executor and the ledger. */
import type { Metrics } from "../../shared/api.ts";
import type { Figures } from "../../shared/figures/names.ts";
import type { Result } from "../../shared/result.ts";
import { err, ok } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import { waitsByPlace, waitsOf } from "../../shared/figures/waits.ts";
import { askAll } from "../dispatch/fan-out.ts";
import type { Tenant } from "../http/caller.ts";

const LEDGER = "countersign-ledger";

export type Measured = { readonly figures: Figures; readonly now: Metrics["now"] };

/** Figures from a moment on, or since the first entry (null), and the state of now. Refuses where the ledger does. */
export async function measure(env: Bindings, tenant: Tenant, fromMs: number | null): Promise<Result<Measured>> {
  const [figures, health, witnesses] = await Promise.all([
    callWorker(LEDGER, () => env.LEDGER.figures({ tenant: tenant.id, fromMs })),
    callWorker(LEDGER, () => env.LEDGER.health(tenant.id)),
    askAll(env, tenant, (stub) => stub.witness()),
  ]);
  if (!figures.ok) return err(figures.problem);
  const projections = health.ok ? health.value.projections : [];
  return ok({
    figures: { rows: [...figures.value.rows], open: [...figures.value.open], cut: figures.value.cut },
    now: {
      ...waitsOf(figures.value.open),
      waits: waitsByPlace(figures.value.open),
      executors: witnesses.answers.map(({ value }) => ({
        executor: value.executor,
        open: value.tasks.open,
        waiting: value.tasks.waiting,
        undelivered: Math.max(0, value.head.seq - value.delivered),
        oldestUndeliveredAt: value.undeliveredSince ?? null,
        oldestDueAt: value.dueSince ?? null,
        alarms: value.alarms.length,
        stuck: value.stuck.length,
        deadLetters: value.deadLetters.count,
        quarantined: value.quarantined.length,
      })),
      silent: [...witnesses.incomplete, ...witnesses.refusals.map(({ executor }) => executor)],
      ledger: health.ok
        ? {
            size: health.value.size,
            lag: Math.max(0, ...projections.map(({ lag }) => lag)),
            quarantined: projections.reduce((sum, { quarantined }) => sum + quarantined, 0),
          }
        : null,
      traces: health.ok ? (structuredClone(health.value.traces) as Metrics["now"]["traces"]) : null,
    },
  });
}
