/**
 * Pages of the run log, newest first, out of the read model `runs`. Each filter walks an index in that order and reads the rows that it
 * returns; several filters walk the narrowest one.
 */
import * as z from "zod";
import type { RunView } from "../../shared/api/runs.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { RunQuery } from "../../shared/rpc/answers.ts";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { RUN_COLUMNS, runView, type RunRow } from "./run-view.ts";

/** The last run of the page before. */
const Cursor = z.tuple([z.int(), z.string().max(60)]);
type Cursor = z.infer<typeof Cursor>;

/** SQL of one page, and its parameters in order. Exported for the test that looks at its plan. */
export function runsSql(
  query: RunQuery,
  after: Cursor | null,
  columns = RUN_COLUMNS,
): { sql: string; values: (string | number)[] } {
  const values: (string | number)[] = [query.tenant];
  const bind = (value: string | number): string => `?${values.push(value)}`;
  const uses = query.capability !== undefined;
  const times = uses ? "u" : "r";
  const where = [`${times}.tenant = ?1`];
  if (uses) where.push(`u.capability = ${bind(query.capability!)}`);
  if (query.task !== undefined) where.push(`r.task = ${bind(query.task)}`);
  if (query.automation !== undefined) where.push(`r.automation = ${bind(query.automation)}`);
  // In these words the planner finds the index of all other statuses.
  if (query.status !== undefined)
    where.push(`r.status = ${bind(query.status)}${query.status === "succeeded" ? "" : " AND r.status <> 'succeeded'"}`);
  if (query.fromMs !== undefined) where.push(`${times}.opened_ms >= ${bind(query.fromMs)}`);
  if (query.toMs !== undefined) where.push(`${times}.opened_ms < ${bind(query.toMs)}`);
  if (after !== null) where.push(`(${times}.opened_ms, ${times}.task) < (${bind(after[0])}, ${bind(after[1])})`);
  const from = uses
    ? "rm_run_uses AS u CROSS JOIN rm_runs AS r ON r.tenant = u.tenant AND r.task = u.task"
    : "rm_runs AS r";
  return {
    sql: `SELECT ${columns} FROM ${from} WHERE ${where.join(" AND ")} ORDER BY ${times}.opened_ms DESC, ${times}.task DESC`,
    values,
  };
}

/** Errors: invalid-request for a cursor that this function did not give out. */
export async function runPage(
  db: D1Database,
  query: RunQuery,
): Promise<Result<{ runs: RunView[]; next: string | null }>> {
  const page = await runRows(db, query);
  return page.ok ? ok({ runs: page.value.rows.map(runView), next: page.value.next }) : page;
}

export async function runRows(
  db: D1Database,
  query: RunQuery,
): Promise<Result<{ rows: RunRow[]; next: string | null }>> {
  const after = query.cursor === undefined ? ok(null) : decodeCursor("r1", query.cursor, Cursor);
  if (!after.ok) return after;
  const { sql, values } = runsSql(query, after.value);
  const { results } = await db
    .prepare(`${sql} LIMIT ?${values.length + 1}`)
    .bind(...values, query.limit + 1)
    .all<RunRow>();
  const page = results.slice(0, query.limit);
  return ok({ rows: page, next: results.length > page.length ? cursorOf(page.at(-1)!) : null });
}

const cursorOf = ({ openedMs, task }: { openedMs: number; task: string }): string =>
  encodeCursor("r1", [openedMs, task]);

/** The cursor behind so many runs of a list, null where there are no more: an export says where the next one goes on before it begins. */
export async function runCursorAfter(db: D1Database, query: RunQuery, runs: number): Promise<Result<string | null>> {
  const after = query.cursor === undefined ? ok(null) : decodeCursor("r1", query.cursor, Cursor);
  if (!after.ok) return after;
  const { sql, values } = runsSql(query, after.value, "r.opened_ms AS openedMs, r.task");
  const { results } = await db
    .prepare(`${sql} LIMIT 2 OFFSET ?${values.length + 1}`)
    .bind(...values, runs - 1)
    .all<{ openedMs: number; task: string }>();
  return ok(results.length === 2 ? cursorOf(results[0]!) : null);
}
