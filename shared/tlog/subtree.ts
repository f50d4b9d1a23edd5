/**
 * Verification of Merkle proofs, in its general form: towards a subtree [start, end) of the tree, of which the whole tree is the case
 * start = 0. The algorithms are those of RFC 9162 section 2.1.3.2 and of draft-ietf-plants-merkle-tree-certs section 4.
 *
 * Each proof has exactly one acceptable length for its sizes, each of its hashes is used, and each has 32 bytes.
 */
import { equalBytes } from "../bytes.ts";
import { problem, type Problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { half, isCount, isOdd } from "./arithmetic.ts";
import { emptyRoot, HASH_BYTES, nodeHash } from "./hash.ts";

const refuse = (detail: string): Result<true> => err<Problem>(problem("proof-invalid", detail));

const areHashes = (hashes: readonly Uint8Array[]) => hashes.every((hash) => hash.length === HASH_BYTES);

/** A range of leaves that a tree of any greater size keeps as one node: its start is aligned to the power of two that holds it. */
function isSubtree(start: number, end: number): boolean {
  if (!isCount(start) || !isCount(end) || start > end) return false;
  let width = 1;
  while (width < end - start) width *= 2;
  return start % width === 0;
}

/**
 * Checks that a leaf stands at an index inside the subtree [start, end) with this root.
 * @returns true, or proof-invalid.
 */
export function verifySubtreeInclusion(claim: {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): Result<true> {
  const { leafHash, index, start, end, proof, root } = claim;
  if (!isSubtree(start, end)) return refuse("the range is not a subtree");
  if (!isCount(index) || index < start || index >= end) return refuse("the index is outside the tree");
  if (!areHashes([leafHash, root, ...proof])) return refuse("a hash does not have 32 bytes");

  let position = index - start;
  let last = end - start - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return refuse("the proof is too long");
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash);
      // A node at the right edge without a sibling is its own parent; those levels have no hash in the proof.
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  if (last !== 0) return refuse("the proof is too short");
  return equalBytes(hash, root) ? ok(true) : refuse("the proof leads to another root");
}

/**
 * Checks that the subtree [start, end) with its root is part of the tree of a size with its root.
 * An empty subtree is part of every tree: then nothing is said about the tree's root.
 * @returns true, or proof-invalid.
 */
export function verifySubtreeConsistency(claim: {
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly subtreeRoot: Uint8Array;
  readonly root: Uint8Array;
}): Result<true> {
  const { start, end, size, proof, subtreeRoot, root } = claim;
  if (!isSubtree(start, end)) return refuse("the range is not a subtree");
  if (!isCount(size) || end > size) return refuse("the subtree ends beyond the tree");
  if (start === end) {
    if (proof.length !== 0) return refuse("the proof is too long");
    return equalBytes(subtreeRoot, emptyRoot) ? ok(true) : refuse("an empty subtree has another root");
  }
  if (start === 0 && end === size) {
    if (proof.length !== 0) return refuse("the proof is too long");
    return equalBytes(subtreeRoot, root) ? ok(true) : refuse("two roots of one size differ");
  }
  if (!areHashes([subtreeRoot, root, ...proof])) return refuse("a hash does not have 32 bytes");

  let first = start;
  let position = end - 1;
  let last = size - 1;
  const rise = () => {
    first = half(first);
    position = half(position);
    last = half(last);
  };
  // Climb to the largest complete subtree that ends where the claimed subtree ends: the proof begins there.
  if (position === last) while (first !== position) rise();
  else while (first !== position && isOdd(position)) rise();

  let rest = proof;
  let seed = subtreeRoot;
  if (first !== position) {
    if (proof.length === 0) return refuse("the proof is too short");
    seed = proof[0]!;
    rest = proof.slice(1);
  }
  let inSubtree = seed;
  let inTree = seed;
  for (const sibling of rest) {
    if (last === 0) return refuse("the proof is too long");
    if (isOdd(position) || position === last) {
      if (first < position) inSubtree = nodeHash(sibling, inSubtree);
      inTree = nodeHash(sibling, inTree);
      while (!isOdd(position)) rise();
    } else {
      inTree = nodeHash(inTree, sibling);
    }
    rise();
  }
  if (last !== 0) return refuse("the proof is too short");
  if (!equalBytes(inSubtree, subtreeRoot)) return refuse("the proof leads to another old root");
  return equalBytes(inTree, root) ? ok(true) : refuse("the proof leads to another root");
}
