/** Namespaces of a tenant: their settings in the control database. */
import { LIMITS } from "../../shared/limits.ts";
import { embeddingName, MemorySettings } from "../../shared/memory.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

export type Namespace = {
  readonly name: string;
  readonly settings: MemorySettings;
  /** Canonical items; those of tier `vector` are counted by their object. */
  readonly items: number;
  /** Of the texts of canonical items, kept versions included. */
  readonly bytes: number;
  readonly updatedMs: number;
};
type Row = { name: string; settings: string; items: number; bytes: number; updated_at: number };

const viewOf = ({ name, settings, items, bytes, updated_at }: Row): Namespace => ({
  name,
  settings: MemorySettings.parse(JSON.parse(settings)),
  items,
  bytes,
  updatedMs: updated_at,
});

export async function readNamespace(db: D1Database, tenant: string, name: string): Promise<Namespace | null> {
  const row = await db
    .prepare("SELECT name, settings, items, bytes, updated_at FROM memory_namespaces WHERE tenant = ?1 AND name = ?2")
    .bind(tenant, name)
    .first<Row>();
  return row === null ? null : viewOf(row);
}

/** In the order of names. */
export async function listNamespaces(db: D1Database, tenant: string): Promise<readonly Namespace[]> {
  const { results } = await db
    .prepare(
      "SELECT name, settings, items, bytes, updated_at FROM memory_namespaces WHERE tenant = ?1 ORDER BY name LIMIT ?2",
    )
    .bind(tenant, LIMITS.memoryNamespaces)
    .all<Row>();
  return results.map(viewOf);
}

/** Makes a namespace, or changes one that keeps its tier. Refuses with memory-settings or memory-full (too many namespaces). */
export async function putNamespace(
  db: D1Database,
  tenant: string,
  name: string,
  settings: MemorySettings,
  nowMs: number,
): Promise<Result<Namespace>> {
  const written = await db
    .prepare(
      `INSERT INTO memory_namespaces (tenant, name, settings, updated_at)
       SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM memory_namespaces WHERE tenant = ?1 AND name = ?2)
         OR (SELECT COUNT(*) FROM memory_namespaces WHERE tenant = ?1) < ?5
       ON CONFLICT (tenant, name) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at
         WHERE json_extract(settings, '$.tier') = json_extract(excluded.settings, '$.tier')
       RETURNING name, settings, items, bytes, updated_at`,
    )
    .bind(tenant, name, JSON.stringify(settings), nowMs, LIMITS.memoryNamespaces)
    .first<Row>();
  if (written !== null) return ok(viewOf(written));
  const isThere = (await readNamespace(db, tenant, name)) !== null;
  return err(
    isThere
      ? problem("memory-settings", "A namespace keeps its tier.")
      : problem("memory-full", `A tenant has ${LIMITS.memoryNamespaces} namespaces at most.`),
  );
}

/** With all canonical items; the vectors are gone before. */
export async function dropNamespace(db: D1Database, tenant: string, name: string): Promise<void> {
  const of = (table: string) =>
    db.prepare(`DELETE FROM ${table} WHERE tenant = ?1 AND namespace = ?2`).bind(tenant, name);
  await db.batch([
    of("memory_history"),
    of("memory_subjects"),
    of("memory_items"),
    db.prepare("DELETE FROM memory_namespaces WHERE tenant = ?1 AND name = ?2").bind(tenant, name),
  ]);
}

/** Whether the vectors that a namespace has can be searched with new settings, or are to be made anew. */
export const sameEmbedding = (one: MemorySettings, other: MemorySettings): boolean =>
  embeddingName(one.embedding) === embeddingName(other.embedding);
