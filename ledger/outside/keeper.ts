/**
 * The keeper of a tenant's log: what happens beside the appends, in the sequencer's alarm. It moves full bundles into the archive and old bodies
 * out of the database, and publishes checkpoints. Its state stands in the database, for people to see; it keeps nothing in memory.
 *
 * K1  A run is bounded, and each part of it may fail without the other: a failure is counted, named, and tried again later.
 * K2  While an alarm stands nothing is archived, dropped or published: what is outside is the evidence.
 * K3  Nothing here delays or fails an append.
 */
import { LIMITS } from "../../shared/limits.ts";
import { pauseOn, type Platform } from "../../shared/platform.ts";
import { TILE_WIDTH } from "../../shared/tlog/tile-paths.ts";
import type { NoteVerifier } from "../../shared/tlog/note.ts";
import type { Head } from "../batch.ts";
import type { LogKeeping } from "../keeping.ts";
import { readHead } from "../store.ts";
import { archiveFrom, coldBundles, Contradiction, dropFrom, type Archiving } from "./archive.ts";
import { readEpochs, type LogStore } from "./log-store.ts";
import { publishToArchive, sendTo, type Publishing, type Send } from "./publish.ts";
import {
  ARCHIVE,
  newPlace,
  raiseAlarm,
  readState,
  saveArchive,
  savePlace,
  type ArchiveState,
  type OutsideState,
  type PlaceState,
} from "./state.ts";

export type KeeperParts = {
  readonly tenant: string;
  readonly store: LogStore & { readonly archive: R2Bucket };
  readonly keeping: LogKeeping;
  readonly logKeys: readonly NoteVerifier[];
  readonly platform: Pick<Platform, "nowMs" | "setTimer" | "log">;
  readonly send: Send;
};

/** When the next run is due, in milliseconds from now; null where nothing is left to do. */
export type Due = number | null;

export async function keep(parts: KeeperParts): Promise<Due> {
  const { tenant, store } = parts;
  const head = await readHead(store.db, tenant);
  if (head === null || head.size === 0) return null;
  const state = await readState(store.db, tenant);
  if (state.alarms.length > 0) return null; // K2
  const epochs = await readEpochs(store.db, tenant);
  // Checkpoints first: what they contradict must not be archived.
  const published = await publish(parts, { store, tenant, epochs, head, logKeys: parts.logKeys }, state);
  if (published === "alarm") return null;
  const isUrgent = state.databaseBytes > parts.keeping.databaseBytes * FULL;
  const pace = { nowMs: parts.platform.nowMs, pause: pauseOn(parts.platform), isUrgent };
  const archived = await archive(parts, { store, tenant, epochs, size: head.size, pace }, state);
  return soonest(published, archived);
}

const soonest = (...dues: readonly Due[]): Due => {
  const set = dues.filter((due) => due !== null);
  return set.length === 0 ? null : Math.min(...set);
};

async function archive(parts: KeeperParts, run: Archiving, { archive: before }: OutsideState): Promise<Due> {
  const { db } = run.store;
  const save = (state: ArchiveState) => saveArchive(db, run.tenant, run.epochs.length, state);
  const { keeping, platform } = parts;
  const nowMs = platform.nowMs();
  let { bundles, dropped } = before;
  let failure: unknown = null;
  let cold = dropped;
  try {
    await archiveFrom(run, bundles, (to) => (bundles = to));
    // Before anything leaves the database on the strength of it.
    if (bundles > before.bundles) await save({ ...before, bundles, movedMs: nowMs });
    cold = await coldBundles(run, { dropped, bundles }, { ...keeping, isFull: run.pace.isUrgent, nowMs });
    await dropFrom(run, dropped, cold, (to) => (dropped = to));
  } catch (cause) {
    failure = cause;
    await noteAlarm(parts, cause);
  }
  const after: ArchiveState = {
    bundles,
    dropped,
    movedMs: bundles > before.bundles || dropped > before.dropped ? nowMs : before.movedMs,
    failures: failure === null ? 0 : before.failures + 1,
    lastError: failure === null ? null : wordsOf(failure),
  };
  if (JSON.stringify(after) !== JSON.stringify({ ...before })) await save(after);
  if (failure instanceof Contradiction) return null;
  if (failure !== null) return retryMs(after.failures);
  return bundles < Math.floor(run.size / TILE_WIDTH) || dropped < cold ? AT_ONCE : null;
}

/** Share of the allowed size from which on everything that is archived leaves the database. */
const FULL = 0.9;
/** Deliveries come between two runs. */
const AT_ONCE = 100;

const retryMs = (failures: number): number =>
  Math.min(LIMITS.publishRetryCapMs, LIMITS.publishRetryBaseMs * 2 ** Math.min(failures - 1, 16));

async function publish(parts: KeeperParts, run: Publishing, state: OutsideState): Promise<Due | "alarm"> {
  const dues: Due[] = [];
  for (const place of [ARCHIVE, ...parts.keeping.publishTo]) {
    const before = state.places.find((known) => known.place === place) ?? newPlace(place);
    const wait = waitOf(before, run.head, parts.keeping, parts.platform.nowMs());
    if (wait !== 0) {
      dues.push(wait);
      continue;
    }
    const why = await publishAt(parts, run, before);
    if (why === "alarm") return "alarm";
    const after = triedOf(before, run.head, why, parts.platform.nowMs());
    await savePlace(run.store.db, run.tenant, after);
    dues.push(waitOf(after, run.head, parts.keeping, parts.platform.nowMs()));
  }
  return soonest(...dues);
}

/** What went wrong, null for nothing; an alarm is noted here. */
async function publishAt(parts: KeeperParts, run: Publishing, before: PlaceState): Promise<string | null> {
  if (before.place !== ARCHIVE) return sendTo(parts.send, before.place, run.head.note);
  try {
    await publishToArchive(run, before.size);
    return null;
  } catch (cause) {
    if (await noteAlarm(parts, cause)) return "alarm";
    return wordsOf(cause);
  }
}

/** Milliseconds until a place is due: 0 for now, null for not before the log has grown. */
export function waitOf(
  { size, atMs, triedSize, triedMs, failures }: PlaceState,
  head: Pick<Head, "size">,
  { publishSeconds }: Pick<LogKeeping, "publishSeconds">,
  nowMs: number,
): Due {
  if (size === head.size) return null;
  if (failures > 0 && triedSize === head.size && failures >= LIMITS.publishAttempts) return null; // P3
  const dueMs = failures > 0 ? triedMs + retryMs(failures) : atMs + publishSeconds * 1_000;
  return Math.max(0, dueMs - nowMs);
}

function triedOf(before: PlaceState, { size }: Head, why: string | null, nowMs: number): PlaceState {
  const tried = { ...before, triedSize: size, triedMs: nowMs };
  if (why === null) return { ...tried, size, atMs: nowMs, failures: 0, lastError: null };
  return { ...tried, failures: before.failures + 1, lastError: why };
}

/** Notes a contradiction; false for another failure. */
async function noteAlarm({ tenant, store, platform }: KeeperParts, cause: unknown): Promise<boolean> {
  if (!(cause instanceof Contradiction)) {
    platform.log("keeping", { tenant, error: wordsOf(cause) });
    return false;
  }
  platform.log("alarm", { tenant, code: cause.problem.code, object: cause.object });
  await raiseAlarm(store.db, tenant, cause.object, cause.problem, platform.nowMs());
  return true;
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "unknown").slice(0, 300);
