/**
 * Reading a log that stands in two places: the database, and for what is older the archive. Every reader of entries and tiles goes through here.
 *
 * S1  An entry whose body is empty in the database is read from its bundle in the archive, and the bundle is compared with the hashes that
 *     the database keeps: an archive that was changed gives no answer, never a false one.
 * S2  A full hash tile that the database does not have is read from the archive.
 */
import { equalBytes, fromUtf8 } from "../../shared/bytes.ts";
import type { EntryRow } from "../../shared/rpc/ledger.ts";
import { decodeEntryBundle } from "../../shared/tlog/entry-bundle.ts";
import { HASH_BYTES, leafHash } from "../../shared/tlog/hash.ts";
import { TILE_WIDTH, type Tile } from "../../shared/tlog/tile-paths.ts";
import { readTiles as readStoredTiles, type TileCache } from "../store.ts";
import { tileName, type EpochMark } from "./names.ts";

export type LogStore = {
  readonly db: D1Database;
  /** Null where there is none: then everything is in the database. */
  readonly archive: R2Bucket | null;
};

export const readEpochs = async (db: D1Database, tenant: string): Promise<EpochMark[]> =>
  (
    await db
      .prepare('SELECT number, from_bundle AS "fromBundle" FROM epochs WHERE tenant = ? ORDER BY number')
      .bind(tenant)
      .all<EpochMark>()
  ).results;

/** Tiles as stored, each at least as wide as asked for; what neither place has is left out. Throws where one does not answer. */
export async function readTiles({ db, archive }: LogStore, tenant: string, tiles: readonly Tile[]): Promise<TileCache> {
  const found = await readStoredTiles(db, tenant, tiles);
  const missing = tiles.filter((tile) => tile.width === TILE_WIDTH && found.get(tile) === undefined);
  if (missing.length === 0 || archive === null) return found;
  const epochs = await readEpochs(db, tenant);
  for (const tile of missing) {
    const object = await archive.get(tileName(tenant, epochs, tile));
    if (object !== null) found.put(tile.level, tile.index, new Uint8Array(await object.arrayBuffer()));
  }
  return found;
}

/** Whether entries are those of a full tile of leaf hashes. */
export const isBundleOf = (entries: readonly Uint8Array[], hashes: Uint8Array): boolean =>
  hashes.length === entries.length * HASH_BYTES &&
  entries.every((entry, i) => equalBytes(leafHash(entry), hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));

/** The entries of a full bundle out of the archive, checked against the tree. Throws where they are absent or others. */
export async function readArchived(
  store: LogStore,
  tenant: string,
  epochs: readonly EpochMark[],
  index: number,
): Promise<readonly Uint8Array[]> {
  const bundle: Tile = { level: "entries", index, width: TILE_WIDTH };
  const name = tileName(tenant, epochs, bundle);
  const object = await store.archive?.get(name);
  if (object === null || object === undefined) throw new Error(`the archive does not hold ${name}`);
  const entries = decodeEntryBundle(new Uint8Array(await object.arrayBuffer()), TILE_WIDTH);
  const leaves: Tile = { level: 0, index, width: TILE_WIDTH };
  const hashes = (await readTiles(store, tenant, [leaves])).get(leaves);
  if (!entries.ok || hashes === undefined || !isBundleOf(entries.value, hashes))
    throw new Error(`${name} does not hold the entries of this log`);
  return entries.value;
}

/**
 * The rows with their bodies, in their order; fewer of them where `chars` of text or `bundles` of the archive are passed, but at least one.
 * One bundle is held at a time.
 */
export async function withBodies<Row extends EntryRow>(
  store: LogStore,
  tenant: string,
  rows: readonly Row[],
  chars = Number.POSITIVE_INFINITY,
  bundles = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const full: Row[] = [];
  let epochs: readonly EpochMark[] | null = null;
  let held = -1;
  let bundle: readonly Uint8Array[] = [];
  let read = 0;
  let length = 0;
  for (const row of rows) {
    let { body } = row;
    if (body === "") {
      const index = Math.floor(row.index / TILE_WIDTH);
      if (held !== index) {
        if (read >= bundles && full.length > 0) break;
        read += 1;
        epochs ??= await readEpochs(store.db, tenant);
        bundle = await readArchived(store, tenant, epochs, index);
        held = index;
      }
      body = fromUtf8(bundle[row.index % TILE_WIDTH]!)!;
    }
    if (length + body.length > chars && full.length > 0) break;
    length += body.length;
    full.push({ ...row, body });
  }
  return full;
}

/** The entries of a range of the log. */
export async function readEntries(store: LogStore, tenant: string, from: number, limit: number): Promise<EntryRow[]> {
  const { results } = await store.db
    .prepare('SELECT idx AS "index", body FROM entries WHERE tenant = ? AND idx >= ? ORDER BY idx LIMIT ?')
    .bind(tenant, from, limit)
    .all<EntryRow>();
  return withBodies(store, tenant, results);
}
