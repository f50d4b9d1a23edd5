/**
 * How a tenant's log stands: its head, its executors' cursors, and how far each read model is behind.
 */
import { asc, count, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { LedgerHealth } from "../../shared/rpc/ledger.ts";
import type { Head } from "../batch.ts";
import { PROJECTORS } from "../read-models/index.ts";
import { executorCursors, rmCursor, rmQuarantine } from "../schema.ts";

export async function healthOf(
  d1: D1Database,
  tenant: string,
  head: Head,
): Promise<Omit<LedgerHealth, "traces" | "keys">> {
  const db = drizzle(d1);
  const [executors, cursors, quarantined] = await db.batch([
    db.select().from(executorCursors).where(eq(executorCursors.tenant, tenant)).orderBy(asc(executorCursors.executor)),
    db.select().from(rmCursor).where(eq(rmCursor.tenant, tenant)),
    db
      .select({ name: rmQuarantine.name, entries: count() })
      .from(rmQuarantine)
      .where(eq(rmQuarantine.tenant, tenant))
      .groupBy(rmQuarantine.name),
  ]);
  return {
    size: head.size,
    root: head.root,
    executors: executors.map(({ executor, seq }) => ({ executor, cursor: seq })),
    projections: PROJECTORS.map(({ name }) => {
      const cursor = cursors.find((row) => row.name === name)?.cursor ?? 0;
      // The log may have grown between the reads: a read model is never ahead of it.
      const lag = Math.max(0, head.size - cursor);
      return { name, cursor, lag, quarantined: quarantined.find((row) => row.name === name)?.entries ?? 0 };
    }),
  };
}
