/** What stands outside the database of a tenant's log, how far behind it is, and what contradicts it. */
import type { LedgerState } from "../../shared/rpc/ledger.ts";
import { shownAddress } from "../../shared/shown-address.ts";
import { TILE_WIDTH } from "../../shared/tlog/tile-paths.ts";
import type { Head } from "../batch.ts";
import type { LogKeeping } from "../keeping.ts";
import { ARCHIVE, newPlace, readState } from "../outside/state.ts";

const timeOf = (atMs: number): string | null => (atMs === 0 ? null : new Date(atMs).toISOString());

/** Addresses of one origin look the same and are told apart by their order in the configuration. */
function shownPlaces(places: readonly string[]): string[] {
  const shown = places.map((place) => (place === ARCHIVE ? place : shownAddress(place)));
  return shown.map((one, i) => {
    const before = shown.slice(0, i).filter((other) => other === one).length;
    return before === 0 ? one : `${one} (${before + 1})`;
  });
}

export async function stateOf(
  db: D1Database,
  tenant: string,
  head: Head,
  { databaseBytes, publishTo }: LogKeeping,
): Promise<LedgerState> {
  const state = await readState(db, tenant);
  const { results: epochs } = await db
    .prepare(
      'SELECT number, epoch, idx AS "index", old_size AS "oldSize", new_size AS "newSize", at_ms AS "atMs" FROM epochs WHERE tenant = ? ORDER BY number DESC LIMIT 50',
    )
    .bind(tenant)
    .all<Omit<LedgerState["epochs"][number], "at"> & { atMs: number }>();
  const places = [ARCHIVE, ...publishTo].map(
    (place) => state.places.find((known) => known.place === place) ?? newPlace(place),
  );
  const { archive } = state;
  const shown = shownPlaces(places.map(({ place }) => place));
  return {
    size: head.size,
    root: head.root,
    database: { bytes: state.databaseBytes, limitBytes: databaseBytes },
    archive: {
      entries: archive.bundles * TILE_WIDTH,
      waiting: Math.max(0, Math.floor(head.size / TILE_WIDTH) - archive.bundles) * TILE_WIDTH,
      onlyThere: archive.dropped * TILE_WIDTH,
      movedAt: timeOf(archive.movedMs),
      failures: archive.failures,
      lastError: archive.lastError,
    },
    published: places.map(({ size, atMs, failures, lastError }, i) => ({
      place: shown[i]!,
      size,
      at: timeOf(atMs),
      behind: Math.max(0, head.size - size),
      failures,
      lastError,
    })),
    alarms: state.alarms.map(({ object, code, detail, atMs }) => ({
      object,
      code,
      detail,
      at: new Date(atMs).toISOString(),
    })),
    epochs: epochs.map(({ atMs, ...epoch }) => ({ ...epoch, at: new Date(atMs).toISOString() })),
  };
}
