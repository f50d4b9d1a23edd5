/**
 * The archive: full entry bundles and full hash tiles, each written once under its C2SP path, in the order of the log; and what may leave the
 * database because it stands there.
 *
 * A1  Only what the tree of the database says is written: entries are compared with their leaf hashes first.
 * A2  Nothing is written over. Another object under a name is an alarm, and the archive stands still until people have looked.
 * A3  A body leaves the database only after its bundle was read back out of the archive and compared with the tree.
 * A4  A run ends after LIMITS.archiveBundles bundles or LIMITS.archiveRunMs; every bundle may be written again. Between two of them it pauses some times as
 *     long as one took, at most LIMITS.archivePauseMs, so that it holds up nobody on its machine; not where it has fallen behind.
 * A5  A run belongs to the epochs that it began with. One that began meanwhile has its own names and its own place to begin: nothing is taken out of
 *     the database or noted down any more.
 */
import { utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { encodeEntryBundle, TILE_WIDTH, type Tile } from "../../shared/tlog/tiles.ts";
import { entryPage } from "../queries/entries.ts";
import { isBundleOf, readArchived, readTiles, type LogStore } from "./log-store.ts";
import { tileName, type EpochMark } from "./names.ts";
import { IN_EPOCHS } from "./state.ts";
import { putOnce } from "./put-once.ts";

/** Why a run ended early: something outside contradicts the database. */
export class Contradiction extends Error {
  readonly object: string;
  readonly problem: Problem;
  constructor(object: string, why: Problem) {
    super(why.detail);
    this.object = object;
    this.problem = why;
  }
}

export type Archiving = {
  readonly store: LogStore & { readonly archive: R2Bucket };
  readonly tenant: string;
  readonly epochs: readonly EpochMark[];
  /** Size of the log. */
  readonly size: number;
  readonly pace: Pace;
};

export type Pace = {
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** The others do not come first. */
  readonly isUrgent: boolean;
};

/**
 * Writes full bundles from `bundles` on. `moved` is told how far it has come after each.
 * @throws Contradiction, or where one of the two places does not answer
 */
export async function archiveFrom(run: Archiving, bundles: number, moved: (bundles: number) => void): Promise<void> {
  await inTurns(run.pace, bundles, Math.floor(run.size / TILE_WIDTH), async (index) => {
    await archiveBundle(run, index);
    moved(index + 1);
    return true;
  });
}

/** Bundle by bundle, and the others' turn in between (A4), while `work` says that there is a next one. */
export async function inTurns(
  { nowMs, pause, isUrgent }: Pace,
  from: number,
  to: number,
  work: (index: number) => Promise<boolean>,
): Promise<void> {
  const startedMs = nowMs();
  const isBehind = isUrgent || to - from >= LIMITS.archiveBundles;
  const until = Math.min(to, from + LIMITS.archiveBundles);
  let tookMs = 0;
  for (let index = from; index < until && nowMs() - startedMs <= LIMITS.archiveRunMs; index++) {
    if (index > from && !isBehind) await pause(Math.min(OTHERS_TIMES * tookMs, LIMITS.archivePauseMs));
    const beganMs = nowMs();
    if (!(await work(index))) return;
    tookMs = nowMs() - beganMs;
  }
}

/** How many times as long as a bundle took, what else runs on its machine has it for itself. */
const OTHERS_TIMES = 4;

async function archiveBundle(run: Archiving, index: number): Promise<void> {
  const { store, tenant } = run;
  const leaves: Tile = { level: 0, index, width: TILE_WIDTH };
  const bundle: Tile = { level: "entries", index, width: TILE_WIDTH };
  const entries = (await bodiesOf(store, tenant, index)).map(utf8);
  const hashes = (await readTiles(store, tenant, [leaves])).get(leaves);
  if (hashes === undefined || !isBundleOf(entries, hashes))
    throw new Contradiction(
      `entries ${index * TILE_WIDTH}`,
      problem("proof-invalid", "Entries of the database are not those of its own tree.", { bundle: index }),
    );
  const bytes = encodeEntryBundle(entries);
  if (!bytes.ok) throw new Error(bytes.problem.detail);
  await putTile(run, bundle, bytes.value);
  await putTile(run, leaves, hashes.slice());
  // The tiles above that this bundle fills.
  for (let level = 1; (index + 1) % TILE_WIDTH ** level === 0; level++) {
    const tile: Tile = { level, index: (index + 1) / TILE_WIDTH ** level - 1, width: TILE_WIDTH };
    const above = (await readTiles(store, tenant, [tile])).get(tile);
    if (above === undefined) throw new Error(`the database does not hold tile ${level}/${tile.index}`);
    await putTile(run, tile, above.slice());
  }
}

async function bodiesOf(store: LogStore, tenant: string, bundle: number): Promise<string[]> {
  const bodies: string[] = [];
  while (bodies.length < TILE_WIDTH) {
    const from = bundle * TILE_WIDTH + bodies.length;
    const { entries } = await entryPage(store, { tenant, from, limit: TILE_WIDTH - bodies.length });
    if (entries.length === 0) throw new Error(`the database does not hold entry ${from}`);
    bodies.push(...entries.map(({ body }) => body));
  }
  return bodies;
}

async function putTile(
  { store, tenant, epochs }: Archiving,
  tile: Tile,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const name = tileName(tenant, epochs, tile);
  if ((await putOnce(store.archive, name, bytes, "application/octet-stream")) === "other")
    throw new Contradiction(
      name,
      problem("checkpoint-inconsistent", `The archive holds something else as ${name} than this log has there.`),
    );
}

/** Takes bodies out of the database, of the bundles from `dropped` to `to`; `moved` is told after each. Throws where one cannot be read back (A3). */
export async function dropFrom(
  run: Archiving,
  dropped: number,
  to: number,
  moved: (dropped: number) => void,
): Promise<void> {
  const { store, tenant, epochs } = run;
  await inTurns(run.pace, dropped, to, async (index) => {
    await readArchived(store, tenant, epochs, index);
    const [, noted] = await store.db.batch([
      // The rows are written anew and not changed in place: what an update leaves of them would keep half of every page they stood on.
      store.db
        .prepare(
          `INSERT OR REPLACE INTO entries (tenant, idx, body, executor, from_seq, to_seq, task, type)
           SELECT tenant, idx, '', executor, from_seq, to_seq, task, type FROM entries
            WHERE tenant = ?1 AND idx >= ?2 AND idx < ?3 AND ${IN_EPOCHS} = ?4 ORDER BY idx`,
        )
        .bind(tenant, index * TILE_WIDTH, (index + 1) * TILE_WIDTH, epochs.length),
      store.db
        .prepare(`UPDATE archive SET dropped = ?2 WHERE tenant = ?1 AND ${IN_EPOCHS} = ?3`)
        .bind(tenant, index + 1, epochs.length),
    ]);
    if (noted!.meta.changes === 0) return false; // A5
    moved(index + 1);
    return true;
  });
}

/**
 * Bundles whose bodies need not stay: all of them older than the newest `hotEntries` entries or, at their end, than `hotDays`; everything that is archived where the database is full.
 */
export async function coldBundles(
  { store, tenant, size }: Archiving,
  { dropped, bundles }: { readonly dropped: number; readonly bundles: number },
  { hotEntries, hotDays, isFull, nowMs }: { hotEntries: number; hotDays: number; isFull: boolean; nowMs: number },
): Promise<number> {
  if (isFull) return bundles;
  const byCount = Math.min(bundles, Math.max(0, Math.floor((size - hotEntries) / TILE_WIDTH)));
  let cold = Math.max(dropped, byCount);
  for (; cold < Math.min(bundles, dropped + LIMITS.archiveBundles); cold++) {
    const batch = await store.db
      .prepare("SELECT at_ms FROM batches WHERE tenant = ? AND size >= ? ORDER BY size LIMIT 1")
      .bind(tenant, (cold + 1) * TILE_WIDTH)
      .first<{ at_ms: number }>();
    if (batch === null || batch.at_ms >= nowMs - hotDays * 86_400_000) break;
  }
  return cold;
}
