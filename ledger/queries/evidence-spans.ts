/**
 * Which deliveries evidence can need: for each executor the stretch of its chain in which tasks of the scope have records. A superset, out of
 * indexes and read models; what of it is evidence decides `selectEntries`.
 */
import type { Bounds, Scope } from "../../shared/evidence/index.ts";
import { tooLarge } from "../../shared/evidence/index.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** From one position of an executor's chain to another one; null: to its end. */
export type Span = { readonly executor: string; readonly fromSeq: number; readonly toSeq: number | null };
export type Spans = {
  readonly spans: readonly Span[];
  /** The read models have taken in the log up to here. */
  readonly cursor: number;
};

/** Errors: not-found, entry-too-large, overloaded where the read models are too far behind. */
export async function spansOf(
  db: D1Database,
  tenant: string,
  size: number,
  scope: Scope,
  bounds: Bounds,
): Promise<Result<Spans>> {
  const row = await db
    .prepare(
      // One that has never run has no row, and has read nothing.
      `SELECT CASE count(*) WHEN 3 THEN min(cursor) ELSE 0 END AS cursor FROM rm_cursor
        WHERE tenant = ? AND name IN ('tags', 'tasks', 'runs')`,
    )
    .bind(tenant)
    .first<{ cursor: number }>();
  const cursor = Math.min(row!.cursor, size);
  if (size - cursor > LIMITS.evidenceLag)
    return err(problem("overloaded", "The read models are too far behind the log.", { lag: size - cursor }));
  const spans =
    scope.kind === "task" ? await ofTask(db, tenant, scope.task) : await ofPeriod(db, tenant, cursor, scope, bounds);
  if (!spans.ok) return spans;
  return spans.value.length === 0
    ? err(problem("not-found", "The log holds no task of this scope."))
    : ok({ spans: spans.value, cursor });
}

async function ofTask(db: D1Database, tenant: string, task: string): Promise<Result<Span[]>> {
  const { results } = await db
    .prepare(
      `SELECT executor, min(from_seq) AS fromSeq, max(to_seq) AS lastSeq,
         EXISTS (SELECT 1 FROM rm_runs WHERE tenant = ?1 AND task = ?2 AND ended_ms IS NOT NULL) AS ended
       FROM entries WHERE tenant = ?1 AND task = ?2 GROUP BY executor`,
    )
    .bind(tenant, task)
    .all<{ executor: string; fromSeq: number; lastSeq: number; ended: number }>();
  return ok(
    results.map(({ executor, fromSeq, lastSeq, ended }) => ({
      executor,
      fromSeq,
      toSeq: ended === 1 ? lastSeq : null,
    })),
  );
}

/** Tasks by the run log; where that has not come yet, every executor that wrote anything. */
async function ofPeriod(
  db: D1Database,
  tenant: string,
  cursor: number,
  { fromMs, toMs }: Extract<Scope, { kind: "period" }>,
  bounds: Bounds,
): Promise<Result<Span[]>> {
  const [known, unread] = await db.batch<{ executor: string; fromSeq: number; lastSeq: number | null; runs: number }>([
    db
      .prepare(
        `WITH opened AS (
           SELECT task, first_idx, last_idx, ended_ms FROM rm_runs
           WHERE tenant = ?1 AND opened_ms >= ?2 AND opened_ms < ?3 ORDER BY opened_ms LIMIT ?4
         ), placed AS (
           SELECT f.executor, min(o.first_idx) AS first, max(o.last_idx) AS last, sum(o.ended_ms IS NULL) AS open, count(*) AS runs
           FROM opened AS o CROSS JOIN entries AS f ON f.tenant = ?1 AND f.idx = o.first_idx GROUP BY f.executor
         )
         SELECT executor, runs, (SELECT from_seq FROM entries WHERE tenant = ?1 AND idx = first) AS fromSeq,
           CASE WHEN open = 0 THEN (SELECT to_seq FROM entries WHERE tenant = ?1 AND idx = last) END AS lastSeq
         FROM placed`,
      )
      .bind(tenant, fromMs, toMs, bounds.entries + 1),
    db
      .prepare(
        `SELECT executor, min(from_seq) AS fromSeq, NULL AS lastSeq, 0 AS runs FROM entries
         WHERE tenant = ?1 AND idx >= ?2 AND executor <> '' GROUP BY executor`,
      )
      .bind(tenant, cursor),
  ]);
  const spans = new Map<string, Span>();
  let runs = 0;
  for (const row of [...known!.results, ...unread!.results]) {
    const { executor, fromSeq, lastSeq } = row;
    const other = spans.get(executor);
    spans.set(executor, {
      executor,
      fromSeq: Math.min(fromSeq, other?.fromSeq ?? fromSeq),
      toSeq: lastSeq,
    });
    runs += row.runs;
  }
  return runs > bounds.entries ? err(tooLarge(runs, bounds)) : ok([...spans.values()]);
}
