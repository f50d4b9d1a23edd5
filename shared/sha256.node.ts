/** SHA-256 for Workers and Node, synchronous, so that it can run inside a storage transaction: `node:crypto`, and our own where little is hashed. */
import { createHash } from "node:crypto";
import { utf8, type Bytes } from "./bytes.ts";
import { sha256Short } from "./sha256-short.ts";

/** FIPS 180-4 SHA-256; a text is hashed as its UTF-8. */
export function sha256(input: Uint8Array | string): Bytes {
  const short = sha256Short(input);
  if (short !== null) return short;
  // Encoding here is quicker than handing a text over.
  const digest = createHash("sha256")
    .update(typeof input === "string" ? utf8(input) : input)
    .digest();
  // A copy, because a Buffer may be a view into a shared pool, and is not a plain Uint8Array to its callers.
  return new Uint8Array(digest);
}
