/**
 * The published hash tiles (C2SP tlog-tiles), compared byte for byte with those that follow from the entries: whoever proves inclusion from
 * tiles proves it against this log.
 */
import { equalBytes } from "../bytes.ts";
import { TileBuilder, tilePath, type TileData } from "../tlog/tiles.ts";
import type { Findings } from "./findings.ts";

/** The bytes of a tile by its path, or null where there is none. */
export type ReadTile = (path: string) => Promise<Uint8Array | null>;

export async function checkTiles(
  leafHashes: Iterable<Uint8Array>,
  readTile: ReadTile,
  findings: Findings,
): Promise<void> {
  findings.ran("tiles");
  const compare = async ({ tile, bytes }: TileData): Promise<void> => {
    const path = tilePath(tile);
    const found = await readTile(path);
    if (found === null) findings.fail("tiles", "tile-missing", `There is no ${path}.`);
    else if (equalBytes(found, bytes)) findings.pass("tiles");
    else findings.fail("tiles", "tile-mismatch", `${path} holds other hashes than those of the entries.`);
  };
  const builder = new TileBuilder();
  for (const hash of leafHashes) for (const full of builder.push(hash)) await compare(full);
  for (const partial of builder.partials()) await compare(partial);
}
