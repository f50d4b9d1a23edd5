/**
 * The hashes of a transparency log (RFC 6962 section 2.1, RFC 9162 section 2.1.1), over SHA-256.
 * A leaf and an inner node are hashed under different first bytes, so that neither can be passed off as the other.
 */
import type { Bytes } from "../bytes.ts";
import { sha256 } from "../sha256.ts";

/** Bytes of every hash of the log. */
export const HASH_BYTES = 32;

/** The root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0));

/** The hash of one entry: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Bytes {
  const input = new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return sha256(input);
}

/** The hash over two neighbouring subtrees: SHA-256(0x01 || left || right). Both are hashes of 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES)
    throw new RangeError("a node has two children of 32 bytes");
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return sha256(input);
}
