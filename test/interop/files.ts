/** A log as its server gives it out: bytes by the paths of C2SP tlog-tiles, fetched over HTTP, written into a folder for programs in other languages. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { concat, utf8 } from "../../shared/bytes.ts";
import { decodeEntryBundle, encodeEntryBundle, TileBuilder, tilePath, type Tile } from "../../shared/tlog/tiles.ts";
import { bundlesChangedBy, tilesChangedBy } from "../../shared/tlog/tile-paths.ts";
import { leafHash } from "../../shared/tlog/hash.ts";
import type { Reached } from "../e2e/harness.ts";

export type Files = ReadonlyMap<string, Uint8Array>;

export const sizeOf = (files: Files): number =>
  Number(new TextDecoder().decode(files.get("checkpoint")).split("\n")[1]);

/** The newest checkpoint with every tile and every bundle that it asks for. */
export async function fetchLog(system: Reached, tenant: string): Promise<Files> {
  const read = async (file: string): Promise<Uint8Array> => {
    const answer = await system.fetch(`/log/${tenant}/${file}`, {
      headers: { authorization: `Bearer ${system.tenants[tenant]!.apiKeys.auditor}` },
    });
    if (answer.status !== 200) throw new Error(`${file} was answered with ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const files = new Map([["checkpoint", await read("checkpoint")]]);
  const size = sizeOf(files);
  for (const file of [...tilesChangedBy(0, size), ...bundlesChangedBy(0, size)].map(tilePath))
    files.set(file, await read(file));
  return files;
}

export function writeLog(folder: string, files: Files): string {
  for (const [file, bytes] of files) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), bytes);
  }
  return folder;
}

/** Every entry of a log. */
export const entriesOf = (files: Files): Uint8Array[] =>
  bundlesChangedBy(0, sizeOf(files)).flatMap((tile) => {
    const decoded = decodeEntryBundle(files.get(tilePath(tile))!, tile.width);
    if (!decoded.ok) throw new Error(decoded.problem.detail);
    return decoded.value;
  });

/** The bundles of other entries, in the place of a log's own; checkpoint and hash tiles stay. */
export function withEntries(files: Files, entries: readonly Uint8Array[]): Files {
  const bundle = ({ index, width }: Tile): Uint8Array => {
    const encoded = encodeEntryBundle(entries.slice(index * 256, index * 256 + width));
    if (!encoded.ok) throw new Error(encoded.problem.detail);
    return encoded.value;
  };
  return new Map([
    ...files,
    ...bundlesChangedBy(0, sizeOf(files)).map((tile) => [tilePath(tile), bundle(tile)] as const),
  ]);
}

/** A whole log over other entries, consistent in itself, as one who holds the checkpoint key can write it. `note` signs it. */
export async function logOver(
  entries: readonly Uint8Array[],
  note: (size: number, leafHashes: readonly Uint8Array[]) => Promise<string>,
): Promise<Files> {
  const hashes = entries.map(leafHash);
  const builder = new TileBuilder();
  const tiles = [...hashes.flatMap((hash) => builder.push(hash)), ...builder.partials()];
  const files: Files = new Map([
    ["checkpoint", utf8(await note(entries.length, hashes))],
    ...tiles.map(({ tile, bytes }) => [tilePath(tile), concat(bytes)] as const),
  ]);
  return withEntries(files, entries);
}
