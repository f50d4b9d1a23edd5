/** Figures of a window, or since the first entry, and what is open now. */
import type { FigureRow, Figures, OpenRow } from "../../shared/figures/names.ts";
import { LIMITS } from "../../shared/limits.ts";

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
    db
      .prepare(
        `SELECT 'doubt' AS what, count(*) AS count, min(doubt_ms) AS oldestMs FROM rm_flow WHERE tenant = ?1 AND doubt_ms IS NOT NULL
         UNION ALL
         SELECT 'review', count(*), min(review_ms) FROM rm_flow WHERE tenant = ?1 AND review_ms IS NOT NULL`,
      )
      .bind(tenant),
  ]);
  const rows = figures!.results as unknown as FigureRow[];
  return {
    rows: rows.slice(0, LIMITS.figureRows),
    open: open!.results as unknown as OpenRow[],
    cut: rows.length > LIMITS.figureRows,
  };
}
