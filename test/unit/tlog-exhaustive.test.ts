/** Every tree of 1 to 512 leaves: every leaf's inclusion, every beginning's consistency, and each of them with one bit flipped. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../shared/bytes.ts";
import {
  consistencyProof,
  hashAtLeaves,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../shared/tlog/tree.ts";

const MAX_SIZE = 512;
const leaves = Array.from({ length: MAX_SIZE }, (_, i) => leafHash(utf8(`entry ${i}`)));
const hashAt = hashAtLeaves(leaves);
const roots = Array.from({ length: MAX_SIZE + 1 }, (_, size) => rootOf(leaves.slice(0, size)));

/** A fixed sequence of positions (Knuth's MMIX generator, upper bits), so that a failure repeats. */
let state = 1n;
function next(bound: number): number {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
  return Number((state >> 33n) % BigInt(bound));
}

/** The same hashes, one bit of one of them flipped. */
function flipOneBit(hashes: readonly Uint8Array[]): Uint8Array[] {
  const bit = next(hashes.length * 256);
  const flipped = hashes.slice();
  const hash = flipped[bit >> 8]!.slice();
  hash[(bit & 255) >> 3]! ^= 1 << (bit & 7);
  flipped[bit >> 8] = hash;
  return flipped;
}

describe("Trees of 1 to 512 leaves", () => {
  it("prove every leaf, and no leaf, proof or root with a flipped bit", { timeout: 60_000 }, () => {
    let proved = 0;
    const wrong: string[] = [];
    for (let size = 1; size <= MAX_SIZE; size++)
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, hashAt);
        const claim = { leafHash: leaves[index]!, index, size, proof, root: roots[size]! };
        if (verifyInclusion(claim).ok) proved++;
        const [leaf, root, ...rest] = flipOneBit([claim.leafHash, claim.root, ...proof]);
        if (verifyInclusion({ ...claim, leafHash: leaf!, root: root!, proof: rest }).ok)
          wrong.push(`${index} of ${size}`);
      }
    expect(proved).toBe((MAX_SIZE * (MAX_SIZE + 1)) / 2);
    expect(wrong).toEqual([]);
  });

  it("begin with every smaller tree, and with none that has a flipped bit", { timeout: 60_000 }, () => {
    let proved = 0;
    const wrong: string[] = [];
    for (let newSize = 1; newSize <= MAX_SIZE; newSize++)
      for (let oldSize = 1; oldSize <= newSize; oldSize++) {
        const proof = consistencyProof(oldSize, newSize, hashAt);
        const claim = {
          oldSize,
          newSize,
          oldRoot: roots[oldSize]!,
          newRoot: roots[newSize]!,
          proof,
        };
        if (verifyConsistency(claim).ok) proved++;
        const [oldRoot, newRoot, ...rest] = flipOneBit([claim.oldRoot, claim.newRoot, ...proof]);
        if (verifyConsistency({ ...claim, oldRoot: oldRoot!, newRoot: newRoot!, proof: rest }).ok)
          wrong.push(`${oldSize} of ${newSize}`);
      }
    expect(proved).toBe((MAX_SIZE * (MAX_SIZE + 1)) / 2);
    expect(wrong).toEqual([]);
  });

  it("refuse a proof that is one hash longer or shorter, and an index one off", () => {
    for (let size = 2; size <= MAX_SIZE; size += 3) {
      const index = next(size);
      const proof = inclusionProof(index, size, hashAt);
      const claim = { leafHash: leaves[index]!, index, size, proof, root: roots[size]! };
      expect(verifyInclusion({ ...claim, proof: [...proof, claim.root] }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, proof: [claim.root, ...proof] }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, proof: proof.slice(1) }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, proof: proof.slice(0, -1) }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, index: index + 1 }).ok).toBe(false);
      expect(verifyInclusion({ ...claim, index: index - 1 }).ok).toBe(false);

      const oldSize = 1 + next(size - 1);
      const steps = consistencyProof(oldSize, size, hashAt);
      const step = {
        oldSize,
        newSize: size,
        oldRoot: roots[oldSize]!,
        newRoot: roots[size]!,
        proof: steps,
      };
      expect(verifyConsistency({ ...step, proof: [...steps, step.oldRoot] }).ok).toBe(false);
      expect(verifyConsistency({ ...step, proof: [step.oldRoot, ...steps] }).ok).toBe(false);
      expect(verifyConsistency({ ...step, proof: steps.slice(1) }).ok).toBe(false);
      expect(verifyConsistency({ ...step, proof: steps.slice(0, -1) }).ok).toBe(false);
      expect(verifyConsistency({ ...step, oldSize: size, newSize: oldSize }).ok).toBe(false);
    }
  });
});
