/**
 * A downloaded record in a folder, for verifying it without a network and for keeping.
 *
 *   checkpoint      the signed note, byte for byte
 *   entries.jsonl   one entry on a line: the line's bytes are the leaf of the log (canonical JSON holds no line break)
 *   tile/           the log's hash tiles, by their C2SP paths
 *   witnesses.json  what the executors said about themselves; only where it was asked for
 *   effects.json    the databases' own rows before and after; only where they were asked for
 *   verified.json   how far the last verification came (state.ts)
 *   about.json      where and when it was read. Nothing of it is believed
 */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import path from "node:path";
import { finished } from "node:stream/promises";
import * as z from "zod";
import { LIMITS } from "../../shared/limits.ts";
import type { EffectsAround, ReadTile, WitnessHead } from "../../shared/verify/index.ts";
import { UsageError } from "../exits.ts";
import { jsonIn } from "../settings.ts";

const NEWLINE = 0x0a;

export type RecordParts = {
  readonly checkpoint: Uint8Array | string;
  readonly entries: AsyncIterable<Uint8Array>;
  readonly tiles?: ReadTile;
  readonly witnesses?: readonly WitnessHead[];
  readonly effects?: EffectsAround;
};

const Witnesses = z.array(
  z.object({
    executor: z.string(),
    head: z.object({ seq: z.int(), hash: z.string() }),
    checkpoint: z.string().nullable(),
    consistency: z.array(z.string()).nullable(),
  }),
);
const Rows = z.record(
  z.string(),
  z.array(z.object({ action: z.string(), task: z.string(), step: z.string(), status: z.string() })),
);
const Effects = z.object({ before: Rows, after: Rows });

/**
 * Begins a folder, or goes on with the record that it holds: a last line that was written half is cut off.
 * Throws a UsageError where the record is of another tenant.
 * @returns how many entries are there
 */
export async function beginFolder(folder: string, tenant: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);
  if (!existsSync(at("checkpoint")) || !existsSync(at("entries.jsonl"))) {
    rmSync(at("entries.jsonl"), { force: true });
    return 0;
  }
  if (tenantIn(at("about.json")) !== tenant)
    throw new UsageError(`${folder} holds a record of another tenant; choose another folder.`);
  let entries = 0;
  let bytes = 0;
  let read = 0;
  for await (const chunk of createReadStream(at("entries.jsonl")) as AsyncIterable<Uint8Array>) {
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, end + 1)) {
      entries += 1;
      bytes = read + end + 1;
    }
    read += chunk.length;
  }
  truncateSync(at("entries.jsonl"), bytes);
  return entries;
}

export const writePart = (folder: string, name: string, content: string): void =>
  writeFileSync(path.join(folder, name), content);
export const writeJson = (folder: string, name: string, value: unknown): void =>
  writePart(folder, name, `${JSON.stringify(value, null, 2)}\n`);

/** Writes the entries as they come, behind those that are there. */
export async function writeEntries(folder: string, entries: AsyncIterable<Uint8Array>): Promise<void> {
  const file = createWriteStream(path.join(folder, "entries.jsonl"), { flags: "a" });
  for await (const entry of entries) {
    if (!file.write(entry)) await once(file, "drain");
    file.write("\n");
  }
  file.end();
  await finished(file);
}

/** The tiles of a folder. Their paths come from the log's size, never from the folder. */
export const readTilesIn =
  (folder: string): ReadTile =>
  async (tile) => {
    const file = path.join(folder, tile);
    return existsSync(file) ? readFileSync(file) : null;
  };

/** Reads tiles and keeps each in the folder as it passes. */
export const keepingTiles =
  (folder: string, read: ReadTile): ReadTile =>
  async (tile) => {
    const bytes = await read(tile);
    if (bytes === null) return null;
    mkdirSync(path.dirname(path.join(folder, tile)), { recursive: true });
    writeFileSync(path.join(folder, tile), bytes);
    return bytes;
  };

/** The parts of a record in a folder; throws a UsageError where the folder holds none. */
export function openFolder(folder: string): RecordParts & { readonly tenant: string | null } {
  const at = (name: string) => path.join(folder, name);
  if (!existsSync(at("checkpoint")) || !existsSync(at("entries.jsonl")))
    throw new UsageError(`${folder} holds no record: checkpoint and entries.jsonl are what is verified.`);
  return {
    tenant: tenantIn(at("about.json")),
    checkpoint: readFileSync(at("checkpoint")),
    entries: readLines(at("entries.jsonl")),
    ...(existsSync(at("tile")) ? { tiles: readTilesIn(folder) } : {}),
    ...(existsSync(at("witnesses.json")) ? { witnesses: parsed(Witnesses, at("witnesses.json")) } : {}),
    ...(existsSync(at("effects.json")) ? { effects: parsed(Effects, at("effects.json")) } : {}),
  };
}

function parsed<T>(schema: z.ZodType<T>, file: string): T {
  const result = schema.safeParse(jsonIn(file));
  if (result.success) return result.data;
  throw new UsageError(`${file} does not have its shape at /${result.error.issues[0]!.path.join("/")}.`);
}

/** The tenant that the download was of: a hint that saves an option; a false one fails at the checkpoint. */
function tenantIn(file: string): string | null {
  const about = existsSync(file) ? z.object({ tenant: z.string() }).safeParse(jsonIn(file)) : null;
  return about?.success === true ? about.data.tenant : null;
}

/** The lines of a file as bytes. What follows the last newline is a line of its own, so that no byte of the file goes unseen. */
export async function* readLines(file: string): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) {
    let bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      yield bytes.slice(0, end);
      bytes = bytes.subarray(end + 1);
    }
    // A line that outgrows an entry is none; it is handed on as it is, and refused by its size.
    if (bytes.length > LIMITS.entryBytes) {
      yield bytes;
      return;
    }
    rest = bytes.slice();
  }
  if (rest.length > 0) yield rest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
