/** All entries of one task, each with the time at which the ledger wrote it: what a trace is made of. */
import { LIMITS } from "../../shared/limits.ts";
import type { RecordedEntry } from "../../shared/trace/source.ts";
import type { LogStore } from "../outside/log-store.ts";
import { entryPage } from "./entries.ts";

/** `more`: the task has further entries, beyond what a trace holds. */
export async function recordedOf(
  store: LogStore,
  tenant: string,
  task: string,
): Promise<{ entries: RecordedEntry[]; more: boolean }> {
  const entries: { index: number; body: string }[] = [];
  let from: number | null = 0;
  while (from !== null && entries.length < LIMITS.traceEntries) {
    const page: Awaited<ReturnType<typeof entryPage>> = await entryPage(store, {
      tenant,
      task,
      from,
      limit: LIMITS.pageEntries,
    });
    entries.push(...page.entries);
    from = page.next;
  }
  const atMs = await timesOf(
    store.db,
    tenant,
    entries.map(({ index }) => index),
  );
  return {
    entries: entries.map((entry) => ({ ...entry, recordedMs: atMs.get(entry.index) ?? null })),
    more: from !== null,
  };
}

/** When the batch of each entry was written: the first whose tree holds it. */
async function timesOf(
  db: D1Database,
  tenant: string,
  indexes: readonly number[],
): Promise<Map<number, number | null>> {
  if (indexes.length === 0) return new Map();
  const { results } = await db
    .prepare(
      `SELECT e.value AS idx, (SELECT at_ms FROM batches WHERE tenant = ?1 AND size > e.value ORDER BY size LIMIT 1) AS atMs
       FROM json_each(?2) AS e`,
    )
    .bind(tenant, JSON.stringify(indexes))
    .all<{ idx: number; atMs: number | null }>();
  return new Map(results.map(({ idx, atMs }) => [idx, atMs]));
}
