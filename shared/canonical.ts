/**
 * Canonical JSON (RFC 8785, JCS) and digests over it. Everything that is signed, hashed or chained goes through here.
 *
 * The writer is our own because it stands on the hot path, where it takes about half the time of the `canonicalize` library;
 * the tests hold it to that library, value by value, and to the vectors of the RFC.
 */
import { type Bytes, utf8 } from "./bytes.ts";
import type { Json } from "./json.ts";
import { sha256Hex } from "./sha256.ts";

/** Deeper values are cyclic, or not ours: parsed JSON is bounded far below this. */
const MAX_DEPTH = 256;

/**
 * The RFC 8785 text of a JSON value: no white space, keys in the order of their UTF-16 units, numbers and strings as ECMAScript writes them.
 * Members that are undefined are left out, as an absent optional member. Everything else that JSON cannot hold is our own mistake and
 * throws a TypeError: NaN, infinities, lone surrogates, undefined elsewhere, bigint, functions, symbols, and objects of any class (a Date is not a string).
 */
export const canonicalize = (value: unknown): string => write(value, MAX_DEPTH);

/** UTF-8 of the canonical text. */
export const canonicalBytes = (value: unknown): Bytes => utf8(canonicalize(value));

/** "sha256:" and the lower-case hexadecimal SHA-256 of the canonical bytes. */
export const digestOf = (value: unknown): string => `sha256:${sha256Hex(canonicalize(value))}`;

/**
 * Whether `text` is the canonical text of the value that was parsed from it.
 * Where the keys already stand in order, the engine's own serialisation is the canonical text: that is the common case, and the quick one.
 */
export const isCanonicalText = (text: string, parsed: Json): boolean =>
  (JSON.stringify(parsed) === text && hasSortedKeys(parsed)) || canonicalize(parsed) === text;

/** Whether the keys of every object stand in canonical order, so that the engine's own serialisation of the value is the canonical text. */
export function hasSortedKeys(value: Json): boolean {
  if (value === null || typeof value !== "object") return true;
  if (Array.isArray(value)) return value.every(hasSortedKeys);
  const keys = Object.keys(value);
  return isSorted(keys) && keys.every((key) => hasSortedKeys((value as { [key: string]: Json })[key]!));
}

function write(value: unknown, depthLeft: number): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("canonical JSON holds finite numbers only");
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depthLeft === 0) throw new TypeError("canonical JSON: cyclic or nested too deeply");
      return Array.isArray(value) ? writeArray(value, depthLeft - 1) : writeObject(value, depthLeft - 1);
    default:
      throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
  }
}

function writeArray(items: readonly unknown[], depthLeft: number): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ",";
    text += write(items[i], depthLeft);
  }
  return `${text}]`;
}

function writeObject(object: object, depthLeft: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError("canonical JSON holds plain objects only");
  const keys = Object.keys(object);
  // The default order of sort() is by UTF-16 units, which is the order of RFC 8785, section 3.2.3.
  if (!isSorted(keys)) keys.sort();
  let text = "{";
  for (const key of keys) {
    const member = (object as { [key: string]: unknown })[key];
    if (member === undefined) continue;
    if (text !== "{") text += ",";
    text += quote(key);
    text += ":";
    text += write(member, depthLeft);
  }
  return `${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i]! < keys[i - 1]!) return false;
  return true;
}

/** Printable ASCII without quote and backslash needs no escape, and no look at its surrogates. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError("canonical JSON holds well-formed Unicode only");
  return JSON.stringify(text);
}
