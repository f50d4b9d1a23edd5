/**
 * Canonical JSON (RFC 8785, JCS) and digests over it. Everything that is signed, hashed or chained goes through here.
 */
import canonicalizeJson from "canonicalize";
import { type Bytes, utf8 } from "./bytes.ts";
import { sha256Hex } from "./sha256.ts";

/** The RFC 8785 text of a JSON value. Throws a TypeError on what JSON cannot hold. */
export function canonicalize(value: unknown): string {
  const text = canonicalizeJson(value);
  if (text === undefined) throw new TypeError("not a JSON value");
  return text;
}

/** UTF-8 of the canonical text. */
export const canonicalBytes = (value: unknown): Bytes => utf8(canonicalize(value));

/** "sha256:" and the lower-case hexadecimal SHA-256 of the canonical bytes. */
export const digestOf = (value: unknown): string => `sha256:${sha256Hex(canonicalize(value))}`;
