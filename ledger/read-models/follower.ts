/**
 * Follows the log with a read model: takes the entries behind its cursor, folds them, and writes rows and cursor in one transaction.
 *
 * F1  Rows, quarantine and cursor move together, and only while the stored cursor is the one that this follower knows: a repeated or
 *     overtaken step changes nothing.
 * F2  An entry that cannot be taken in is quarantined with the reason, and the read model goes on behind it.
 * F3  A read model whose version changed is built again from the first entry.
 */
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { chunksOf, isConstraint } from "../store.ts";
import { guard, type Projector, type ReadEntry } from "./projector.ts";

/** Entries as they are stored. */
export type StoredEntry = { readonly index: number; readonly body: string };
/** Entries from an index on, at most so many; none at the end of the log. */
export type ReadEntries = (from: number, limit: number) => Promise<readonly StoredEntry[]>;

type Quarantined = { readonly index: number; readonly reason: string };
type Folded<Row> = { readonly rows: readonly Row[]; readonly quarantined: readonly Quarantined[] };

export class Follower<Row> {
  readonly tenant: string;
  readonly projector: Projector<Row>;
  /** The stored cursor as this follower knows it, null where it must be read. */
  #cursor: number | null = null;
  /** Rows as they are stored while the cursor is known: those of the last step, which the next one most likely changes again. */
  #rowByKey: ReadonlyMap<string, Row> = new Map();

  constructor(tenant: string, projector: Projector<Row>) {
    this.tenant = tenant;
    this.projector = projector;
  }

  /** Takes one step. True while entries may remain. Throws where the database does not answer. */
  async step(db: D1Database, read: ReadEntries, nowMs: number): Promise<boolean> {
    const cursor = this.#cursor ?? (await this.#open(db));
    const entries = await read(cursor, LIMITS.projectionEntries);
    if (entries.length === 0) return false;
    this.#cursor = null; // known again once the step is written
    const folded = await fold(db, this.tenant, this.projector, entries, this.#rowByKey);
    try {
      await this.#save(db, cursor, entries.length, folded, nowMs);
    } catch (cause) {
      if (!isConstraint(cause)) throw cause;
      // A row that its table refuses: find the entry by going one by one.
      for (const [i, entry] of entries.entries()) await this.#stepOne(db, cursor + i, entry, nowMs);
    }
    return true;
  }

  /** Throws the rows away and goes on from the first entry. */
  async reset(db: D1Database): Promise<void> {
    this.#cursor = null;
    const { name, version, clear } = this.projector;
    await db.batch([
      ...listed(clear).map((sql) => db.prepare(sql).bind(this.tenant)),
      db.prepare("DELETE FROM rm_quarantine WHERE tenant = ? AND name = ?").bind(this.tenant, name),
      db
        .prepare(
          "INSERT INTO rm_cursor (tenant, name, version, cursor) VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET version = excluded.version, cursor = 0",
        )
        .bind(this.tenant, name, version),
    ]);
  }

  /** The stored cursor; puts it at the first entry where the read model is new or of another version (F3). */
  async #open(db: D1Database): Promise<number> {
    const row = await db
      .prepare("SELECT cursor, version FROM rm_cursor WHERE tenant = ? AND name = ?")
      .bind(this.tenant, this.projector.name)
      .first<{ cursor: number; version: number }>();
    this.#rowByKey = new Map();
    if (row?.version !== this.projector.version) await this.reset(db);
    this.#cursor = row?.version === this.projector.version ? row.cursor : 0;
    return this.#cursor;
  }

  async #stepOne(db: D1Database, cursor: number, entry: StoredEntry, nowMs: number): Promise<void> {
    const folded = await fold(db, this.tenant, this.projector, [entry], new Map());
    try {
      await this.#save(db, cursor, 1, folded, nowMs);
    } catch (cause) {
      if (!isConstraint(cause)) throw cause;
      const quarantined = [{ index: entry.index, reason: reasonOf(cause) }];
      await this.#save(db, cursor, 1, { rows: [], quarantined }, nowMs);
    }
  }

  /** Writes what a step made of `count` entries behind the cursor, unless another follower was here (F1). */
  async #save(db: D1Database, cursor: number, count: number, folded: Folded<Row>, nowMs: number): Promise<void> {
    const { name, save, keyOfRow, together, stored } = this.projector;
    const statements = chunksOf(together?.(folded.rows) ?? folded.rows).flatMap((chunk) =>
      listed(save).map((sql) => db.prepare(sql).bind(this.tenant, chunk, cursor)),
    );
    for (const chunk of chunksOf(folded.quarantined))
      statements.push(
        db
          .prepare(
            `INSERT INTO rm_quarantine (tenant, name, idx, reason, at_ms)
             SELECT ?1, ?4, value ->> 'index', value ->> 'reason', ?5 FROM json_each(?2) WHERE ${guard(name)}
             ON CONFLICT DO UPDATE SET reason = excluded.reason, at_ms = excluded.at_ms`,
          )
          .bind(this.tenant, chunk, cursor, name, nowMs),
      );
    // Last, because every statement above holds only while the cursor stands where it was read.
    statements.push(
      db
        .prepare("UPDATE rm_cursor SET cursor = ? WHERE tenant = ? AND name = ? AND cursor = ?")
        .bind(cursor + count, this.tenant, name, cursor),
    );
    const results = await db.batch(statements);
    this.#cursor = results.at(-1)!.meta.changes > 0 ? cursor + count : null;
    this.#rowByKey = new Map(folded.rows.map((row) => [keyOfRow(row), stored?.(row) ?? row]));
  }
}

async function fold<Row>(
  db: D1Database,
  tenant: string,
  projector: Projector<Row>,
  entries: readonly StoredEntry[],
  known: ReadonlyMap<string, Row>,
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

  const rowByKey = new Map<string, Row>();
  const unread = new Set<string>();
  const begun = new Set<string>();
  for (const { key, entry } of pending) {
    const row = known.get(key);
    if (row !== undefined) rowByKey.set(key, row);
    else if (projector.begins(entry)) begun.add(key);
    else if (!begun.has(key)) unread.add(key);
  }
  for (const row of await loadRows(db, tenant, projector, [...unread])) rowByKey.set(projector.keyOfRow(row), row);
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
): Promise<readonly Row[]> {
  if (keys.length === 0) return [];
  const { results } = await db.prepare(projector.load).bind(tenant, JSON.stringify(keys)).all<Row>();
  return results;
}

const listed = (sql: string | readonly string[]): readonly string[] => (typeof sql === "string" ? [sql] : sql);
const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
