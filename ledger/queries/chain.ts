/**
 * An executor's chain out of the log: what an executor asks for whose storage went back. Read by deliveries, whose records lie between two
 * statements of their executor and are grouped by task; whoever asks checks the hashes.
 */
import { canonicalize } from "../../shared/canonical.ts";
import type { ChainRecord } from "../../shared/events.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ChainPart, ChainQuery } from "../../shared/rpc/ledger.ts";
import { withBodies, type LogStore } from "../outside/log-store.ts";

const STATEMENT = "type = 'countersign.executor.statement.v1'";

/** What follows `after` in the first delivery that holds more; no records where nothing follows. Errors: not-found (no such chain). */
export async function chainPart(store: LogStore, { tenant, executor, after }: ChainQuery): Promise<Result<ChainPart>> {
  const head = await store.db
    .prepare("SELECT seq, hash FROM executor_cursors WHERE tenant = ? AND executor = ?")
    .bind(tenant, executor)
    .first<ChainPart["head"]>();
  if (head === null) return err(problem("not-found", "The log holds nothing of this executor."));
  const { results } = await store.db
    .prepare(
      `SELECT idx AS "index", body FROM entries WHERE tenant = ?1 AND executor = ?2 AND to_seq > ?3 AND idx < (
         SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND to_seq > ?3 AND ${STATEMENT} ORDER BY to_seq LIMIT 1
       ) AND idx >= coalesce((
         SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND to_seq <= ?3 AND ${STATEMENT} ORDER BY to_seq DESC LIMIT 1
       ), 0) ORDER BY idx`,
    )
    .bind(tenant, executor, after)
    .all<{ index: number; body: string }>();
  const records: ChainRecord[] = [];
  for (const { body } of await withBodies(store, tenant, results))
    records.push(...((JSON.parse(body) as { data: { records?: readonly ChainRecord[] } }).data.records ?? []));
  const next = records.filter(({ seq }) => seq > after).toSorted((a, b) => a.seq - b.seq);
  return ok({ head, records: next.map((record) => canonicalize(record)) });
}
