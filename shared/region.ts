/**
 * How the region of something follows from a value: the rule `hash` of shared/release.ts. Whoever opens tasks, seeds data or checks
 * either uses this one function, because they must agree.
 */
import { sha256 } from "./sha256.ts";

/** SHA-256 of the value's UTF-8, first four bytes, big endian, modulo the list. Throws where the list is empty. */
export function regionByHash(value: string, among: readonly string[]): string {
  const [a, b, c, d] = sha256(value);
  const region = among[(((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0) % among.length];
  if (region === undefined) throw new RangeError("no region to choose from");
  return region;
}
