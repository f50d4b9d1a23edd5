/**
 * Pages of tasks, newest first, out of the read model `tasks`.
 */
import { and, desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { TaskQuery, TaskRow } from "../../shared/rpc/ledger.ts";
import { parseCount } from "../../shared/tlog/arithmetic.ts";
import { rmTasks } from "../schema.ts";

/** Opaque to callers: the first entry of the last task of the page before. */
const encodeCursor = (firstIndex: number): string => toBase64Url(utf8(`t1:${firstIndex}`));

function decodeCursor(cursor: string): number | null {
  const bytes = fromBase64Url(cursor);
  const text = bytes === null ? null : fromUtf8(bytes);
  return text?.startsWith("t1:") ? parseCount(text.slice(3)) : null;
}

/** Returns invalid-request for a cursor that this function did not give out. */
export async function taskPage(
  db: D1Database,
  query: TaskQuery,
): Promise<Result<{ tasks: TaskRow[]; next: string | null }>> {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (after === null)
    return err(problem("invalid-request", "This is not a cursor of this list.", { paths: ["/cursor"] }));
  const rows = await drizzle(db)
    .select()
    .from(rmTasks)
    .where(
      and(
        eq(rmTasks.tenant, query.tenant),
        query.automation === undefined ? undefined : eq(rmTasks.automation, query.automation),
        query.status === undefined ? undefined : eq(rmTasks.status, query.status),
        // In these words the planner finds the index of all other statuses.
        query.status === undefined || query.status === "succeeded" ? undefined : sql`status <> 'succeeded'`,
        query.region === undefined ? undefined : eq(rmTasks.region, query.region),
        after === undefined ? undefined : lt(rmTasks.firstIdx, after),
      ),
    )
    .orderBy(desc(rmTasks.firstIdx))
    .limit(query.limit + 1);
  const page = rows.slice(0, query.limit);
  return ok({
    tasks: page.map(toTaskRow),
    next: rows.length > page.length ? encodeCursor(page.at(-1)!.firstIdx) : null,
  });
}

const toTaskRow = (row: typeof rmTasks.$inferSelect): TaskRow => ({
  task: row.task,
  automation: row.automation,
  status: row.status,
  region: row.region,
  executor: row.executor,
  openedAt: new Date(row.openedMs).toISOString(),
  updatedAt: new Date(row.updatedMs).toISOString(),
  firstIndex: row.firstIdx,
  lastIndex: row.lastIdx,
});
