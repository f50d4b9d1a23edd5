/**
 * Bytes and their spellings: UTF-8, hexadecimal, base64 and base64url.
 * Each decoder accepts exactly one spelling of a byte string and returns null for every other, so that equal text and equal
 * bytes are the same thing wherever text is signed, hashed or compared.
 * The module runs unchanged in Workers, Node and browsers: native base64 where the engine has it, ours elsewhere.
 */

import { decodeBase64, encodeBase64 } from "./base64.ts";

/** Bytes over an ordinary ArrayBuffer, as every platform API accepts them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** TC39 "Uint8Array to/from base64", which the compiler's ES2024 library does not know yet. */
type NativeDecoder = { fromBase64?(text: string): Bytes };
type NativeEncoder = { toBase64?(options?: { alphabet: "base64url"; omitPadding: true }): string };

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF in the text: dropping it would give two spellings of one text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of a text. A lone surrogate becomes U+FFFD; whoever signs text refuses those first (canonicalize does). */
export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

/** Text of valid UTF-8; null for anything else. A byte order mark is kept as U+FEFF. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!];
  return text;
}

/** Bytes of lower-case hexadecimal; null for anything else, upper case included. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const nativeDecoder = Uint8Array as NativeDecoder;
const decodeLeniently =
  nativeDecoder.fromBase64 === undefined ? decodeBase64 : (text: string) => nativeDecoder.fromBase64!(text);

/** Standard base64 with padding (RFC 4648, section 4). */
export const toBase64: (bytes: Uint8Array) => string =
  (Uint8Array.prototype as NativeEncoder).toBase64 === undefined
    ? encodeBase64
    : (bytes) => (bytes as NativeEncoder).toBase64!();

/** Bytes of canonical standard base64: padded, no white space, no stray bits; null for anything else. */
export function fromBase64(text: string): Bytes | null {
  try {
    const bytes = decodeLeniently(text);
    // Encoding again is the whole proof of canonicity: it does not matter how lenient the decoder above is.
    return toBase64(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** base64url without padding (RFC 4648, section 5). */
export const toBase64Url: (bytes: Uint8Array) => string =
  (Uint8Array.prototype as NativeEncoder).toBase64 === undefined
    ? (bytes) => encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
    : (bytes) => (bytes as NativeEncoder).toBase64!(URL_ALPHABET);
const URL_ALPHABET = { alphabet: "base64url", omitPadding: true } as const;

/** Bytes of canonical base64url without padding; null for anything else. */
export function fromBase64Url(text: string): Bytes | null {
  if (/[+/=]/.test(text)) return null;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard + "=".repeat((4 - (standard.length % 4)) % 4));
}

/** All parts, one after another. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Equal length and content. Not in constant time: use it for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
