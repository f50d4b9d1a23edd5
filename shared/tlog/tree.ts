/**
 * The Merkle tree of a log (RFC 6962 section 2.1): roots, and the making and checking of inclusion and consistency proofs.
 *
 * Proofs are made over a reader of complete subtrees. Which subtrees a proof reads is known beforehand (`inclusionNodes`, `consistencyNodes`),
 * so that whoever keeps them in a database fetches them first and then makes the proof without waiting.
 */
import { equalBytes } from "../bytes.ts";
import { problem } from "../problems.ts";
import { err, type Result } from "../result.ts";
import { assertCount, half, splitOf } from "./arithmetic.ts";
import { appendLeaf, edgeOf, edgeRoot, emptyEdge, type Edge } from "./edge.ts";
import { emptyRoot, nodeHash } from "./hash.ts";
import { verifySubtreeConsistency, verifySubtreeInclusion } from "./subtree.ts";

export { appendLeaf, edgeOf, edgeRoot, emptyEdge, type Edge, type SeeNode } from "./edge.ts";
export { emptyRoot, HASH_BYTES, leafHash, nodeHash } from "./hash.ts";

/** A complete subtree: the leaves from index * 2^level up to (index + 1) * 2^level. */
export type Node = { readonly level: number; readonly index: number };

/** Reads the hash of a complete subtree; level 0 holds the leaf hashes. Throws for a subtree that it cannot read. */
export type HashAt = (level: number, index: number) => Uint8Array;

/** Leaves from start up to, not including, end; as RFC 6962 cuts a tree, so start is aligned. */
type Range = { readonly start: number; readonly end: number };

/** The root over these leaf hashes, in order. */
export const rootOf = (leafHashes: Iterable<Uint8Array>): Uint8Array => {
  let edge = emptyEdge;
  for (const leaf of leafHashes) edge = appendLeaf(edge, leaf);
  return edgeRoot(edge);
};

/** The complete subtrees that make up a range, from left to right. */
function nodesOf({ start, end }: Range): Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level++;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

function hashOf(range: Range, hashAt: HashAt): Uint8Array {
  return nodesOf(range)
    .map(({ level, index }) => hashAt(level, index))
    .reduceRight((right, left) => nodeHash(left, right));
}

/** The complete subtrees from which the root of the tree of a size follows: what `rootAt` reads. */
export const rootNodes = (size: number): Node[] => nodesOf({ start: 0, end: size });

/** The edge of the tree of a size. */
export const edgeAt = (size: number, hashAt: HashAt): Edge =>
  edgeOf(
    size,
    nodesOf({ start: 0, end: size }).map(({ level, index }) => hashAt(level, index)),
  );

/** The root of the tree of a size. */
export const rootAt = (size: number, hashAt: HashAt): Uint8Array => edgeRoot(edgeAt(size, hashAt));

/** PATH of RFC 6962 section 2.1.1, from the leaf's sibling upwards. */
function inclusionRanges(index: number, size: number): Range[] {
  assertCount(index, "index");
  assertCount(size, "size");
  if (index >= size) throw new RangeError(`a tree of size ${size} has no leaf ${index}`);
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** PROOF of RFC 6962 section 2.1.2, from the bottom upwards. */
function consistencyRanges(oldSize: number, newSize: number): Range[] {
  assertCount(oldSize, "oldSize");
  assertCount(newSize, "newSize");
  if (oldSize > newSize) throw new RangeError(`size ${newSize} is smaller than ${oldSize}`);
  const ranges: Range[] = [];
  // Of the empty tree there is nothing to prove, and of the same tree nothing to add.
  if (oldSize === 0 || oldSize === newSize) return ranges;
  let start = 0;
  let end = newSize;
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The verifier already has the old root; it needs this subtree only where it is not the whole old tree.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The complete subtrees that `inclusionProof` reads. */
export const inclusionNodes = (index: number, size: number): Node[] => inclusionRanges(index, size).flatMap(nodesOf);

/** The complete subtrees that `consistencyProof` reads. */
export const consistencyNodes = (oldSize: number, newSize: number): Node[] =>
  consistencyRanges(oldSize, newSize).flatMap(nodesOf);

/** The hashes that lead from a leaf to the root of the tree of a size. Throws a RangeError unless 0 <= index < size. */
export const inclusionProof = (index: number, size: number, hashAt: HashAt): Uint8Array[] =>
  inclusionRanges(index, size).map((range) => hashOf(range, hashAt));

/** The hashes that show the old tree to be the beginning of the new one. Throws a RangeError unless 0 <= oldSize <= newSize. */
export const consistencyProof = (oldSize: number, newSize: number, hashAt: HashAt): Uint8Array[] =>
  consistencyRanges(oldSize, newSize).map((range) => hashOf(range, hashAt));

/**
 * Checks that a leaf stands at an index of the tree with this size and root.
 * @returns true, or proof-invalid: also for a proof that is one hash too long, and for an index or size that is no safe integer.
 */
export const verifyInclusion = (claim: {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): Result<true> => verifySubtreeInclusion({ ...claim, start: 0, end: claim.size });

/**
 * Checks that the tree with the new size and root begins with the tree of the old size and root.
 * An empty old tree is the beginning of everything, which proves nothing: only the step from 0 to 0 is accepted.
 * @returns true, or proof-invalid.
 */
export function verifyConsistency(claim: {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): Result<true> {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (oldSize === 0 && (newSize !== 0 || !equalBytes(newRoot, emptyRoot)))
    return err(problem("proof-invalid", "nothing can be proved from an empty tree"));
  return verifySubtreeConsistency({
    start: 0,
    end: oldSize,
    size: newSize,
    proof,
    subtreeRoot: oldRoot,
    root: newRoot,
  });
}

/** A reader over leaf hashes that are all in memory; each hash is computed once. For small trees and for tests. */
export function hashAtLeaves(leafHashes: readonly Uint8Array[]): HashAt {
  const levels: Uint8Array[][] = [[...leafHashes]];
  return (level, index) => {
    while (levels.length <= level) {
      const below = levels[levels.length - 1]!;
      levels.push(Array.from({ length: half(below.length) }, (_, i) => nodeHash(below[2 * i]!, below[2 * i + 1]!)));
    }
    const hash = levels[level]![index];
    if (hash === undefined) throw new RangeError(`no subtree ${level}/${index}`);
    return hash;
  };
}
