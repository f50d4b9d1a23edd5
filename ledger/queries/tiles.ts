/**
 * Tiles by path (C2SP tlog-tiles): hash tiles as stored, entry bundles made from the entries.
 */
import { utf8 } from "../../shared/bytes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { encodeEntryBundle, hashesAtLevel, parseTilePath, TILE_WIDTH, type Tile } from "../../shared/tlog/tiles.ts";
import { readEntries, readTiles, type LogStore } from "../outside/log-store.ts";

/** Returns tile-malformed for another spelling than that of a tile, not-found where the log of this size has no such tile. */
export async function tileByPath(
  store: LogStore,
  tenant: string,
  size: number,
  path: string,
): Promise<Result<Uint8Array>> {
  const parsed = parseTilePath(path);
  if (!parsed.ok) return parsed;
  const tile = parsed.value;
  const level = tile.level === "entries" ? 0 : tile.level;
  if (tile.index * TILE_WIDTH + tile.width > hashesAtLevel(size, level))
    return err(problem("not-found", "The log has no such tile."));
  return tile.level === "entries" ? entryBundle(store, tenant, tile) : hashTile(store, tenant, tile);
}

async function hashTile(store: LogStore, tenant: string, tile: Tile): Promise<Result<Uint8Array>> {
  const bytes = (await readTiles(store, tenant, [tile])).get(tile);
  if (bytes === undefined) throw new Error(`tile ${tile.level}/${tile.index} is not stored`);
  return ok(bytes.slice());
}

async function entryBundle(store: LogStore, tenant: string, { index, width }: Tile): Promise<Result<Uint8Array>> {
  const rows = await readEntries(store, tenant, index * TILE_WIDTH, width);
  if (rows.length !== width) throw new Error(`bundle ${index} is not stored completely`);
  return encodeEntryBundle(rows.map(({ body }) => utf8(body)));
}
