/**
 * The evidence of a task or a period, out of the database: the entries that `selectEntries` would choose out of the whole log, and their
 * proofs towards the newest checkpoint. It reads the deliveries that can matter and no others, however long the log is.
 *
 *  P1  A delivery stands together in the log and ends with its statement (ledger/batch.ts): from a statement back to the entry of another
 *      delivery are its entries.
 *  P2  A delivery that does not follow the one before it comes with the statement before it.
 */
import { selectEntries, seenSizes, tooLarge } from "../../shared/evidence/index.ts";
import type { Bounds, LogPart, Scope } from "../../shared/evidence/index.ts";
import { LIMITS } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { EntryRow } from "../../shared/rpc/ledger.ts";
import type { Head } from "../batch.ts";
import { withBodies, type LogStore } from "../outside/log-store.ts";
import { consistencyOf, inclusionsOf, type FetchTiles } from "../tree/proofs.ts";
import { spansOf, type Span } from "./evidence-spans.ts";

const STATEMENT = "type = 'countersign.executor.statement.v1'";
const BOUNDS: Bounds = {
  entries: LIMITS.evidenceAnswerEntries,
  chars: LIMITS.evidenceAnswerChars,
  wholeChain: LIMITS.evidenceWholeChain,
};

/** Errors: not-found where no task of the scope is in the log, entry-too-large, overloaded. */
export async function evidencePart(
  store: LogStore,
  tenant: string,
  head: Head,
  scope: Scope,
  fetch: FetchTiles,
  bounds: Bounds = BOUNDS,
): Promise<Result<LogPart>> {
  const found = await spansOf(store.db, tenant, head.size, scope, bounds);
  if (!found.ok) return found;
  const rows: EntryRow[] = [];
  for (const span of found.value.spans) {
    const part = await deliveriesOf(store, { tenant, size: head.size, cursor: found.value.cursor }, span, bounds);
    if (!part.ok) return part;
    rows.push(...part.value);
    if (rows.length > candidates(bounds)) return err(tooLarge(bounds.entries, bounds));
  }
  const selected = await selectEntries(
    rows.toSorted((a, b) => a.index - b.index),
    scope,
    bounds,
  );
  if (!selected.ok) return selected;
  const entries = selected.value;
  const { size } = head;
  const consistency: Record<string, string[]> = {};
  for (const seen of seenSizes(entries, size)) consistency[String(seen)] = await consistencyOf(seen, size, fetch);
  const inclusion = await inclusionsOf(
    entries.map(({ index }) => index),
    size,
    fetch,
  );
  return ok({ checkpoint: head.note, entries, proofs: { inclusion, consistency } });
}

/** Entries that are looked at: a little more than can be chosen, because what lies before the first task may be left out. */
const candidates = ({ entries, wholeChain }: Bounds): number => entries + 2 * wholeChain;

type Log = { readonly tenant: string; readonly size: number; readonly cursor: number };

/** The deliveries of a span and what it rests on from before, whole. */
async function deliveriesOf(
  store: LogStore,
  log: Log,
  { executor, fromSeq, toSeq }: Span,
  bounds: Bounds,
): Promise<Result<EntryRow[]>> {
  const { tenant, size } = log;
  const { db } = store;
  const [within, before] = await db.batch<{ idx: number }>([
    db
      .prepare(
        `SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND ${STATEMENT} AND to_seq >= ?3 AND idx < ?4
           AND to_seq <= coalesce((SELECT to_seq FROM entries
             WHERE tenant = ?1 AND executor = ?2 AND ${STATEMENT} AND to_seq >= ?5 ORDER BY to_seq LIMIT 1), to_seq)
         ORDER BY to_seq LIMIT ?6`,
      )
      .bind(tenant, executor, fromSeq, size, toSeq ?? Number.MAX_SAFE_INTEGER, bounds.entries + 1),
    db
      .prepare(
        `SELECT idx FROM entries WHERE tenant = ?1 AND executor = ?2 AND ${STATEMENT} AND to_seq < ?3
         ORDER BY to_seq DESC LIMIT ?4`,
      )
      .bind(tenant, executor, fromSeq, bounds.wholeChain + 1),
  ]);
  const whole = within!.results.map(({ idx }) => idx);
  const earlier = before!.results.map(({ idx }) => idx);
  const alone = earlier.slice(0, 1);
  // A delivery has two entries at least.
  if (whole.length * 2 > bounds.entries) return err(tooLarge(whole.length * 2, bounds));
  if (earlier.length * 2 <= bounds.wholeChain) whole.push(...earlier);
  else {
    const lasting = await lastingOf(db, log, executor, earlier[0]!, bounds);
    whole.push(...lasting.map(({ statement }) => statement));
    alone.push(...lasting.flatMap((one) => (one.before === null ? [] : [one.before]))); // P2
    if (whole.length * 2 > bounds.entries) return err(tooLarge(whole.length * 2, bounds));
  }
  return readDeliveries(store, tenant, executor, [...new Set(whole)], alone, bounds);
}

