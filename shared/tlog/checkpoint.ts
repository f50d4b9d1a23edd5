/**
 * Checkpoints (C2SP tlog-checkpoint): the size and root of a log at one moment, as a signed note.
 * The log's key name in the signature line is the origin, so that a checkpoint of one log cannot stand for another's.
 */
import { fromBase64, toBase64 } from "../bytes.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { assertCount, parseCount } from "./arithmetic.ts";
import { HASH_BYTES } from "./hash.ts";
import { openNote, signNote, type NoteSigner, type NoteVerifier } from "./note.ts";

export type Checkpoint = {
  /** The log's identity, such as `countersign.example/log/acme`. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Opaque lines, none of them empty. Our own logs write none. */
  readonly extensions: readonly string[];
};

/** A checkpoint that the log signed. `witnesses` are those of the given witnesses that signed it too. */
export type OpenedCheckpoint = Checkpoint & { readonly witnesses: readonly NoteVerifier[] };

const malformed = (detail: string) => err(problem("note-malformed", detail));

/**
 * The lines of a checkpoint's text, by the grammar alone: any origin, any length of root, any further lines.
 * @returns note-malformed.
 */
export function readCheckpointLines(text: string): Result<Checkpoint> {
  if (!text.endsWith("\n")) return malformed("the checkpoint does not end with a newline");
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split("\n");
  if (origin === undefined || origin === "") return malformed("the checkpoint has no origin");
  const size = parseCount(sizeText ?? "");
  if (size === null) return malformed("the checkpoint's size is not a decimal safe integer");
  const root = rootText === undefined || rootText === "" ? null : fromBase64(rootText);
  if (root === null) return malformed("the checkpoint's root is not base64");
  return ok({ origin, size, root, extensions });
}

/** The checkpoint in a text, as `formatCheckpoint` writes it. Returns note-malformed for everything else. */
export function parseCheckpoint(text: string): Result<Checkpoint> {
  const read = readCheckpointLines(text);
  if (!read.ok) return read;
  if (read.value.root.length !== HASH_BYTES) return malformed("the root does not have 32 bytes");
  if (read.value.extensions.includes("")) return malformed("the checkpoint has an empty line");
  return read;
}

/** The text of a checkpoint, which is what is signed. Throws for what could not be read back. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  assertCount(size, "size");
  const lines = [origin, String(size), toBase64(root), ...extensions];
  if (root.length !== HASH_BYTES || lines.some((line) => line === "" || line.includes("\n")))
    throw new TypeError("this is not a checkpoint");
  return `${lines.join("\n")}\n`;
}

/** The signed checkpoint of a log. The first signer is the log itself, under its origin as the name. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  log: NoteSigner,
  witnesses: readonly NoteSigner[] = [],
): Promise<string> {
  if (log.name !== checkpoint.origin) throw new TypeError("the log signs under its origin");
  return signNote(formatCheckpoint(checkpoint), [log, ...witnesses]);
}

/**
 * Opens a signed checkpoint of the log with this key.
 * @returns note-malformed; signature-invalid; key-unknown (the log did not sign it); audience-mismatch (it is of another origin than the key's name).
 */
export async function openCheckpoint(
  note: Uint8Array | string,
  log: NoteVerifier,
  witnesses: readonly NoteVerifier[] = [],
): Promise<Result<OpenedCheckpoint>> {
  const opened = await openNote(note, [log, ...witnesses]);
  if (!opened.ok) return opened;
  const { text, verified } = opened.value;
  if (!verified.includes(log)) return err(problem("key-unknown", "the log did not sign this checkpoint"));
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.origin !== log.name) return err(problem("audience-mismatch", "the checkpoint is of another log"));
  return ok({ ...parsed.value, witnesses: verified.filter((key) => key !== log) });
}
