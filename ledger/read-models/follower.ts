/**
 * Follows the log with a read model: takes the entries behind its cursor, folds them, and writes rows and cursor in one transaction.
 *
 * F1  Rows and cursor move together, and only from the cursor that was read: a repeated or overtaken step changes nothing.
 * F2  An entry that cannot be taken in is quarantined with the reason, and the read model goes on behind it.
 * F3  A read model whose version changed is built again from the first entry.
 */
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { chunksOf, isConstraint } from "../store.ts";
import type { Projector, ReadEntry } from "./projector.ts";

/** Entries as they are stored. */
export type StoredEntry = { readonly index: number; readonly body: string };
/** Entries from an index on, at most so many; none at the end of the log. */
export type ReadEntries = (from: number, limit: number) => Promise<readonly StoredEntry[]>;

type Quarantined = { readonly index: number; readonly reason: string };
type Folded<Row> = { readonly rows: readonly Row[]; readonly quarantined: readonly Quarantined[] };

/** Takes one step. True while entries may remain. Throws where the database does not answer. */
export async function follow<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  read: ReadEntries,
  nowMs: number,
): Promise<boolean> {
  const cursor = await openCursor(db, tenant, projector);
  const entries = await read(cursor, LIMITS.projectionEntries);
  if (entries.length === 0) return false;
  try {
    await save(db, tenant, projector, cursor, entries.length, await fold(db, tenant, projector, entries), nowMs);
  } catch (cause) {
    if (!isConstraint(cause)) throw cause;
    // A row that its table refuses: find the entry by going one by one.
    await followOneByOne(db, tenant, projector, cursor, entries, nowMs);
  }
  return true;
}

async function followOneByOne<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  from: number,
  entries: readonly StoredEntry[],
  nowMs: number,
): Promise<void> {
  for (const [i, entry] of entries.entries()) {
    try {
      await save(db, tenant, projector, from + i, 1, await fold(db, tenant, projector, [entry]), nowMs);
    } catch (cause) {
      if (!isConstraint(cause)) throw cause;
      await save(
        db,
        tenant,
        projector,
        from + i,
        1,
        { rows: [], quarantined: [{ index: entry.index, reason: reasonOf(cause) }] },
        nowMs,
      );
    }
  }
}

/** The cursor of a read model; puts it at the first entry where it is new or of another version (F3). */
async function openCursor<Row>(db: D1Database, tenant: string, projector: Projector<Row>): Promise<number> {
  const row = await db
    .prepare("SELECT cursor, version FROM rm_cursor WHERE tenant = ? AND name = ?")
    .bind(tenant, projector.name)
    .first<{ cursor: number; version: number }>();
  if (row !== null && row.version === projector.version) return row.cursor;
  await reset(db, tenant, projector);
  return 0;
}

/** Throws a read model away; following it builds it again. */
export async function reset<Row>(
  db: D1Database,
  tenant: string,
  { name, version, clear }: Projector<Row>,
): Promise<void> {
  await db.batch([
    db.prepare(clear).bind(tenant),
    db.prepare("DELETE FROM rm_quarantine WHERE tenant = ? AND name = ?").bind(tenant, name),
    db
      .prepare(
        "INSERT INTO rm_cursor (tenant, name, version, cursor) VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET version = excluded.version, cursor = 0",
      )
      .bind(tenant, name, version),
  ]);
}

async function fold<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  entries: readonly StoredEntry[],
): Promise<Folded<Row>> {
  const quarantined: Quarantined[] = [];
  const pending: { key: string; entry: ReadEntry }[] = [];
  for (const stored of entries)
    try {
      const entry = entryOf(stored);
      const key = projector.keyOf(entry);
      if (key !== null) pending.push({ key, entry });
    } catch (cause) {
      quarantined.push({ index: stored.index, reason: reasonOf(cause) });
    }

  const rowByKey = await loadRows(db, tenant, projector, [...new Set(pending.map(({ key }) => key))]);
  const changed = new Set<string>();
  for (const { key, entry } of pending)
    try {
      rowByKey.set(key, projector.evolve(rowByKey.get(key) ?? null, entry));
      changed.add(key);
    } catch (cause) {
      quarantined.push({ index: entry.index, reason: reasonOf(cause) });
    }
  return { rows: [...changed].map((key) => rowByKey.get(key)!), quarantined };
}

function entryOf({ index, body }: StoredEntry): ReadEntry {
  const value = JSON.parse(body) as { type: string; subject: string; source: string; data: Json };
  const task = value.subject.startsWith("tsk_") ? value.subject : null;
  return { index, executor: value.source.slice("/executors/".length), task, type: value.type, data: value.data };
}

async function loadRows<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  keys: readonly string[],
): Promise<Map<string, Row>> {
  const rowByKey = new Map<string, Row>();
  if (keys.length === 0) return rowByKey;
  const { results } = await db.prepare(projector.load).bind(tenant, JSON.stringify(keys)).all<Row>();
  for (const row of results) rowByKey.set(projector.keyOfRow(row), row);
  return rowByKey;
}

async function save<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  cursor: number,
  count: number,
  folded: Folded<Row>,
  nowMs: number,
): Promise<void> {
  const { name } = projector;
  const statements = chunksOf(folded.rows).map((chunk) => db.prepare(projector.save).bind(tenant, chunk, cursor));
  for (const { index, reason } of folded.quarantined)
    statements.push(
      db
        .prepare("INSERT OR REPLACE INTO rm_quarantine (tenant, name, idx, reason, at_ms) VALUES (?, ?, ?, ?, ?)")
        .bind(tenant, name, index, reason, nowMs),
    );
  // Last, because every statement above holds only while the cursor stands where it was read (F1).
  statements.push(
    db
      .prepare("UPDATE rm_cursor SET cursor = ? WHERE tenant = ? AND name = ? AND cursor = ?")
      .bind(cursor + count, tenant, name, cursor),
  );
  await db.batch(statements);
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
