/**
 * Checkpoints outside the database: in the archive, under names that are written once, and at any address of the configuration.
 *
 * P1  Before a checkpoint is published it is compared with those that were: all that the archive holds from the newest known one on. What this
 *     database remembers is not asked, because it may have been rewound; the names in the archive tell.
 * P2  A contradiction is an alarm, and nothing is published.
 * P3  The newest checkpoint wins: one that could not be sent is not sent later. Each is tried a bounded number of times.
 */
import { utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { openCheckpoint } from "../../shared/tlog/checkpoint.ts";
import type { NoteVerifier } from "../../shared/tlog/note.ts";
import { hashAtTiles, tilesOfNodes } from "../../shared/tlog/tiles.ts";
import { rootAt, rootNodes } from "../../shared/tlog/tree.ts";
import type { Head } from "../batch.ts";
import { Contradiction } from "./archive.ts";
import { contradictionOf } from "./contradiction.ts";
import { readTiles, type LogStore } from "./log-store.ts";
import { checkpointFolder, checkpointName, type EpochMark } from "./names.ts";
import { putOnce } from "./put-once.ts";

export type Publishing = {
  readonly store: LogStore & { readonly archive: R2Bucket };
  readonly tenant: string;
  readonly epochs: readonly EpochMark[];
  readonly head: Head;
  /** Keys that sign checkpoints of this log. */
  readonly logKeys: readonly NoteVerifier[];
};

/** The root of an earlier size of the log. */
export async function rootOfSize(store: LogStore, tenant: string, size: number, now: number): Promise<Uint8Array> {
  const tiles = await readTiles(store, tenant, tilesOfNodes(rootNodes(size), now));
  return rootAt(size, hashAtTiles(now, tiles.get));
}

/** Writes the newest checkpoint into the archive. `known` is the size of the newest one that is known to be there. Throws a Contradiction (P1, P2). */
export async function publishToArchive(run: Publishing, known: number): Promise<void> {
  const { store, tenant, epochs, head } = run;
  const folder = checkpointFolder(tenant, epochs);
  await compareWithPublished(run, folder, known);
  const name = checkpointName(folder, head.size);
  if ((await putOnce(store.archive, name, utf8(head.note), "text/plain; charset=utf-8")) === "other")
    await compareOne(run, name);
}

async function compareWithPublished(run: Publishing, folder: string, known: number): Promise<void> {
  const { objects } = await run.store.archive.list({
    prefix: folder,
    limit: LIMITS.publishedCompared,
    // Names sort by size: this one and all larger ones.
    ...(known > 0 ? { startAfter: checkpointName(folder, known - 1) } : {}),
  });
  for (const { key } of objects) await compareOne(run, key);
}

async function compareOne({ store, tenant, head, logKeys }: Publishing, name: string): Promise<void> {
  const object = await store.archive.get(name);
  if (object === null) throw new Error(`${name} was listed and is not there`);
  const note = await object.text();
  for (const key of logKeys) {
    const opened = await openCheckpoint(note, key);
    if (!opened.ok) continue;
    const { size } = opened.value;
    const rootNow = size > head.size ? null : await rootOfSize(store, tenant, size, head.size);
    const why = contradictionOf(opened.value, head.size, rootNow);
    if (why !== null) throw new Contradiction(name, why);
    return;
  }
  throw new Contradiction(name, problem("note-malformed", `${name} is not a checkpoint that this log signed.`));
}

export type Send = (address: string, init: RequestInit) => Promise<Response>;

/** Sends a checkpoint to an address. Answers what went wrong, null for nothing. */
export async function sendTo(send: Send, address: string, note: string): Promise<string | null> {
  try {
    const answer = await send(address, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: note,
      redirect: "manual",
      signal: AbortSignal.timeout(LIMITS.outsideAskMs),
    });
    await answer.body?.cancel();
    return answer.ok ? null : `status ${answer.status}`;
  } catch (cause) {
    return (cause instanceof Error ? cause.name : "unknown").slice(0, 100);
  }
}
