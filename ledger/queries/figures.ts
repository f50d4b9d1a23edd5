/** Figures of a window, or since the first entry, and what is open now. */
import type { FigureRow, Figures, OpenRow } from "../../shared/figures/names.ts";
import { LIMITS } from "../../shared/limits.ts";

/** What a task can wait for, and the column that says since when. Each is counted along its own index. */
const WAITS: ReadonlyMap<OpenRow["what"], string> = new Map([
  ["doubt", "doubt_ms"],
  ["review", "review_ms"],
  ["held", "held_ms"],
  ["plan", "plan_ms"],
]);
const waiting = (what: string, since: string): string =>
  `SELECT '${what}' AS what, automation, region, count(*) AS count, min(${since}) AS oldestMs FROM rm_flow
   WHERE tenant = ?1 AND ${since} IS NOT NULL GROUP BY automation, region`;

/** @param fromMs beginning of the window; null for everything */
export async function figuresOf(db: D1Database, tenant: string, fromMs: number | null): Promise<Figures> {
  const where = fromMs === null ? "at_ms = ?2" : "at_ms > 0 AND at_ms >= ?2";
  const [figures, open] = await db.batch<Record<string, never>>([
    db
      .prepare(
        `SELECT name, automation, capability, region, label, sum(n) AS n, sum(total) AS total FROM rm_figures
         WHERE tenant = ?1 AND ${where} GROUP BY name, automation, capability, region, label ORDER BY 1, 2, 3, 4, 5 LIMIT ?3`,
      )
      .bind(tenant, fromMs ?? 0, LIMITS.figureRows + 1),
    db.prepare([...WAITS].map(([what, since]) => waiting(what, since)).join(" UNION ALL ")).bind(tenant),
  ]);
  const rows = figures!.results as unknown as FigureRow[];
  return {
    rows: rows.slice(0, LIMITS.figureRows),
    open: open!.results as unknown as OpenRow[],
    cut: rows.length > LIMITS.figureRows,
  };
}
