/** The stored form of a namespace's items and vectors: its tables, and from a row to an item and back. */
import { LIMITS } from "../../shared/limits.ts";
import type { Item } from "./items.ts";

export type Sql = Pick<SqlStorage, "exec">;
type Row = { readonly [column: string]: unknown };

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (slot INTEGER PRIMARY KEY, id TEXT NOT NULL, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, expires_ms INTEGER, source TEXT NOT NULL, contract TEXT NOT NULL, by TEXT NOT NULL, subjects TEXT, embedding TEXT NOT NULL, useful REAL NOT NULL);
  CREATE INDEX IF NOT EXISTS items_by_use ON items (useful, slot);
  CREATE INDEX IF NOT EXISTS items_by_expiry ON items (expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS vectors (slot INTEGER PRIMARY KEY, embedding TEXT NOT NULL, at_ms INTEGER NOT NULL, expires_ms INTEGER, subjects TEXT, vector BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS item_subjects (subject TEXT NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (subject, slot)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS item_subjects_by_slot ON item_subjects (slot);
  CREATE TABLE IF NOT EXISTS erased (subject TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`;

/** Whom a row is about, and when it ends. */
export const timelyOf = (row: Row): Pick<Item, "subjects" | "expiresMs"> => ({
  subjects: row["subjects"] === null ? [] : (JSON.parse(String(row["subjects"])) as string[]),
  expiresMs: row["expires_ms"] === null ? null : Number(row["expires_ms"]),
});
export const itemOf = (row: Row): Item => ({
  id: String(row["id"]),
  key: String(row["key"]),
  text: String(row["text"]),
  version: Number(row["version"]),
  atMs: Number(row["at_ms"]),
  source: String(row["source"]),
  contract: String(row["contract"]),
  by: String(row["by"]),
  ...timelyOf(row),
});

/** Float32, little endian, as every platform of workerd has it. */
export const blobOf = (vector: Float32Array): ArrayBuffer =>
  vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength) as ArrayBuffer;
export const vectorOf = (blob: unknown): Float32Array => new Float32Array(blob as ArrayBuffer);

/**
 * Usefulness as the logarithm of a sum in which each use counts 2^(time in half-lives): it needs no update as time goes by, and comparing two
 * items at any moment gives the same answer.
 */
export const usefulness = (nowMs: number): number => nowMs / LIMITS.memoryHalfLifeMs;
export function withUse(useful: number, nowMs: number): number {
  const use = usefulness(nowMs);
  const [more, less] = useful > use ? [useful, use] : [use, useful];
  return more + Math.log2(1 + 2 ** (less - more));
}
