/**
 * The canonical tier: items in the control database, each write a version, with compare-and-swap and history.
 *
 * K1  A write is one batch: it happens whole or not, and only where the item is at the version that the writer expects.
 * K2  A version is the namespace's next revision: it is never used twice, also not for a key that was deleted and written again.
 * K3  Repeating the last write is that write: same key, same expectation, same text.
 * K4  Whom any kept version is about is listed; erasing one removes the whole item with its history.
 * K5  A write that began before its subject was erased writes nothing after it.
 * K6  Bytes are those of the texts of all kept versions; a write beyond those of the namespace or the tenant is refused.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Item, Write } from "./items.ts";

type Row = { readonly [column: string]: unknown };
export type Version = Pick<Item, "version" | "text" | "source" | "contract" | "by" | "atMs">;

/** How much a namespace may hold. */
type Room = { readonly maxItems: number; readonly maxBytes?: number | undefined };

const BYTES = (text: string): string => `length(CAST(${text} AS BLOB))`;
/** Versions of an item beyond those that are kept. */
const TOO_OLD = `tenant = ?1 AND namespace = ?2 AND key = ?3 AND version <=
  (SELECT version FROM memory_history WHERE tenant = ?1 AND namespace = ?2 AND key = ?3 ORDER BY version DESC LIMIT 1 OFFSET ${LIMITS.memoryVersions})`;

export class CanonicalItems {
  readonly #db: D1Database;
  readonly #tenant: string;
  readonly #namespace: string;
  readonly #maxItems: number;
  readonly #maxBytes: number;

  constructor(db: D1Database, tenant: string, namespace: string, { maxItems, maxBytes }: Room) {
    this.#db = db;
    this.#tenant = tenant;
    this.#namespace = namespace;
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes ?? LIMITS.memoryNamespaceBytes;
  }

  /** Refuses with memory-moved, memory-full or subject-erased. */
  async put(write: Write): Promise<Result<Item>> {
    const { key, newId, text, source, contract, subjects, by, atMs, expect } = write;
    const at = [this.#tenant, this.#namespace, key] as const;
    const about = JSON.stringify(subjects);
    const results = await this.#db.batch<Row>([
      // K1. A new item takes the id that was made for it; one that stands keeps its own.
      this.#db
        .prepare(
          `INSERT INTO memory_items (tenant, namespace, key, id, version, prior, text, source, contract, subjects, by, at)
           SELECT n.tenant, n.name, ?3, COALESCE(i.id, ?4), n.revision + 1, COALESCE(i.version, 0), ?5, ?6, ?7, ?8, ?9, ?10
           FROM memory_namespaces n LEFT JOIN memory_items i ON i.tenant = n.tenant AND i.namespace = n.name AND i.key = ?3
           WHERE n.tenant = ?1 AND n.name = ?2 AND (?11 IS NULL OR COALESCE(i.version, 0) = ?11) AND (i.key IS NOT NULL OR n.items < ?12)
             AND n.bytes + ${BYTES("?5")} <= ?13
             AND (SELECT SUM(bytes) FROM memory_namespaces WHERE tenant = ?1) + ${BYTES("?5")} <= ${LIMITS.memoryTenantBytes}
             AND NOT EXISTS (SELECT 1 FROM memory_erased e JOIN json_each(?8) s ON s.value = e.subject WHERE e.tenant = ?1 AND e.at >= ?10)
           ON CONFLICT (tenant, namespace, key) DO UPDATE SET version = excluded.version, prior = excluded.prior, text = excluded.text,
             source = excluded.source, contract = excluded.contract, subjects = excluded.subjects, by = excluded.by, at = excluded.at
           RETURNING id, version, prior`,
        )
        .bind(...at, newId, text, source, contract, about, by, atMs, expect, this.#maxItems, this.#maxBytes),
      this.#db
        .prepare(
          `INSERT INTO memory_history (tenant, namespace, key, version, text, source, contract, by, at)
           SELECT i.tenant, i.namespace, i.key, i.version, i.text, i.source, i.contract, i.by, i.at FROM memory_items i
           JOIN memory_namespaces n ON n.tenant = i.tenant AND n.name = i.namespace AND i.version = n.revision + 1
           WHERE i.tenant = ?1 AND i.namespace = ?2 AND i.key = ?3`,
        )
        .bind(...at),
      this.#db
        .prepare(
          `INSERT OR IGNORE INTO memory_subjects (tenant, subject, namespace, key)
           SELECT i.tenant, s.value, i.namespace, i.key FROM memory_items i
           JOIN memory_namespaces n ON n.tenant = i.tenant AND n.name = i.namespace AND i.version = n.revision + 1, json_each(i.subjects) s
           WHERE i.tenant = ?1 AND i.namespace = ?2 AND i.key = ?3`,
        )
        .bind(...at),
      // Last: until here, the version that is one ahead of the revision is the one that this batch wrote.
      this.#db
        .prepare(
          `UPDATE memory_namespaces AS n SET revision = revision + 1, updated_at = ?4,
             items = items + (SELECT prior = 0 FROM memory_items WHERE tenant = ?1 AND namespace = ?2 AND key = ?3),
             bytes = bytes + ${BYTES("?5")} - (SELECT COALESCE(SUM(${BYTES("text")}), 0) FROM memory_history WHERE ${TOO_OLD})
           WHERE tenant = ?1 AND name = ?2
             AND EXISTS (SELECT 1 FROM memory_items WHERE tenant = ?1 AND namespace = ?2 AND key = ?3 AND version = n.revision + 1)`,
        )
        .bind(...at, atMs, text),
      this.#db.prepare(`DELETE FROM memory_history WHERE ${TOO_OLD}`).bind(...at),
    ]);
    const [written] = results[0]!.results;
    if (written !== undefined)
      return ok({
        id: String(written["id"]),
        version: Number(written["version"]),
        key,
        text,
        source,
        contract,
        subjects,
        by,
        atMs,
        expiresMs: null,
      });
    return this.#refused(write);
  }

