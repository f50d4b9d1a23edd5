/**
 * Names of tiles (C2SP tlog-tiles): which tiles a tree has, and how their paths are spelled. Each tile has exactly one spelling.
 */
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { assertCount, isCount, parseCount } from "./arithmetic.ts";

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** Tree levels that one tile level spans: 2^8 = 256. */
export const TILE_HEIGHT = 8;

/** The highest level that a path may name. A tree of a safe size reaches level 6. */
const MAX_LEVEL = 63;

/** A tile of hashes, or, at level "entries", a bundle of entries. Partial where width < 256. */
export type Tile = {
  readonly level: number | "entries";
  readonly index: number;
  readonly width: number;
};

/** `x001/x234/067` for 1234067. */
function spellIndex(index: number): string {
  const groups: string[] = [];
  let rest = index;
  do {
    groups.unshift(String(rest % 1000).padStart(3, "0"));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
}

/** The path below the log's prefix: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`. */
export function tilePath({ level, index, width }: Tile): string {
  assertCount(index, "index");
  const path = `tile/${level}/${spellIndex(index)}`;
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

/**
 * The tile that a path names. Only the spelling of `tilePath` is accepted.
 * @returns the tile, or tile-malformed (an HTTP route answers that with 404).
 */
export function parseTilePath(path: string): Result<Tile> {
  const refused = err(problem("tile-malformed", "the path is not that of a tile"));
  // Six groups of three digits hold every safe integer; the bound keeps the work on hostile paths small.
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) return refused;
  const [, levelText, indexText, widthText] = match;
  const level = levelText === "entries" ? levelText : parseCount(levelText!);
  const index = Number(indexText!.replace(/[x/]/g, ""));
  const width = widthText === undefined ? TILE_WIDTH : parseCount(widthText);
  if (level === null || (level !== "entries" && level > MAX_LEVEL)) return refused;
  if (!isCount(index) || spellIndex(index) !== indexText) return refused;
  if (width === null || width === 0 || (widthText !== undefined && width >= TILE_WIDTH)) return refused;
  return ok({ level, index, width });
}

/** How many hashes a level of tiles holds for the tree of a size: one per complete subtree of 256^level leaves. */
export const hashesAtLevel = (size: number, level: number): number => Math.floor(size / TILE_WIDTH ** level);

/** The tile that holds a given hash of a level, as wide as the tree of this size has it. */
function tileHolding(hashIndex: number, level: number, size: number): Tile {
  const index = Math.floor(hashIndex / TILE_WIDTH);
  return {
    level,
    index,
    width: Math.min(TILE_WIDTH, hashesAtLevel(size, level) - index * TILE_WIDTH),
  };
}

/** The bundle that holds an entry in the log of a size. */
export function entryBundleOf(entryIndex: number, size: number): Tile {
  if (!isCount(entryIndex) || !isCount(size) || entryIndex >= size)
    throw new RangeError(`a log of size ${size} has no entry ${entryIndex}`);
  return { ...tileHolding(entryIndex, 0, size), level: "entries" };
}

/** The hash tile from which the complete subtree (level, index) can be computed in the tree of a size. */
export function tileOfNode(level: number, index: number, size: number): Tile {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  return tileHolding(index * 2 ** (level % TILE_HEIGHT), tileLevel, size);
}

/**
 * The hash tiles of the new tree that the old one did not have, or not as wide; levels upwards, indexes upwards.
 * The tiles of one tree are `tilesChangedBy(0, size)`.
 */
export function tilesChangedBy(oldSize: number, newSize: number): Tile[] {
  assertCount(oldSize, "oldSize");
  assertCount(newSize, "newSize");
  if (oldSize > newSize) throw new RangeError(`size ${newSize} is smaller than ${oldSize}`);
  const tiles: Tile[] = [];
  for (let level = 0; hashesAtLevel(newSize, level) > 0; level++) {
    const newCount = hashesAtLevel(newSize, level);
    let at = hashesAtLevel(oldSize, level);
    if (at === newCount) break; // nothing completed here, so nothing above
    for (at -= at % TILE_WIDTH; at < newCount; at += TILE_WIDTH) tiles.push(tileHolding(at, level, newSize));
  }
  return tiles;
}

/** The entry bundles of the new log that the old one did not have, or not as wide. */
export const bundlesChangedBy = (oldSize: number, newSize: number): Tile[] =>
  tilesChangedBy(oldSize, newSize)
    .filter(({ level }) => level === 0)
    .map((tile) => ({ ...tile, level: "entries" }));
