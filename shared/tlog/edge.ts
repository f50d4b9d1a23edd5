/**
 * The right edge of a tree: the hashes of its complete subtrees, the largest first. It is all that a log has to keep in order to
 * append and to compute its root: at most 53 hashes at any size.
 *
 * Invariant: hashes.length equals the number of bits set in size; each hash covers the power of two of its bit.
 */
import { assertCount, half, isOdd, subtreeCount } from "./arithmetic.ts";
import { emptyRoot, HASH_BYTES, nodeHash } from "./hash.ts";

export type Edge = {
  /** How many leaves the tree has. */
  readonly size: number;
  /** Complete subtrees from left to right, so from the largest to the smallest. */
  readonly hashes: readonly Uint8Array[];
};

export const emptyEdge: Edge = { size: 0, hashes: [] };

/** An edge read back from storage. Throws where the hashes cannot be the edge of a tree of that size. */
export function edgeOf(size: number, hashes: readonly Uint8Array[]): Edge {
  assertCount(size, "size");
  if (hashes.length !== subtreeCount(size) || hashes.some((hash) => hash.length !== HASH_BYTES))
    throw new RangeError(`${hashes.length} hashes are not the edge of a tree of size ${size}`);
  return { size, hashes };
}

/** Is told of each complete subtree that comes to stand in a tree, with its hash; see `Node`. */
export type SeeNode = (level: number, index: number, hash: Uint8Array) => void;

/** The edge after one more leaf, which completes subtrees: `see` is told of each, the leaf first. The edge that is passed in stays as it is. */
export function appendLeaf(edge: Edge, leaf: Uint8Array, see?: SeeNode): Edge {
  assertCount(edge.size + 1, "size");
  if (leaf.length !== HASH_BYTES) throw new RangeError("a leaf hash has 32 bytes");
  const hashes = edge.hashes.slice();
  let hash = leaf;
  let level = 0;
  let index = edge.size;
  see?.(level, index, hash);
  // Each bit that a carry clears joins the subtree to its left with the one just completed.
  for (; isOdd(index); see?.(level, index, hash)) {
    hash = nodeHash(hashes.pop()!, hash);
    level += 1;
    index = half(index);
  }
  hashes.push(hash);
  return { size: edge.size + 1, hashes };
}

/** The root of the tree with this edge. */
export function edgeRoot(edge: Edge): Uint8Array {
  const { hashes } = edge;
  if (hashes.length === 0) return emptyRoot;
  let root = hashes[hashes.length - 1]!;
  for (let i = hashes.length - 2; i >= 0; i--) root = nodeHash(hashes[i]!, root);
  return root;
}
