/**
 * Signed notes (C2SP signed-note), with Ed25519 keys (signature type 0x01) only: what golang.org/x/mod/sumdb/note accepts, and in
 * base64 and hexadecimal stricter, since only one spelling of each value is taken.
 *
 * N1  The text ends with a newline and is split from the signatures at the last empty line.
 * N2  Text and signatures are valid UTF-8 without control characters other than newline.
 * N3  A note is believed only through a verified signature of a known key; one false signature of a known key refuses the whole note.
 * N4  Signatures of unknown keys are ignored; of a known key only the first signature counts.
 */
import { concat, equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8, type Bytes } from "../bytes.ts";
import { checkPublicKey, verifyEd25519 } from "../keys.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256 } from "../sha256.ts";

/** The type byte of an Ed25519 key, before the key in its vkey and in its key hash. */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const KEY_HASH_BYTES = 4;
const LINE_START = "— ";

/** A key whose signatures are believed. A note names it by name and key hash together. */
export type NoteVerifier = {
  readonly name: string;
  /** 8 lower-case hexadecimal digits. */
  readonly keyHash: string;
  readonly publicKey: Uint8Array;
};

/** A key that signs notes. `sign` gives the 64-byte Ed25519 signature of the bytes; the private key stays with the caller. */
export type NoteSigner = NoteVerifier & {
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
};

/** One signature line, taken apart. `signature` is without the key hash. */
export type NoteSignature = {
  readonly name: string;
  readonly keyHash: string;
  readonly signature: Uint8Array;
};

/** A note taken apart; nothing in it is verified. `text` includes its final newline. */
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** A note whose text is signed by every key in `verified`, of which there is at least one. */
export type OpenedNote = {
  readonly text: string;
  readonly verified: readonly NoteVerifier[];
  readonly unverified: readonly NoteSignature[];
};

/** Well-formed text without control characters other than newline. */
const isNoteText = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex
  text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);

/** Whether a text can be a key name: not empty, no Unicode white space, no plus sign, no control character. */
export const isKeyName = (name: string): boolean =>
  // \s of the language differs from Unicode's white space: it lacks U+0085 and has U+FEFF.
  isNoteText(name) && /^[^\p{White_Space}+]+$/u.test(name);

/** The key hash: the first 4 bytes of SHA-256(name || 0x0A || 0x01 || key), in hexadecimal. */
export const noteKeyHash = (name: string, publicKey: Uint8Array): string =>
  toHex(sha256(concat(utf8(name), Uint8Array.of(0x0a, ED25519), publicKey)).subarray(0, KEY_HASH_BYTES));

/** A verifier of a name and a raw public key of 32 bytes. Throws where the name cannot be a key name. */
export function noteVerifier(name: string, publicKey: Uint8Array): NoteVerifier {
  if (!isKeyName(name)) throw new TypeError("this cannot be the name of a note's key");
  if (publicKey.length !== KEY_BYTES) throw new TypeError("an Ed25519 key has 32 bytes");
  return { name, keyHash: noteKeyHash(name, publicKey), publicKey };
}

/** `name+hash+base64(0x01 || key)`, as it is published. */
export const formatVkey = ({ name, keyHash, publicKey }: NoteVerifier): string =>
  `${name}+${keyHash}+${toBase64(concat(Uint8Array.of(ED25519), publicKey))}`;

/**
 * The verifier that a vkey names.
 * @returns key-malformed for everything that `formatVkey` does not write; key-small-order and key-not-canonical as for every other key.
 */
export function parseVkey(vkey: string): Result<NoteVerifier> {
  const refused = err(problem("key-malformed", "not an Ed25519 verifier key of a signed note"));
  // Base64 has plus signs of its own, so only the first two divide.
  const match = /^([^+]+)\+([^+]+)\+(.+)$/su.exec(vkey);
  if (match === null) return refused;
  const [, name, keyHash, key64] = match as unknown as [string, string, string, string];
  const key = fromBase64(key64);
  if (!isKeyName(name) || key === null || key.length !== 1 + KEY_BYTES || key[0] !== ED25519) return refused;
  const point = checkPublicKey(key.subarray(1));
  if (!point.ok) return point;
  const verifier = noteVerifier(name, point.value);
  return verifier.keyHash === keyHash ? ok(verifier) : refused;
}