/** Deliveries up to the one that ends at `last` that hold what later tasks are judged by, each with the statement before it. */
async function lastingOf(
  db: D1Database,
  { tenant, cursor }: Log,
  executor: string,
  last: number,
  bounds: Bounds,
): Promise<readonly { readonly statement: number; readonly before: number | null }[]> {
  const near = (where: string): string =>
    `(SELECT s.idx FROM entries AS s WHERE s.tenant = ?1 AND s.executor = ?2 AND s.${STATEMENT} AND s.to_seq ${where} LIMIT 1)`;
  const { results } = await db
    .prepare(
      `WITH lasting AS (
         SELECT idx FROM rm_lasting WHERE tenant = ?1 AND executor = ?2 AND idx < ?3
         UNION SELECT idx FROM entries
           WHERE tenant = ?1 AND idx >= ?4 AND idx < ?3 AND executor = ?2 AND type = 'countersign.executor.records.v1'
         LIMIT ?5
       )
       SELECT ${near(">= e.to_seq ORDER BY s.to_seq")} AS statement, ${near("< e.from_seq ORDER BY s.to_seq DESC")} AS before
       FROM lasting AS l CROSS JOIN entries AS e ON e.tenant = ?1 AND e.idx = l.idx`,
    )
    .bind(tenant, executor, last, cursor, bounds.entries)
    .all<{ statement: number; before: number | null }>();
  return results;
}

/** The entries of the deliveries that end with these statements, and the statements that stand alone. Errors: entry-too-large. */
async function readDeliveries(
  store: LogStore,
  tenant: string,
  executor: string,
  whole: readonly number[],
  alone: readonly number[],
  bounds: Bounds,
): Promise<Result<EntryRow[]>> {
  const { results } = await store.db
    .prepare(
      `WITH wanted AS (
         SELECT e.idx FROM json_each(?3) AS s CROSS JOIN entries AS e ON e.tenant = ?1 AND e.idx <= s.value AND e.idx > coalesce(
           (SELECT p.idx FROM entries AS p WHERE p.tenant = ?1 AND p.idx < s.value AND (p.executor <> ?2 OR p.${STATEMENT})
            ORDER BY p.idx DESC LIMIT 1), -1)
         UNION SELECT value FROM json_each(?4)
         LIMIT ?5
       ), read AS (SELECT e.idx, e.body FROM wanted AS w CROSS JOIN entries AS e ON e.tenant = ?1 AND e.idx = w.idx),
          sized AS (SELECT idx, body, sum(length(body)) OVER (ORDER BY idx) AS chars, count(*) OVER () AS found FROM read)
       SELECT idx AS "index", body, found FROM sized WHERE chars <= ?6 ORDER BY idx`,
    )
    .bind(tenant, executor, JSON.stringify(whole), JSON.stringify(alone), candidates(bounds) + 1, 2 * bounds.chars)
    .all<EntryRow & { found: number }>();
  const found = results[0]?.found ?? 0;
  if (found > candidates(bounds) || results.length < found) return err(tooLarge(bounds.entries, bounds));
  const full = await withBodies(store, tenant, results, 2 * bounds.chars, LIMITS.evidenceAnswerBundles);
  if (full.length < found) return err(tooLarge(bounds.entries, bounds));
  return ok(full.map(({ index, body }) => ({ index, body })));
}
