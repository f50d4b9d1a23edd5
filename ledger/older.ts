/**
 * Deliveries that end before the executor's cursor: late repeats. They change nothing; what is recorded says whether they agree with it.
 */
import type { ChainRecord } from "../shared/events.ts";
import { canonicalize } from "../shared/canonical.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { sha256Hex } from "../shared/sha256.ts";
import type { Arrival } from "./arrival.ts";
import { fork } from "./batch.ts";
import { withBodies, type LogStore } from "./outside/log-store.ts";

/** Compares the last record of a delivery with the recorded one: through the chain, it stands for all before it. */
export async function checkOlder(
  store: LogStore,
  { tenant, executor, to, head }: Pick<Arrival, "tenant" | "executor" | "to" | "head">,
): Promise<Result<null>> {
  const recorded = await recordHash(store, tenant, executor, to);
  return recorded === head ? ok(null) : err(fork(to));
}

/** The hash of a recorded record. The entries of its delivery lie between two statements of its executor. Throws where it is not there. */
async function recordHash(store: LogStore, tenant: string, executor: string, seq: number): Promise<string> {
  const { results } = await store.db
    .prepare(
      `SELECT idx AS "index", body FROM entries WHERE tenant = ?1 AND executor = ?2 AND from_seq <= ?3 AND to_seq >= ?3 AND idx < (
         SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND to_seq >= ?3 AND type = 'countersign.executor.statement.v1' ORDER BY to_seq LIMIT 1
       ) AND idx >= coalesce((
         SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND to_seq < ?3 AND type = 'countersign.executor.statement.v1' ORDER BY to_seq DESC LIMIT 1
       ), 0)`,
    )
    .bind(tenant, executor, seq)
    .all<{ index: number; body: string }>();
  for (const { body } of await withBodies(store, tenant, results)) {
    const { data } = JSON.parse(body) as { data: { records?: readonly ChainRecord[] } };
    const record = data.records?.find((r) => r.seq === seq);
    if (record !== undefined) return sha256Hex(canonicalize(record));
  }
  throw new Error(`record ${seq} of ${executor} is not in the log`);
}
