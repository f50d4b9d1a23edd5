/** Answers to deliveries that were placed: each executor's cursor, the newest checkpoint, and the proof that it continues what the executor saw. */
import { err, ok, type Result } from "../shared/result.ts";
import type { AppendAnswer } from "../shared/rpc/ledger.ts";
import type { Arrival } from "./arrival.ts";
import type { Place } from "./batch.ts";
import type { Log } from "./log.ts";
import { checkOlder } from "./older.ts";
import { readTiles, type LogStore } from "./outside/log-store.ts";
import { consistencyOf, type FetchTiles } from "./tree/proofs.ts";

/** Answers over the log as it stands at this moment: it may move on while they are made. Throws where the database does not answer. */
export function answersFrom(
  store: LogStore,
  tenant: string,
  log: Log,
): (arrival: Arrival, place: Place) => Promise<Result<AppendAnswer>> {
  const { head } = log;
  const fetch: FetchTiles = async (tiles) => {
    const missing = tiles.filter((tile) => log.tiles.get(tile) === undefined);
    if (missing.length === 0) return log.tiles.get;
    const read = await readTiles(store, tenant, missing);
    return (tile) => log.tiles.get(tile) ?? read.get(tile);
  };
  const proofs = new Map<number, Promise<string[]>>();
  const proofFrom = (size: number) => {
    let proof = proofs.get(size);
    if (proof === undefined) proofs.set(size, (proof = consistencyOf(size, head.size, fetch, log.nodes)));
    return proof;
  };
  const cursors = new Map([...log.cursors].map(([executor, { seq }]) => [executor, seq]));
  return async (arrival, place) => {
    if (place.at === "refused") return err(place.problem);
    if (place.at === "older") {
      const agrees = await checkOlder(store, arrival);
      if (!agrees.ok) return agrees;
    }
    const cursor = cursors.get(arrival.executor) ?? 0;
    return ok({ cursor, checkpoint: head.note, consistency: await proofFrom(arrival.seenSize) });
  };
}
