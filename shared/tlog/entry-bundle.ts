/**
 * Entry bundles (C2SP tlog-tiles): up to 256 entries, each behind its length in two bytes, most significant first.
 */
import { concat, type Bytes } from "../bytes.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { TILE_WIDTH } from "./tile-paths.ts";

/** The bytes of a bundle. Returns entry-too-large where an entry's length does not fit two bytes. Throws unless there are 1 to 256 entries. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Result<Bytes> {
  if (entries.length === 0 || entries.length > TILE_WIDTH) throw new RangeError("a bundle holds 1 to 256 entries");
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.length > LIMITS.entryBytes) return err(problem("entry-too-large", `an entry has ${entry.length} bytes`));
    parts.push(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry);
  }
  return ok(concat(...parts));
}

/**
 * The entries of a bundle of a known width (they are views into the bundle).
 * @returns tile-malformed unless the bytes are exactly so many entries.
 */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Result<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < width) {
    if (at + 2 > bytes.length) return err(problem("tile-malformed", "the bundle is too short"));
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    if (end > bytes.length) return err(problem("tile-malformed", "the last entry is cut off"));
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length) return err(problem("tile-malformed", "bytes follow the last entry of the bundle"));
  return ok(entries);
}
