/**
 * Tiles of hashes (C2SP tlog-tiles, height 8): built from leaf hashes as they come, and read back as the tree they hold.
 *
 * T1  A tile is written once per width; a wider tile begins with the bytes of the narrower one.
 * T2  A hash enters the level above only when its whole tile is full.
 */
import { concat, type Bytes } from "../bytes.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { assertCount } from "./arithmetic.ts";
import { HASH_BYTES, nodeHash } from "./hash.ts";
import { hashesAtLevel, TILE_HEIGHT, TILE_WIDTH, tileOfNode, tilePath, type Tile } from "./tile-paths.ts";
import type { HashAt, Node } from "./tree.ts";

export * from "./entry-bundle.ts";
export * from "./tile-paths.ts";

/** A tile with its bytes: its hashes, one after another. */
export type TileData = { readonly tile: Tile; readonly bytes: Bytes };

/** Gives the bytes of a hash tile of exactly this width, or undefined where there is none. */
export type GetTile = (tile: Tile) => Uint8Array | undefined;

const unknown = (): undefined => undefined;

/** The root over a power of two of hashes. */
function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i]!, row[2 * i + 1]!));
  return row[0]!;
}

/**
 * The hashes of a tile.
 * @returns tile-malformed unless there are exactly as many bytes as the width says.
 */
export function decodeTile(tile: Tile, bytes: Uint8Array): Result<Uint8Array[]> {
  if (bytes.length !== tile.width * HASH_BYTES)
    return err(problem("tile-malformed", `${tilePath(tile)} has ${bytes.length} bytes`));
  return ok(Array.from({ length: tile.width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
}

/**
 * Reads a tree out of its tiles. What is read is as true as the tiles are: compare the root before believing it.
 * The reader throws where a tile is absent or malformed: fetch `tilesOfNodes` first, and check them with `decodeTile` if they come from outside.
 */
export function hashAtTiles(size: number, getTile: GetTile): HashAt {
  return (level, index) => {
    const width = 2 ** (level % TILE_HEIGHT);
    const tile = tileOfNode(level, index, size);
    const from = (index * width) % TILE_WIDTH;
    const bytes = getTile(tile);
    if (bytes === undefined) throw new Error(`${tilePath(tile)} is not there`);
    const hashes = decodeTile(tile, bytes);
    if (!hashes.ok) throw new Error(hashes.problem.detail);
    if (from + width > tile.width)
      throw new RangeError(`the tree of size ${size} has no complete subtree ${level}/${index}`);
    return perfectRoot(hashes.value.slice(from, from + width));
  };
}

/** The tiles in which these complete subtrees stand, each once: what to fetch before making a proof. */
export function tilesOfNodes(nodes: readonly Node[], size: number): Tile[] {
  const tileByPath = new Map<string, Tile>();
  for (const { level, index } of nodes) {
    const tile = tileOfNode(level, index, size);
    tileByPath.set(tilePath(tile), tile);
  }
  return [...tileByPath.values()];
}

/**
 * Builds the tiles of a growing tree. It keeps the unfinished tile of each level and nothing else: at most 255 hashes for each of 7 levels.
 */
export class TileBuilder {
  #size = 0;
  /** Per level the hashes of its unfinished tile. */
  readonly #tails: Uint8Array[][] = [];

  /** A builder for the empty tree, or one that goes on where a tree of a size ended, from its partial tiles. Throws where one is missing. */
  constructor(size = 0, getTile: GetTile = () => undefined) {
    assertCount(size, "size");
    this.#size = size;
    for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
      const count = hashesAtLevel(size, level);
      const width = count % TILE_WIDTH;
      if (width === 0) {
        this.#tails[level] = [];
        continue;
      }
      const tile = { level, index: Math.floor(count / TILE_WIDTH), width };
      const hashes = decodeTile(tile, getTile(tile) ?? new Uint8Array(0));
      if (!hashes.ok) throw new Error(hashes.problem.detail);
      this.#tails[level] = hashes.value;
    }
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Takes the next leaf and returns the tiles that it filled, the lowest level first: nearly always none. The root over a full tile is taken
   * from `known`, where that has it, and otherwise made of its 256 hashes.
   */
  push(leafHash: Uint8Array, known: (level: number, index: number) => Uint8Array | undefined = unknown): TileData[] {
    if (leafHash.length !== HASH_BYTES) throw new RangeError("a leaf hash has 32 bytes");
    this.#size++;
    const full: TileData[] = [];
    let hash = leafHash;
    for (let level = 0; ; level++) {
      const tail = (this.#tails[level] ??= []);
      tail.push(hash);
      if (tail.length < TILE_WIDTH) return full;
      const index = hashesAtLevel(this.#size, level) / TILE_WIDTH - 1;
      full.push({ tile: { level, index, width: TILE_WIDTH }, bytes: concat(...tail) });
      hash = known((level + 1) * TILE_HEIGHT, index) ?? perfectRoot(tail);
      this.#tails[level] = [];
    }
  }

  /** The partial tiles of the tree as it stands, the lowest level first. */
  partials(): TileData[] {
    return this.#tails.flatMap((tail, level) => {
      if (tail.length === 0) return [];
      const index = Math.floor(hashesAtLevel(this.#size, level) / TILE_WIDTH);
      return [{ tile: { level, index, width: tail.length }, bytes: concat(...tail) }];
    });
  }
}

/**
 * The tiles that appending these leaves changes, with their bytes: the tiles of `tilesChangedBy`, in another order.
 * `getTile` gives the partial tiles of the old tree.
 */
export function extendTiles(oldSize: number, leafHashes: Iterable<Uint8Array>, getTile?: GetTile): TileData[] {
  const builder = new TileBuilder(oldSize, getTile);
  const changed: TileData[] = [];
  for (const leafHash of leafHashes) changed.push(...builder.push(leafHash));
  const isNew = ({ tile }: TileData) =>
    hashesAtLevel(oldSize, tile.level as number) < tile.index * TILE_WIDTH + tile.width;
  return [...changed, ...builder.partials().filter(isNew)];
}
