/**
 * Items of one namespace with their vectors, in an object's SQLite, and in memory as one matrix while the object is warm.
 *
 * Stored: items (text and what is known of it), vectors (beside them, so that loading reads no texts), subjects of items, erasures of late.
 *
 * V1  Text, vector and row of the matrix change in one synchronous step: a search never finds a text by an older text's vector.
 * V2  Only vectors of the namespace's own embedding are searched; others wait to be made anew.
 * V3  What has expired is found by nobody, whether it is removed yet or not.
 * V4  A namespace that is full, by items or by bytes of texts, and evicts, gives up the items of least use: each writing and each finding counts one, half as much after every half-life.
 * V5  A write that began before its subject was erased changes nothing after it; nor does one that is older than what stands.
 */
import { utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { isVisible, type Item } from "./items.ts";
import { Matrix } from "./matrix.ts";
import { blobOf, itemOf, SCHEMA, timelyOf, usefulness, vectorOf, withUse, type Sql } from "./vector-rows.ts";

/** What the caller knows of the namespace. */
export type Space = {
  /** Name of the embedding (shared/memory.ts). */
  readonly embedding: string;
  readonly dimensions: number;
  readonly maxItems: number;
  /** Of texts. */
  readonly maxBytes: number;
  /** A full namespace gives up items; otherwise it refuses new ones. */
  readonly evicts: boolean;
};
export type VectorWrite = Item & {
  readonly vector: Float32Array;
  /** `canonical`: the version is the one given, and an older one changes nothing. Otherwise versions are counted here. */
  readonly versions: "own" | "canonical";
  readonly expect: number | null;
};
export type VectorRecall = {
  readonly vector: Float32Array;
  readonly top: number;
  readonly minScore: number;
  readonly notBeforeMs: number | null;
  readonly subjects: readonly string[] | null;
};
export type Found = { readonly item: Item; readonly score: number };
/** An item, and by what its vector was made. */
export type Indexed = Item & { readonly embedding: string };
export type Counts = { readonly items: number; readonly stale: number; readonly bytes: number };

type Warm = {
  readonly embedding: string;
  readonly matrix: Matrix;
  readonly factsBySlot: Map<number, { atMs: number; expiresMs: number | null; subjects: readonly string[] }>;
};

export class VectorBook {
  readonly #sql: Sql;
  #warm: Warm | null = null;
  /** Usefulness of items that were found since it was last written. */
  readonly #used = new Map<number, number>();
  /** How many items there are; counting them for each write would read every row. */
  #size: number;
  /** Of their texts. */
  #bytes: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    const [held] = this.#all("SELECT COUNT(*) AS n, COALESCE(SUM(length(CAST(text AS BLOB))), 0) AS bytes FROM items");
    this.#size = Number(held!["n"]);
    this.#bytes = Number(held!["bytes"]);
  }

  get hasUses(): boolean {
    return this.#used.size > 0;
  }

  put(space: Space, write: VectorWrite, nowMs: number): Result<Item> {
    if (write.vector.length !== space.dimensions)
      return err(problem("model-answer-invalid", "The embedding has another length than the namespace's."));
    for (const subject of write.subjects)
      if (this.#all("SELECT 1 FROM erased WHERE subject = ? AND at_ms >= ?", subject, write.atMs).length > 0)
        return err(problem("subject-erased", "Whom this is about was erased meanwhile.")); // V5
    this.#dropIfOver(write.key, nowMs);
    const old = this.#row(write.key);
    const oldItem = old === null ? null : itemOf(old);
    if (write.expect !== null && write.expect !== (oldItem?.version ?? 0))
      return err(problem("memory-moved", "The item is at another version.", { version: oldItem?.version ?? 0 }));
    if (write.versions === "canonical" && old !== null && Number(old["version"]) >= write.version)
      return ok(itemOf(old)); // V5
    const bytes = utf8(write.text).length;
    // Before anything makes room for it.
    if (bytes > space.maxBytes)
      return err(problem("memory-full", `The namespace holds ${space.maxBytes} bytes.`, { bytes: this.#bytes }));
    if (old === null && this.#size >= space.maxItems) {
      this.prune(nowMs);
      const over = this.#size + 1 - space.maxItems;
      if (over > 0 && !space.evicts) return err(problem("memory-full", `The namespace holds ${space.maxItems} items.`));
      if (over > 0) this.#evict(over);
    }
    const more = bytes - (oldItem === null ? 0 : utf8(oldItem.text).length);
    const fits = (): boolean => this.#bytes + more <= space.maxBytes;
    if (!fits()) this.prune(nowMs);
    for (; space.evicts && !fits() && this.#evict(1, write.key);) continue;
    if (!fits())
      return err(
        problem("memory-full", `The namespace holds ${this.#bytes} of ${space.maxBytes} bytes.`, {
          bytes: this.#bytes,
        }),
      );
    const version = write.versions === "own" ? this.#nextVersion() : write.version;
    const item: Item = { ...write, id: oldItem?.id ?? write.id, version };
    const useful = old === null ? usefulness(nowMs) : withUse(Number(old["useful"]), nowMs);
    this.#store(old === null ? null : Number(old["slot"]), item, space.embedding, write.vector, useful);
    return ok(item);
  }

  get(key: string, nowMs: number): Item | null {
    const row = this.#row(key);
    const item = row === null ? null : itemOf(row);
    return item === null || isOver(item, nowMs) ? null : item; // V3
  }

  recall(space: Space, asked: VectorRecall, nowMs: number): Result<readonly Found[]> {
    if (asked.vector.length !== space.dimensions)
      return err(problem("model-answer-invalid", "The embedding has another length than the namespace's."));
    const { matrix, factsBySlot } = this.#load(space);
    const near = matrix.nearest(asked.vector, asked.top, asked.minScore, (slot) => {
      const { atMs, expiresMs, subjects } = factsBySlot.get(slot)!;
      if (expiresMs !== null && expiresMs <= nowMs) return false; // V3
      return (asked.notBeforeMs === null || atMs >= asked.notBeforeMs) && isVisible(subjects, asked.subjects);
    });
    return ok(
      near.map(({ slot, score }) => {
        const [row] = this.#all("SELECT * FROM items WHERE slot = ?", slot);
        this.#used.set(slot, withUse(this.#used.get(slot) ?? Number(row!["useful"]), nowMs)); // V4
        return { item: itemOf(row!), score: Math.max(-1, Math.min(1, score)) };
      }),
    );
  }

  remove(key: string): boolean {
    const row = this.#row(key);
    if (row !== null) this.#drop(Number(row["slot"]));
    return row !== null;
  }

  about(subject: string): number {
    return this.#all("SELECT slot FROM item_subjects WHERE subject = ?", subject).length;
  }

  /** Everything about a subject, warm rows included. */
  erase(subject: string, nowMs: number): number {
    const slots = this.#all("SELECT slot FROM item_subjects WHERE subject = ?", subject);
    for (const { slot } of slots) this.#drop(Number(slot));
    this.#sql.exec("INSERT OR REPLACE INTO erased (subject, at_ms) VALUES (?, ?)", subject, nowMs);
    this.#sql.exec("DELETE FROM erased WHERE at_ms < ?", nowMs - LIMITS.memoryErasedMs);
    return slots.length;
  }

  /** Removes what has expired; answers how many. */
  prune(nowMs: number): number {
    const over = this.#all("SELECT slot FROM items WHERE expires_ms <= ?", nowMs);
    for (const { slot } of over) this.#drop(Number(slot));
    return over.length;
  }

  /** When the next item expires, or null. */
  nextExpiryMs(): number | null {
    const [row] = this.#all("SELECT MIN(expires_ms) AS at FROM items");
    return row!["at"] === null ? null : Number(row!["at"]);
  }

  /** Items after a key, in the order of keys. */
  page(after: string, limit: number): readonly Indexed[] {
    return this.#all("SELECT * FROM items WHERE key > ? ORDER BY key LIMIT ?", after, limit).map(indexedOf);
  }

  lookup(keys: readonly string[]): readonly Indexed[] {
    return keys.flatMap((key) => this.#all("SELECT * FROM items WHERE key = ?", key)).map(indexedOf);
  }

  /** Items whose vectors are of another embedding. */
  stale(space: Space, limit: number): readonly Item[] {
    return this.#all("SELECT * FROM items WHERE embedding <> ? LIMIT ?", space.embedding, limit).map(itemOf);
  }

  /** A new vector for an item that still is at this version. */
  refresh(space: Space, key: string, version: number, vector: Float32Array): boolean {
    const row = this.#row(key);
    if (row === null || Number(row["version"]) !== version || vector.length !== space.dimensions) return false;
    this.#store(Number(row["slot"]), itemOf(row), space.embedding, vector, Number(row["useful"]));
    return true;
  }

  counts(space: Space): Counts {
    const [row] = this.#all("SELECT COUNT(*) AS stale FROM items WHERE embedding <> ?", space.embedding);
    return { items: this.#size, stale: Number(row!["stale"]), bytes: this.#bytes };
  }

  flushUses(): void {
    for (const [slot, useful] of this.#used) this.#sql.exec("UPDATE items SET useful = ? WHERE slot = ?", useful, slot);
    this.#used.clear();
  }

  /** The least useful, but for the item that is being written; false where there is none. */
  #evict(count: number, but = ""): boolean {
    this.flushUses();
    const least = this.#all("SELECT slot FROM items WHERE key <> ? ORDER BY useful, slot LIMIT ?", but, count);
    for (const { slot } of least) this.#drop(Number(slot));
    return least.length > 0;
  }

  /** V1: rows of storage and of the matrix in one step. */
  #store(known: number | null, item: Item, embedding: string, vector: Float32Array, useful: number): void {
    const { id, key, text, version, atMs, expiresMs, source, contract, by, subjects } = item;
    const about = subjects.length === 0 ? null : JSON.stringify(subjects);
    this.#bytes += utf8(text).length - (known === null ? 0 : this.#bytesOf(known));
    const [row] = this.#all(
      "INSERT OR REPLACE INTO items (slot, id, key, text, version, at_ms, expires_ms, source, contract, by, subjects, embedding, useful) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING slot",
      known,
      id,
      key,
      text,
      version,
      atMs,
      expiresMs,
      source,
      contract,
      by,
      about,
      embedding,
      useful,
    );
    const slot = Number(row!["slot"]);
    if (known === null) this.#size++;
    this.#sql.exec(
      "INSERT OR REPLACE INTO vectors (slot, embedding, at_ms, expires_ms, subjects, vector) VALUES (?, ?, ?, ?, ?, ?)",
      slot,
      embedding,
      atMs,
      expiresMs,
      about,
      blobOf(vector),
    );
    this.#sql.exec("DELETE FROM item_subjects WHERE slot = ?", slot);
    for (const subject of subjects)
      this.#sql.exec("INSERT OR IGNORE INTO item_subjects (subject, slot) VALUES (?, ?)", subject, slot);
    this.#used.delete(slot);
    if (this.#warm === null) return;
    if (this.#warm.embedding !== embedding) return void (this.#warm = null);
    this.#warm.matrix.set(slot, vector);
    this.#warm.factsBySlot.set(slot, { atMs, expiresMs, subjects });
  }

  #dropIfOver(key: string, nowMs: number): void {
    const row = this.#row(key);
    if (row !== null && isOver(itemOf(row), nowMs)) this.#drop(Number(row["slot"]));
  }

  #bytesOf(slot: number): number {
    const [row] = this.#all("SELECT length(CAST(text AS BLOB)) AS bytes FROM items WHERE slot = ?", slot);
    return Number(row?.["bytes"] ?? 0);
  }

  #drop(slot: number): void {
    this.#bytes -= this.#bytesOf(slot);
    for (const table of ["items", "vectors", "item_subjects"])
      this.#sql.exec(`DELETE FROM ${table} WHERE slot = ?`, slot);
    this.#size--;
    this.#used.delete(slot);
    this.#warm?.matrix.delete(slot);
    this.#warm?.factsBySlot.delete(slot);
  }

  /** The matrix, read from storage where the object is cold or the embedding has changed. V2. */
  #load({ embedding, dimensions }: Space): Warm {
    if (this.#warm !== null && this.#warm.embedding === embedding) return this.#warm;
    const [counted] = this.#all("SELECT COUNT(*) AS n FROM vectors WHERE embedding = ?", embedding);
    const warm: Warm = { embedding, matrix: new Matrix(dimensions, Number(counted!["n"])), factsBySlot: new Map() };
    for (let last = -1; ;) {
      const rows = this.#all(
        "SELECT slot, at_ms, expires_ms, subjects, vector FROM vectors WHERE slot > ? AND embedding = ? ORDER BY slot LIMIT 500",
        last,
        embedding,
      );
      for (const row of rows) {
        const slot = Number(row["slot"]);
        warm.matrix.set(slot, vectorOf(row["vector"]));
        warm.factsBySlot.set(slot, { atMs: Number(row["at_ms"]), ...timelyOf(row) });
        last = slot;
      }
      if (rows.length === 0) break;
    }
    this.#warm = warm;
    return warm;
  }

  #nextVersion(): number {
    const [row] = this.#all(
      "INSERT INTO counters (name, value) VALUES ('version', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
    );
    return Number(row!["value"]);
  }

  #row(key: string) {
    return this.#all("SELECT * FROM items WHERE key = ?", key)[0] ?? null;
  }

  #all(text: string, ...params: (string | number | null)[]) {
    return this.#sql.exec(text, ...params).toArray();
  }
}

const indexedOf = (row: Parameters<typeof itemOf>[0]): Indexed => ({
  ...itemOf(row),
  embedding: String(row["embedding"]),
});
const isOver = ({ expiresMs }: Item, nowMs: number): boolean => expiresMs !== null && expiresMs <= nowMs;
