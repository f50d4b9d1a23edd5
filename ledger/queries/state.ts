/** What stands outside the database of a tenant's log, how far behind it is, and what contradicts it. */
import type { LedgerState } from "../../shared/rpc.ts";
import { TILE_WIDTH } from "../../shared/tlog/tile-paths.ts";
import type { Head } from "../batch.ts";
import type { LogKeeping } from "../keeping.ts";
import { ARCHIVE, newPlace, readState } from "../outside/state.ts";

const timeOf = (atMs: number): string | null => (atMs === 0 ? null : new Date(atMs).toISOString());

/** An address may carry a token of its receiver. */
const shownAs = (place: string): string =>
  URL.canParse(place) ? new URL(place).origin + new URL(place).pathname : place;

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
    published: places.map(({ place, size, atMs, failures, lastError }) => ({
      place: shownAs(place),
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
