/**
 * Pages of the log.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { EntryRow } from "../../shared/rpc/ledger.ts";
import { withBodies, type LogStore } from "../outside/log-store.ts";

/** A page ends early where its text grows too long, but holds at least one entry. */
const PAGE = (where: string) => `
  WITH page AS (SELECT idx, body FROM entries WHERE tenant = ?1 AND idx >= ?2 ${where} ORDER BY idx LIMIT ?3),
       sized AS (SELECT idx, body, sum(length(body)) OVER (ORDER BY idx) - length(body) AS before, count(*) OVER () AS found FROM page)
  SELECT idx AS "index", body, found FROM sized WHERE before < ?4 ORDER BY idx`;

/** Entries from an index on, of one task where `task` is given. `next` is where the following page begins, null at the end. */
export async function entryPage(
  store: LogStore,
  query: { readonly tenant: string; readonly from: number; readonly limit: number; readonly task?: string | undefined },
): Promise<{ entries: EntryRow[]; next: number | null }> {
  const { tenant, from, limit, task } = query;
  const parameters: (string | number)[] = [tenant, from, limit + 1, LIMITS.pageChars];
  if (task !== undefined) parameters.push(task);
  const { results } = await store.db
    .prepare(PAGE(task === undefined ? "" : "AND task = ?5"))
    .bind(...parameters)
    .all<EntryRow & { found: number }>();
  const full = await withBodies(store, tenant, results.slice(0, limit), LIMITS.pageChars, LIMITS.pageBundles);
  const entries = full.map(({ index, body }) => ({ index, body }));
  const isCut = results.length > 0 && results[0]!.found > entries.length;
  return { entries, next: isCut ? (results[entries.length]?.index ?? entries.at(-1)!.index + 1) : null };
}
