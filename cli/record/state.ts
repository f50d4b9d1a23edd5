/**
 * `verified.json` in a record's folder: how far its verification has come, so that the next one reads on from there. The auditor's own note:
 * it is used under the keys and by the version that wrote it, and only where the log continues the checkpoint in it. Every entry is still
 * hashed, so that a change in what was verified before shows.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { equalBytes } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { openLogCheckpoint, pack, SAVED_VERSION, unpack, type SavedRun } from "../../shared/verify/index.ts";
import type { ResolvedTrust } from "./trust.ts";

const FILE = "verified.json";
const State = z.strictObject({
  version: z.literal(SAVED_VERSION),
  /** Digest of the keys that were pinned. */
  trust: z.string(),
  /** The checkpoint that verified. */
  checkpoint: z.string(),
  state: z.string(),
  /** Of `state`: a file that was written half is none. */
  sha256: z.string(),
});

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const digestOf = ({ pinned }: ResolvedTrust): string =>
  digest(
    canonicalize({
      anchor: pinned.anchor,
      proposalKeys: [...pinned.proposalKeys.keys()],
      receiptKeys: [...pinned.receiptKeys.keys()],
      logKeys: pinned.logKeys.map(({ name, keyHash }) => [name, keyHash]),
      regions: pinned.regions,
      shards: pinned.shards,
    }),
  );

/** Null where there is none, or none that can be used here: then everything is verified. */
export async function readState(folder: string, trust: ResolvedTrust): Promise<SavedRun | null> {
  const file = path.join(folder, FILE);
  if (!existsSync(file)) return null;
  try {
    const read = State.parse(JSON.parse(readFileSync(file, "utf8")));
    if (read.trust !== digestOf(trust) || read.sha256 !== digest(read.state)) return null;
    const saved = unpack(read.state) as SavedRun;
    const opened = await openLogCheckpoint(read.checkpoint, trust.pinned);
    return opened.ok && opened.value.size === saved.size && equalBytes(opened.value.root, saved.root) ? saved : null;
  } catch {
    return null;
  }
}

/** Keeps the state; a folder that cannot be written into keeps none. */
export function writeState(folder: string, trust: ResolvedTrust, checkpoint: string, saved: SavedRun): void {
  const state = pack(saved);
  const file = path.join(folder, FILE);
  const content = { version: SAVED_VERSION, trust: digestOf(trust), checkpoint, state, sha256: digest(state) };
  try {
    writeFileSync(`${file}.new`, JSON.stringify(content));
    renameSync(`${file}.new`, file);
  } catch {
    // What is verified stays verified; only the next time takes longer.
  }
}
