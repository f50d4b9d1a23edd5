/**
 * Sealing at rest: AES-256-GCM, synchronous, so that it can stand inside a storage transaction. A sealed text is bound to the place where it
 * stands (associated data): moved to another task or field it does not open.
 *
 * Form: `s1.` key ids, joined by commas `.` base64url(nonce ‖ ciphertext ‖ tag). Without the last part nothing was kept: its keys were gone.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { sha256 } from "../../shared/sha256.ts";

export const KEY_BYTES = 32;
/** 96 random bits: after 2^32 texts under one key two nonces are the same with a chance of 2^-33. A subject has some thousands. */
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = "s1.";

export const isSealed = (text: string): boolean => text.startsWith(PREFIX);

/** The keys that a sealed text needs, and what they open; null where nothing was kept. */
export function partsOf(sealed: string): { readonly keys: readonly string[]; readonly box: string | null } {
  const [, keys = "", box = ""] = sealed.split(".");
  return { keys: keys.split(","), box: box === "" ? null : box };
}

/** What stands where a value would, once a key of it is gone. */
export const sealedAway = (keys: readonly string[]): string => `${PREFIX}${keys.join(",")}.`;

/** Every one of the keys is needed: without any of them the text stays shut. */
export const joined = (keys: readonly Uint8Array[]): Uint8Array =>
  keys.length === 1 ? keys[0]! : sha256(concat(utf8("countersign subjects"), ...keys));

export function sealText(
  keys: readonly string[],
  key: Uint8Array,
  nonce: Uint8Array,
  place: string,
  text: string,
): string {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(utf8(place));
  const box = concat(nonce, cipher.update(utf8(text)), cipher.final(), cipher.getAuthTag());
  return `${PREFIX}${keys.join(",")}.${toBase64Url(box)}`;
}

/** Throws where the text was changed, moved, or sealed under another key. */
export function openText(box: string, key: Uint8Array, place: string): string {
  const bytes = fromBase64Url(box);
  if (bytes === null || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error("a sealed text is malformed");
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
  cipher.setAAD(utf8(place));
  cipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const body = cipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
  return fromUtf8(concat(body, cipher.final()))!;
}
