/** What the database remembers of the places outside: how far the archive and each published checkpoint have come, and what contradicts it. */
import type { Problem } from "../../shared/problems.ts";
import { bytesOf } from "../store.ts";

/** The archive's name among the places where checkpoints are published. */
export const ARCHIVE = "archive";

export type ArchiveState = {
  readonly bundles: number;
  readonly dropped: number;
  readonly movedMs: number;
  readonly failures: number;
  readonly lastError: string | null;
};
export type PlaceState = {
  readonly place: string;
  /** Size of the newest checkpoint that the place has taken, 0 for none, and when. */
  readonly size: number;
  readonly atMs: number;
  readonly triedSize: number;
  readonly triedMs: number;
  readonly failures: number;
  readonly lastError: string | null;
};
export type LogAlarm = {
  readonly object: string;
  readonly code: string;
  readonly detail: string;
  readonly atMs: number;
};

export type OutsideState = {
  readonly archive: ArchiveState;
  readonly places: readonly PlaceState[];
  readonly alarms: readonly LogAlarm[];
  /** Size of the whole database; 0 where it does not say. */
  readonly databaseBytes: number;
};

const NOTHING: ArchiveState = { bundles: 0, dropped: 0, movedMs: 0, failures: 0, lastError: null };
export const newPlace = (place: string): PlaceState => ({
  place,
  size: 0,
  atMs: 0,
  triedSize: 0,
  triedMs: 0,
  failures: 0,
  lastError: null,
});

const ALARMS_LISTED = 50;

export async function readState(db: D1Database, tenant: string): Promise<OutsideState> {
  const [archive, places, alarms] = await db.batch([
    db
      .prepare(
        `SELECT bundles, dropped, moved_ms AS "movedMs", failures, last_error AS "lastError" FROM archive WHERE tenant = ?`,
      )
      .bind(tenant),
    db
      .prepare(
        `SELECT place, size, at_ms AS "atMs", tried_size AS "triedSize", tried_ms AS "triedMs", failures, last_error AS "lastError"
         FROM published WHERE tenant = ? ORDER BY place`,
      )
      .bind(tenant),
    db
      .prepare(
        `SELECT object, code, detail, at_ms AS "atMs" FROM log_alarms WHERE tenant = ? ORDER BY at_ms, object LIMIT ${ALARMS_LISTED}`,
      )
      .bind(tenant),
  ]);
  return {
    archive: (archive!.results[0] as ArchiveState | undefined) ?? NOTHING,
    places: places!.results as PlaceState[],
    alarms: alarms!.results as LogAlarm[],
    databaseBytes: bytesOf(alarms!),
  };
}

/** How many epochs a tenant's log has gone through, where ?1 is the tenant: what was read under fewer does not hold. */
export const IN_EPOCHS = "(SELECT count(*) FROM epochs WHERE tenant = ?1)";

/** Notes how far the archive has come; nothing where an epoch has begun since there were `epochs`. */
export async function saveArchive(db: D1Database, tenant: string, epochs: number, state: ArchiveState): Promise<void> {
  await db
    .prepare(
      `INSERT INTO archive (tenant, bundles, dropped, moved_ms, failures, last_error)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ${IN_EPOCHS} = ?7
       ON CONFLICT DO UPDATE SET bundles = excluded.bundles, dropped = excluded.dropped, moved_ms = excluded.moved_ms,
         failures = excluded.failures, last_error = excluded.last_error`,
    )
    .bind(tenant, state.bundles, state.dropped, state.movedMs, state.failures, state.lastError, epochs)
    .run();
}

export async function savePlace(db: D1Database, tenant: string, state: PlaceState): Promise<void> {
  await db
    .prepare(
      `INSERT INTO published (tenant, place, size, at_ms, tried_size, tried_ms, failures, last_error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
       ON CONFLICT DO UPDATE SET size = excluded.size, at_ms = excluded.at_ms, tried_size = excluded.tried_size,
         tried_ms = excluded.tried_ms, failures = excluded.failures, last_error = excluded.last_error`,
    )
    .bind(tenant, state.place, state.size, state.atMs, state.triedSize, state.triedMs, state.failures, state.lastError)
    .run();
}

/** The first contradiction of an object stays. */
export async function raiseAlarm(
  db: D1Database,
  tenant: string,
  object: string,
  why: Problem,
  nowMs: number,
): Promise<void> {
  await db
    .prepare(
      "INSERT INTO log_alarms (tenant, object, code, detail, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(tenant, object.slice(0, 300), why.code, why.detail.slice(0, 500), nowMs)
    .run();
}
