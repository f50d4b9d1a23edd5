/**
 * Proofs over the stored tiles: which tiles a proof reads is known first, so they are fetched together and the proof is made without waiting.
 */
import { toBase64 } from "../../shared/bytes.ts";
import {
  consistencyNodes,
  consistencyProof,
  inclusionNodes,
  inclusionProof,
  type HashAt,
  type Node,
} from "../../shared/tlog/tree.ts";
import { hashAtTiles, tilesOfNodes, type GetTile, type Tile } from "../../shared/tlog/tiles.ts";
import type { KnownNodes } from "./known-nodes.ts";

/** Fetches tiles; the reader gives each of them at its width. */
export type FetchTiles = (tiles: readonly Tile[]) => Promise<GetTile>;

/** Reads what is known from there and the rest from tiles, which is then known too. */
async function readerOf(
  nodes: readonly Node[],
  size: number,
  fetch: FetchTiles,
  known?: Pick<KnownNodes, "get" | "put">,
): Promise<HashAt> {
  const missing =
    known === undefined ? nodes : nodes.filter(({ level, index }) => known.get(level, index) === undefined);
  const stored = hashAtTiles(size, await fetch(tilesOfNodes(missing, size)));
  if (known === undefined) return stored;
  return (level, index) => {
    const found = known.get(level, index);
    if (found !== undefined) return found;
    const hash = stored(level, index);
    known.put(level, index, hash);
    return hash;
  };
}

/** RFC 6962 consistency proof in base64. Throws a RangeError unless from <= to. */
export async function consistencyOf(
  from: number,
  to: number,
  fetch: FetchTiles,
  known?: Pick<KnownNodes, "get" | "put">,
): Promise<string[]> {
  const hashAt = await readerOf(consistencyNodes(from, to), to, fetch, known);
  return consistencyProof(from, to, hashAt).map(toBase64);
}

/** Leaf hash and RFC 6962 inclusion proof in base64. Throws a RangeError unless index < size. */
export async function inclusionOf(
  index: number,
  size: number,
  fetch: FetchTiles,
): Promise<{ leafHash: string; proof: string[] }> {
  const nodes = [...inclusionNodes(index, size), { level: 0, index }];
  const hashAt = await readerOf(nodes, size, fetch);
  return { leafHash: toBase64(hashAt(0, index)), proof: inclusionProof(index, size, hashAt).map(toBase64) };
}

/** Entries whose proofs are made from tiles that are fetched together: each may need tiles of its own at every level. */
const TOGETHER = 32;

/** The RFC 6962 inclusion proofs of many entries, in base64. Throws a RangeError unless every index < size. */
export async function inclusionsOf(indexes: readonly number[], size: number, fetch: FetchTiles): Promise<string[][]> {
  const hashByNode = new Map<string, Uint8Array>();
  const known = {
    get: (level: number, index: number) => hashByNode.get(`${level}/${index}`),
    put: (level: number, index: number, hash: Uint8Array) => void hashByNode.set(`${level}/${index}`, hash),
  };
  const proofs: string[][] = [];
  for (let from = 0; from < indexes.length; from += TOGETHER) {
    const some = indexes.slice(from, from + TOGETHER);
    const nodes = some.flatMap((index) => inclusionNodes(index, size));
    const hashAt = await readerOf(nodes, size, fetch, known);
    proofs.push(...some.map((index) => inclusionProof(index, size, hashAt).map(toBase64)));
  }
  return proofs;
}
