/**
 * What came after an action on the same things. What depends on it: actions that changed something about what it changed (its first tag is among theirs), after it, and were not
 * taken back since. Newest first, which is the order in which they would have to be undone. By the time of the act: executors deliver to
 * the log in no order among each other. What was taken back since stands beside them: its receipts show that the records are as they were. Out of the read model `tags`, which follows the log.
 */
import type { Dependent } from "../../shared/rpc/ledger.ts";
import { LIMITS } from "../../shared/limits.ts";

type Of = { readonly tenant: string; readonly task: string; readonly step: string };

export const dependentsOf = (db: D1Database, of: Of): Promise<Dependent[]> =>
  laterOf(db, of, "NOT EXISTS", LIMITS.dependentsListed);

/** As many as a reversal brings the receipts of. */
export const takenBackOf = (db: D1Database, of: Of): Promise<Dependent[]> =>
  laterOf(db, of, "EXISTS", LIMITS.reversalReceipts);

async function laterOf(
  db: D1Database,
  { tenant, task, step }: Of,
  undone: "EXISTS" | "NOT EXISTS",
  limit: number,
): Promise<Dependent[]> {
  const { results } = await db
    .prepare(
      `SELECT later.task, later.step, later.action, later.at_ms AS atMs, json_group_array(DISTINCT later.tag) AS tags
       FROM rm_tags AS own INDEXED BY rm_tags_by_step
       JOIN rm_tags AS later ON later.tenant = own.tenant AND later.tag = own.tag AND (later.at_ms, later.idx, later.pos) > (own.at_ms, own.idx, own.pos)
       WHERE own.tenant = ?1 AND own.task = ?2 AND own.step = ?3 AND own.main = 1 AND own.doubt = 0 AND later.wrote = 1 AND later.doubt = 0 AND later.action <> own.action
         AND instr(later.step, '~') = 0
         AND ${undone} (SELECT 1 FROM rm_tags AS undone INDEXED BY rm_tags_by_step WHERE undone.tenant = ?1 AND undone.task = later.task
           AND undone.step >= later.step || '~' AND undone.step < later.step || char(127))
       GROUP BY later.task, later.step, later.action, later.at_ms
       ORDER BY later.at_ms DESC, max(later.idx) DESC, max(later.pos) DESC LIMIT ?4`,
    )
    .bind(tenant, task, step, limit)
    .all<{ task: string; step: string; action: string; atMs: number; tags: string }>();
  return results.map(({ task: id, step: name, action, atMs, tags }) => ({
    task: id,
    step: name,
    action,
    at: new Date(atMs).toISOString(),
    tags: JSON.parse(tags) as string[],
  }));
}