/** Takes a note apart without verifying anything. Returns note-malformed for everything that is not a note to the byte. */
export function parseNote(note: Uint8Array | string): Result<Note> {
  const malformed = (detail: string) => err(problem("note-malformed", detail));
  if (note.length > LIMITS.noteBytes) return malformed("the note is too large");
  const whole = typeof note === "string" ? note : fromUtf8(note);
  if (whole === null || !isNoteText(whole)) return malformed("the note is not plain UTF-8 text");
  const split = whole.lastIndexOf("\n\n");
  if (split < 0) return malformed("the note has no signatures");
  const text = whole.slice(0, split + 1);
  const block = whole.slice(split + 2);
  if (!block.endsWith("\n")) return malformed("the signatures do not end with a newline");
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > LIMITS.noteSignatures) return malformed("the note has too many signatures");
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === null) return malformed("a signature line is malformed");
    signatures.push(signature);
  }
  return ok({ text, signatures });
}

function parseSignatureLine(line: string): NoteSignature | null {
  if (!line.startsWith(LINE_START)) return null;
  const rest = line.slice(LINE_START.length);
  const space = rest.indexOf(" ");
  if (space < 0) return null;
  const name = rest.slice(0, space);
  const bytes = fromBase64(rest.slice(space + 1));
  if (!isKeyName(name) || bytes === null || bytes.length <= KEY_HASH_BYTES) return null;
  return {
    name,
    keyHash: toHex(bytes.subarray(0, KEY_HASH_BYTES)),
    signature: bytes.subarray(KEY_HASH_BYTES),
  };
}

/**
 * Opens a note: its text, believed because known keys signed it.
 * @returns note-malformed; signature-invalid (a known key's signature is false); key-unknown (no signature of a known key).
 */
export async function openNote(note: Uint8Array | string, known: readonly NoteVerifier[]): Promise<Result<OpenedNote>> {
  const parsed = parseNote(note);
  if (!parsed.ok) return parsed;
  const { text, signatures } = parsed.value;
  const message = utf8(text);
  const verified: NoteVerifier[] = [];
  const unverified: NoteSignature[] = [];
  for (const line of signatures) {
    const key = known.find(({ name, keyHash }) => name === line.name && keyHash === line.keyHash);
    if (key === undefined) unverified.push(line);
    else if (!verified.some((seen) => sameKey(seen, key))) {
      if (!(await verifyEd25519(key.publicKey, message, line.signature)))
        return err(problem("signature-invalid", `the signature of ${key.name} does not verify`));
      verified.push(key);
    }
  }
  if (verified.length === 0) return err(problem("key-unknown", "no known key signed the note"));
  return ok({ text, verified, unverified });
}

const sameKey = (a: NoteVerifier, b: NoteVerifier) =>
  a.name === b.name && a.keyHash === b.keyHash && equalBytes(a.publicKey, b.publicKey);

/**
 * A note over a text, signed by each signer in order. Throws where the text cannot be that of a note: it comes from our own code.
 */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!text.endsWith("\n") || !isNoteText(text)) throw new TypeError("a note's text is plain and ends with a newline");
  if (signers.length === 0 || signers.length > LIMITS.noteSignatures)
    throw new RangeError("a note has 1 to 100 signatures");
  const message: Bytes = utf8(text);
  let note = `${text}\n`;
  for (const signer of signers) {
    const signature = await signer.sign(message);
    const bytes = concat(fromHex(signer.keyHash)!, signature);
    note += `${LINE_START}${signer.name} ${toBase64(bytes)}\n`;
  }
  return note;
}
