/**
 * Names of what is kept outside the database. A tile stands below the tenant under its C2SP path. After an epoch the log goes on as another
 * one, and what was written under a name stays: tiles that reach beyond the bundle `fromBundle` stand below `{tenant}/epochs/{number}/`.
 */
import { TILE_WIDTH, tilePath, type Tile } from "../../shared/tlog/tile-paths.ts";

/** An epoch that stands in the log. */
export type EpochMark = { readonly number: number; readonly fromBundle: number };

const prefixOf = (tenant: string, number: number): string => (number === 0 ? tenant : `${tenant}/epochs/${number}`);

/** Number of the newest epoch that began before the bundle `end`; 0 for none. */
const epochAt = (epochs: readonly EpochMark[], end: number): number =>
  epochs.findLast(({ fromBundle }) => end > fromBundle)?.number ?? 0;

/** Where a full tile or bundle stands. */
export function tileName(tenant: string, epochs: readonly EpochMark[], tile: Tile): string {
  const level = tile.level === "entries" ? 0 : tile.level;
  const end = (tile.index + 1) * TILE_WIDTH ** level;
  return `${prefixOf(tenant, epochAt(epochs, end))}/${tilePath(tile)}`;
}

/** What the names of the checkpoints of the log as it is now begin with. */
export const checkpointFolder = (tenant: string, epochs: readonly EpochMark[]): string =>
  `${prefixOf(tenant, epochs.at(-1)?.number ?? 0)}/checkpoints/`;

/** Sixteen digits, so that the order of names is that of sizes. */
export const checkpointName = (folder: string, size: number): string => `${folder}${String(size).padStart(16, "0")}`;
