/**
 * Arithmetic on tree sizes and indexes. They are safe integers, up to 2^53 - 1, so the 32-bit operators of the language do not serve.
 */

/** Whether a value can be a tree size or an index: an integer from 0 to 2^53 - 1. */
export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Half, rounded down: a shift to the right by one. */
export const half = (value: number): number => Math.floor(value / 2);

export const isOdd = (value: number): boolean => value % 2 === 1;

/** The largest power of two below a size of at least 2: where RFC 6962 splits a tree. */
export function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** How many complete subtrees the tree of this size has: the bits that are set in it. */
export function subtreeCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = half(rest)) if (isOdd(rest)) count++;
  return count;
}

/** Throws where one of our own callers passes something else than a size or an index. */
export function assertCount(value: number, name: string): void {
  if (!isCount(value)) throw new RangeError(`${name} is not an integer from 0 to 2^53 - 1`);
}

/** A count as it is written in checkpoints, paths and proofs: decimal, no leading zeroes, no sign; null for anything else. */
export function parseCount(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return isCount(value) ? value : null;
}
