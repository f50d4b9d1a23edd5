/** SHA-256 in plain JavaScript, for browsers, whose WebCrypto hashes only asynchronously. */
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { type Bytes, utf8 } from "./bytes.ts";

/** FIPS 180-4 SHA-256; a text is hashed as its UTF-8. */
export const sha256 = (input: Uint8Array | string): Bytes =>
  hash(typeof input === "string" ? utf8(input) : input) as Bytes;
