/** SHA-256 through `node:crypto`, for Workers and Node: native and synchronous, so that it can run inside a storage transaction. */
import { createHash } from "node:crypto";
import { type Bytes, utf8 } from "./bytes.ts";

/** FIPS 180-4 SHA-256; a text is hashed as its UTF-8. */
export function sha256(input: Uint8Array | string): Bytes {
  // Encoding here is quicker than handing a text over.
  const digest = createHash("sha256")
    .update(typeof input === "string" ? utf8(input) : input)
    .digest();
  // A copy, because a Buffer may be a view into a shared pool, and is not a plain Uint8Array to its callers.
  return new Uint8Array(digest);
}
