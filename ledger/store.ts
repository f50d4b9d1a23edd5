/**
 * The ledger's database as the sequencer uses it: the state of a log read back, and a batch written as one transaction.
 */
import { fromHex, toHex } from "../shared/bytes.ts";
import { hashesAtLevel, TILE_WIDTH, type Tile } from "../shared/tlog/tile-paths.ts";
import type { TileData } from "../shared/tlog/tiles.ts";
import { LIMITS } from "../shared/limits.ts";
import type { ArrivedEntry } from "./arrival.ts";
import type { Cursor, Head } from "./batch.ts";

/** Everything that one batch writes. */
export type Batch = {
  readonly tenant: string;
  readonly prevHash: string | null;
  readonly head: Head;
  readonly atMs: number;
  /** Index of the first entry. */
  readonly firstIndex: number;
  readonly entries: readonly (ArrivedEntry & { readonly executor: string })[];
  readonly tiles: readonly TileData[];
  readonly moved: ReadonlyMap<string, Cursor>;
  /** What else stands or falls with it. */
  readonly also?: readonly D1PreparedStatement[];
};

/** How a write ended. `unknown`: the database did not answer, and may or may not have written. */
export type Written = "written" | "head-moved" | "unknown";

/** Texts that each hold a JSON array of rows and stay below what D1 takes as one parameter. */
export function chunksOf(rows: readonly unknown[]): string[] {
  const chunks: string[] = [];
  let chunk: string[] = [];
  let bytes = 2;
  for (const row of rows) {
    const text = JSON.stringify(row);
    // One UTF-16 unit is at most three bytes of UTF-8, and the comma.
    const size = text.length * 3 + 1;
    if (chunk.length > 0 && bytes + size > LIMITS.insertChunkBytes) {
      chunks.push(`[${chunk.join(",")}]`);
      chunk = [];
      bytes = 2;
    }
    chunk.push(text);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(`[${chunk.join(",")}]`);
  return chunks;
}

/** D1 takes 100 parameters a statement; three are not bodies. */
const BODIES_PER_INSERT = 97;

/**
 * Inserts up to 97 entries. Bodies are bound one by one and only what surrounds them travels as JSON: quoting a body inside JSON and
 * taking it out again costs about three times as much.
 */
function insertEntries(
  db: D1Database,
  tenant: string,
  firstIndex: number,
  entries: Batch["entries"],
): D1PreparedStatement {
  const around = entries.map((e) => [e.executor, e.fromSeq, e.toSeq, e.task, e.type]);
  const bodies = entries.map((_, i) => `(${i}, ?${i + 4})`).join(", ");
  return db
    .prepare(
      `WITH bodies (at, body) AS (VALUES ${bodies})
       INSERT INTO entries (tenant, idx, body, executor, from_seq, to_seq, task, type)
       SELECT ?1, ?2 + at, body, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
       FROM json_each(?3) CROSS JOIN bodies ON at = key`,
    )
    .bind(tenant, firstIndex, JSON.stringify(around), ...entries.map(({ body }) => body));
}

/** Writes a batch, all of it or nothing. The insert of its head is the compare-and-swap. `sized` is told how large the database is then. */
export async function writeBatch(
  db: D1Database,
  batch: Batch,
  sized: (bytes: number) => void = () => {},
): Promise<Written> {
  const { tenant, head, firstIndex } = batch;
  const statements = [
    db
      .prepare(
        "INSERT INTO batches (tenant, seq, prev_hash, hash, size, root, note, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .bind(tenant, head.seq, batch.prevHash, head.hash, head.size, head.root, head.note, batch.atMs),
  ];
  for (let at = 0; at < batch.entries.length; at += BODIES_PER_INSERT)
    statements.push(insertEntries(db, tenant, firstIndex + at, batch.entries.slice(at, at + BODIES_PER_INSERT)));
  for (const chunk of chunksOf(
    batch.tiles.map(({ tile, bytes }) => [tile.level, tile.index, tile.width, toHex(bytes)]),
  ))
    statements.push(
      db
        .prepare(
          `INSERT INTO tiles (tenant, level, idx, width, hashes)
           SELECT ?1, value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3) FROM json_each(?2) WHERE true
           ON CONFLICT DO UPDATE SET width = excluded.width, hashes = excluded.hashes`,
        )
        .bind(tenant, chunk),
    );
  for (const chunk of chunksOf([...batch.moved].map(([executor, { seq, hash }]) => [executor, seq, hash])))
    statements.push(
      db
        .prepare(
          `INSERT INTO executor_cursors (tenant, executor, seq, hash)
           SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2) WHERE true
           ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash`,
        )
        .bind(tenant, chunk),
    );
  statements.push(...(batch.also ?? []));
  try {
    sized(bytesOf((await db.batch(statements)).at(-1)!));
    return "written";
  } catch (cause) {
    return isConstraint(cause) ? "head-moved" : "unknown";
  }
}

/** Size of the whole database as the answer to a statement names it; 0 where it does not. */
export const bytesOf = (result: { readonly meta?: { readonly size_after?: number } }): number =>
  result.meta?.size_after ?? 0;

/** Whether the database refused a row, as opposed to not answering. */
export const isConstraint = (cause: unknown): boolean => /constraint failed/i.test(String(cause));

/** The newest batch of a tenant, or null before the first. */
export const readHead = (db: D1Database, tenant: string): Promise<Head | null> =>
  db
    .prepare("SELECT seq, hash, size, root, note FROM batches WHERE tenant = ? ORDER BY seq DESC LIMIT 1")
    .bind(tenant)
    .first<Head>();

/** Head and cursors as of one moment. */
export async function readLog(
  db: D1Database,
  tenant: string,
): Promise<{ head: Head | null; cursors: Map<string, Cursor>; databaseBytes: number }> {
  const [heads, cursors] = await db.batch<Head & Cursor & { executor: string }>([
    db
      .prepare("SELECT seq, hash, size, root, note FROM batches WHERE tenant = ? ORDER BY seq DESC LIMIT 1")
      .bind(tenant),
    db.prepare("SELECT executor, seq, hash FROM executor_cursors WHERE tenant = ?").bind(tenant),
  ]);
  return {
    head: heads!.results[0] ?? null,
    cursors: new Map(cursors!.results.map(({ executor, seq, hash }) => [executor, { seq, hash }])),
    databaseBytes: bytesOf(cursors!),
  };
}

const tileKey = (level: number | "entries", index: number): string => `${level}/${index}`;

/** The stored bytes of tiles, each at least as wide as asked for. What is not stored is left out. */
export async function readTiles(db: D1Database, tenant: string, tiles: readonly Tile[]): Promise<TileCache> {
  const cache = new TileCache();
  if (tiles.length === 0) return cache;
  const { results } = await db
    .prepare(
      `SELECT t.level, t.idx, hex(t.hashes) AS hashes FROM json_each(?2) AS j
       CROSS JOIN tiles AS t ON t.tenant = ?1 AND t.level = j.value ->> 0 AND t.idx = j.value ->> 1`,
    )
    .bind(tenant, JSON.stringify(tiles.map(({ level, index }) => [level, index])))
    .all<{ level: number; idx: number; hashes: string }>();
  for (const { level, idx, hashes } of results) cache.put(level, idx, fromHex(hashes.toLowerCase())!);
  return cache;
}

/** Tiles in memory, the least recently written ones dropped first. A wider tile begins with the narrower ones, so any width may be read from it. */
export class TileCache {
  readonly #bytesByKey = new Map<string, Uint8Array>();

  put(level: number | "entries", index: number, bytes: Uint8Array): void {
    const key = tileKey(level, index);
    this.#bytesByKey.delete(key);
    this.#bytesByKey.set(key, bytes);
    if (this.#bytesByKey.size > LIMITS.sequencerTiles) this.#bytesByKey.delete(this.#bytesByKey.keys().next().value!);
  }

  /** The tile at exactly its width, or undefined where it is absent or not that wide yet. */
  readonly get = ({ level, index, width }: Tile): Uint8Array | undefined => {
    const bytes = this.#bytesByKey.get(tileKey(level, index));
    return bytes === undefined || bytes.length < width * 32 ? undefined : bytes.subarray(0, width * 32);
  };
}

/** The partial tiles at the right edge of a tree: what a TileBuilder goes on from. */
export function edgeTiles(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level);
    if (count % TILE_WIDTH > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width: count % TILE_WIDTH });
  }
  return tiles;
}