  async get(key: string): Promise<Item | null> {
    const row = await this.#row(key);
    return row === null ? null : itemOf(row);
  }

  /** Those of the keys that are there. */
  async many(keys: readonly string[]): Promise<readonly Item[]> {
    const { results } = await this.#db
      .prepare(
        "SELECT * FROM memory_items WHERE tenant = ?1 AND namespace = ?2 AND key IN (SELECT value FROM json_each(?3))",
      )
      .bind(this.#tenant, this.#namespace, JSON.stringify(keys))
      .all<Row>();
    return results.map(itemOf);
  }

  /** The versions that are kept, the newest first. */
  async history(key: string): Promise<readonly Version[]> {
    const { results } = await this.#db
      .prepare(
        "SELECT * FROM memory_history WHERE tenant = ?1 AND namespace = ?2 AND key = ?3 ORDER BY version DESC LIMIT ?4",
      )
      .bind(this.#tenant, this.#namespace, key, LIMITS.memoryVersions)
      .all<Row>();
    return results.map((row) => ({
      version: Number(row["version"]),
      text: String(row["text"]),
      source: String(row["source"]),
      contract: String(row["contract"]),
      by: String(row["by"]),
      atMs: Number(row["at"]),
    }));
  }

  /** Items after a key, in the order of keys. */
  async page(after: string, limit: number): Promise<readonly Item[]> {
    const { results } = await this.#db
      .prepare("SELECT * FROM memory_items WHERE tenant = ?1 AND namespace = ?2 AND key > ?3 ORDER BY key LIMIT ?4")
      .bind(this.#tenant, this.#namespace, after, limit)
      .all<Row>();
    return results.map(itemOf);
  }

  async remove(key: string): Promise<boolean> {
    return (await this.removeAll([key])) > 0;
  }

  /** Keys of items of which a kept version is about a subject. K4. */
  async keysAbout(subject: string): Promise<readonly string[]> {
    const { results } = await this.#db
      .prepare("SELECT key FROM memory_subjects WHERE tenant = ?1 AND namespace = ?2 AND subject = ?3")
      .bind(this.#tenant, this.#namespace, subject)
      .all<Row>();
    return results.map((row) => String(row["key"]));
  }

  /** With their history; answers how many there were. */
  async removeAll(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0;
    const params = [this.#tenant, this.#namespace, JSON.stringify(keys)] as const;
    const of = "tenant = ?1 AND namespace = ?2 AND key IN (SELECT value FROM json_each(?3))";
    const results = await this.#db.batch([
      this.#db
        .prepare(
          `UPDATE memory_namespaces SET items = items - (SELECT COUNT(*) FROM memory_items WHERE ${of}),
             bytes = bytes - (SELECT COALESCE(SUM(${BYTES("text")}), 0) FROM memory_history WHERE ${of}) WHERE tenant = ?1 AND name = ?2`,
        )
        .bind(...params),
      this.#db.prepare(`DELETE FROM memory_items WHERE ${of}`).bind(...params),
      ...["memory_history", "memory_subjects"].map((table) =>
        this.#db.prepare(`DELETE FROM ${table} WHERE ${of}`).bind(...params),
      ),
    ]);
    return results[1]!.meta.changes;
  }

  /** From now on what began before writes nothing about the subject; to be called before its items are looked for. K5. */
  async closeTo(subject: string, nowMs: number): Promise<void> {
    await this.#db.batch([
      this.#db
        .prepare(
          "INSERT INTO memory_erased (tenant, subject, at) VALUES (?1, ?2, ?3) ON CONFLICT (tenant, subject) DO UPDATE SET at = max(at, excluded.at)",
        )
        .bind(this.#tenant, subject, nowMs),
      this.#db
        .prepare("DELETE FROM memory_erased WHERE tenant = ?1 AND at < ?2")
        .bind(this.#tenant, nowMs - LIMITS.memoryErasedMs),
    ]);
  }

  /** K3, or why nothing was written. */
  async #refused(write: Write): Promise<Result<Item>> {
    const row = await this.#row(write.key);
    const isExpected = write.expect === null || write.expect === Number(row?.["version"] ?? 0);
    if (isExpected) return err(await this.#noRoom(write));
    const isSame =
      row !== null &&
      Number(row["prior"]) === write.expect &&
      row["text"] === write.text &&
      row["source"] === write.source &&
      row["by"] === write.by;
    return isSame
      ? ok(itemOf(row))
      : err(problem("memory-moved", "The item is at another version.", { version: Number(row?.["version"] ?? 0) }));
  }

  /** Why a write was refused whose version is the expected one. */
  async #noRoom({ subjects, atMs, text }: Write): Promise<Problem> {
    const found = await this.#db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM memory_erased e JOIN json_each(?3) s ON s.value = e.subject WHERE e.tenant = ?1 AND e.at >= ?4) AS erased,
           (SELECT bytes FROM memory_namespaces WHERE tenant = ?1 AND name = ?2) AS own,
           (SELECT SUM(bytes) FROM memory_namespaces WHERE tenant = ?1) AS whole, ${BYTES("?5")} AS more`,
      )
      .bind(this.#tenant, this.#namespace, JSON.stringify(subjects), atMs, text)
      .first<{ erased: number; own: number; whole: number; more: number }>();
    const { erased = 0, own = 0, whole = 0, more = 0 } = found ?? {};
    if (erased === 1) return problem("subject-erased", "Whom this is about was erased meanwhile.");
    if (own + more > this.#maxBytes)
      return problem("memory-full", `The namespace holds ${own} of ${this.#maxBytes} bytes.`, { bytes: own });
    return whole + more > LIMITS.memoryTenantBytes
      ? problem("memory-full", `The tenant's memory holds ${whole} of ${LIMITS.memoryTenantBytes} bytes.`, {
          bytes: whole,
        })
      : problem("memory-full", `The namespace holds ${this.#maxItems} items.`);
  }

  #row(key: string): Promise<Row | null> {
    return this.#db
      .prepare("SELECT * FROM memory_items WHERE tenant = ?1 AND namespace = ?2 AND key = ?3")
      .bind(this.#tenant, this.#namespace, key)
      .first<Row>();
  }
}

const itemOf = (row: Row): Item => ({
  id: String(row["id"]),
  key: String(row["key"]),
  text: String(row["text"]),
  version: Number(row["version"]),
  atMs: Number(row["at"]),
  source: String(row["source"]),
  contract: String(row["contract"]),
  by: String(row["by"]),
  subjects: JSON.parse(String(row["subjects"])) as string[],
  expiresMs: null,
});
