/**
 * What of one executor should have happened by now and has not: records that the ledger does not have, timers and reviews whose time is long
 * over. All of it is repeatable work, so looking after it is doing again what the alarm does; what is still left afterwards is for people.
 */
import { LIMITS } from "../shared/limits.ts";
import type { Late, Reconciled } from "../shared/rpc.ts";
import type { Shard } from "./shard.ts";

/** Counts what is late, does the alarm's work, waits a bounded time for the delivery, and counts again. */
export async function reconcile(shard: Shard): Promise<Reconciled> {
  const before = lateIn(shard);
  await shard.tend();
  await shard.delivered(LIMITS.jobNudgeMs);
  return { executor: shard.name, before, after: lateIn(shard), stuck: shard.stuck };
}

function lateIn({ sql, journal, nowMs }: Shard): Late {
  const limitMs = nowMs() - LIMITS.jobLateMs;
  const count = (statement: string): number => sql.exec<{ n: number }>(statement, limitMs).one().n;
  const oldest = sql
    .exec<{ body: string }>("SELECT body FROM journal WHERE seq > ? ORDER BY seq LIMIT 1", journal.delivered)
    .toArray()[0];
  const isLate = oldest !== undefined && (JSON.parse(oldest.body) as { atMs: number }).atMs < limitMs;
  return {
    records: isLate ? journal.undelivered : 0,
    timers: count("SELECT count(*) AS n FROM timers WHERE at_ms < ?"),
    reviews: count("SELECT count(*) AS n FROM reviews WHERE expires_ms < ?"),
  };
}
