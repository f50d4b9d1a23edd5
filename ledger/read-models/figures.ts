/**
 * The read model `figures`: service levels and business figures, counted from entries. Each entry adds to sums; the sums and the cursor move
 * in one transaction, so that no entry is counted twice or not at all, and a rebuilding comes to the same numbers.
 */
import type { ChainRecord } from "../../shared/events.ts";
import type { FigureRow } from "../../shared/figures/names.ts";
import { FIGURE_BUCKET_MS } from "../../shared/figures/names.ts";
import { LIMITS } from "../../shared/limits.ts";
import { foldEvent, isOver, newFlow, type Flow } from "./figures-fold.ts";
import { reportedFigures } from "./figures-reported.ts";
import { guard, type Projector, type ReadEntry } from "./projector.ts";

/** `figures` are what this row adds and are not stored with it. */
export type FlowRow = {
  readonly task: string;
  /** JSON of Flow; null where nothing more can happen to the task. */
  readonly state: string | null;
  readonly doubtMs: number | null;
  readonly reviewMs: number | null;
  readonly heldMs: number | null;
  readonly planMs: number | null;
  /** What it is about; empty where nothing is kept. */
  readonly automation: string;
  readonly region: string;
  readonly figures?: readonly (FigureRow & { readonly atMs: number })[];
};

const recordsOf = (entry: ReadEntry): readonly ChainRecord[] =>
  (entry.data as unknown as { records: readonly ChainRecord[] }).records;

function evolve(row: FlowRow | null, entry: ReadEntry): FlowRow {
  const figures = [...(row?.figures ?? [])];
  let flow: Flow | null = row === null || row.state === null ? null : (JSON.parse(row.state) as Flow);
  for (const record of recordsOf(entry)) {
    const atMs = record.atMs - (record.atMs % FIGURE_BUCKET_MS);
    for (const event of record.events) {
      // It says itself what it is about: its task may be over and forgotten.
      if (event.type === "outcome-reported") {
        figures.push(...reportedFigures(event, atMs, entry.executor.split("/")[1] ?? "unknown"));
        continue;
      }
      if (event.type === "task-opened") flow = newFlow(event.automation, event.region, record.atMs, event);
      flow ??= newFlow("unknown", entry.executor.split("/")[1] ?? "unknown", record.atMs, {});
      const { automation, region } = flow;
      foldEvent(flow, event, record.atMs, (name, about = {}) => {
        const { capability = "", label = "", n = 1, total = 0 } = about;
        figures.push({ atMs, name, automation: about.automation ?? automation, capability, region, label, n, total });
      });
    }
  }
  const times = (of: "doubtMs" | "reviewMs" | "heldMs"): number | null => {
    const since = Object.values(flow?.steps ?? {}).flatMap((step) => (step[of] === undefined ? [] : [step[of]]));
    return since.length === 0 ? null : Math.min(...since);
  };
  const kept = flow === null || isOver(flow) ? null : JSON.stringify(flow);
  return {
    task: entry.task!,
    state: kept === null || kept.length > LIMITS.flowChars ? null : kept,
    doubtMs: times("doubtMs"),
    reviewMs: times("reviewMs"),
    heldMs: times("heldMs"),
    planMs: flow?.planMs ?? null,
    automation: flow?.automation ?? "",
    region: flow?.region ?? "",
    figures,
  };
}

/** The sums of all rows in the first one: a step of hundreds of tasks adds to tens of figures. */
function together(rows: readonly FlowRow[]): readonly FlowRow[] {
  const sums = new Map<string, FigureRow & { atMs: number }>();
  for (const { figures = [] } of rows)
    for (const figure of figures) {
      const { atMs, name, automation, capability, region, label } = figure;
      const key = [atMs, name, automation, capability, region, label].join("\n");
      const sum = sums.get(key);
      sums.set(key, sum === undefined ? figure : { ...sum, n: sum.n + figure.n, total: sum.total + figure.total });
    }
  return rows.map((row, i) => ({ ...row, figures: i === 0 ? [...sums.values()] : [] }));
}

export const figuresProjector: Projector<FlowRow> = {
  name: "figures",
  version: 2,
  keyOf: (entry) => entry.task,
  begins: (entry) => recordsOf(entry)[0]?.events[0]?.type === "task-opened",
  evolve,
  together,
  stored: ({ task, state, doubtMs, reviewMs, heldMs, planMs, automation, region }) => ({
    task,
    state,
    doubtMs,
    reviewMs,
    heldMs,
    planMs,
    automation,
    region,
  }),
  keyOfRow: (row) => row.task,
  load: `SELECT r.task, r.state, r.doubt_ms AS doubtMs, r.review_ms AS reviewMs, r.held_ms AS heldMs, r.plan_ms AS planMs, r.automation, r.region
    FROM json_each(?2) AS j CROSS JOIN rm_flow AS r ON r.tenant = ?1 AND r.task = j.value`,
  save: [
    `INSERT INTO rm_flow (tenant, task, state, doubt_ms, review_ms, held_ms, plan_ms, automation, region)
    SELECT ?1, value ->> 'task', value ->> 'state', value ->> 'doubtMs', value ->> 'reviewMs', value ->> 'heldMs', value ->> 'planMs',
      value ->> 'automation', value ->> 'region'
    FROM json_each(?2) WHERE value ->> 'state' IS NOT NULL AND ${guard("figures")}
    ON CONFLICT DO UPDATE SET state = excluded.state, doubt_ms = excluded.doubt_ms, review_ms = excluded.review_ms,
      held_ms = excluded.held_ms, plan_ms = excluded.plan_ms, automation = excluded.automation, region = excluded.region`,
    `DELETE FROM rm_flow WHERE tenant = ?1 AND ${guard("figures")}
      AND task IN (SELECT value ->> 'task' FROM json_each(?2) WHERE value ->> 'state' IS NULL)`,
    `INSERT INTO rm_figures (tenant, at_ms, name, automation, capability, region, label, n, total)
      SELECT ?1, f.value ->> 'atMs' * b.value, f.value ->> 'name', f.value ->> 'automation', f.value ->> 'capability', f.value ->> 'region',
        f.value ->> 'label', sum(f.value ->> 'n'), sum(f.value ->> 'total')
      FROM json_each(?2) AS r, json_each(r.value, '$.figures') AS f, json_each('[0,1]') AS b WHERE ${guard("figures")}
      GROUP BY 2, 3, 4, 5, 6, 7
      ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total`,
  ],
  clear: ["DELETE FROM rm_figures WHERE tenant = ?1", "DELETE FROM rm_flow WHERE tenant = ?1"],
};
