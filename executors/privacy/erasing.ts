/**
 * Erasing a data subject in one executor. One record destroys the key; everything after only repairs, and may be repeated.
 *
 *  P1  When the call answers, no key of the subject is here: what was sealed under one is unreadable in this object for ever.
 *  P2  The erasure is a record of the chain (`subject-erased`). It names the random id of the key, never the subject.
 *  P3  Nothing of an erased task is claimed after that record; what was claimed before ends as it ends, and its result is not kept.
 *  P4  `done` once no task of it is under way and what stands outside this object is gone: results in effect rows, events under correlation keys.
 *
 * erase()  erased | going on | nothing was held (done, no tasks)
 */
import { sha256Hex } from "../../shared/sha256.ts";
import type { ExecutorEvent } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Claimed, ErasedHere, LeftBefore } from "../../shared/rpc.ts";
import { parseCommand } from "../commands.ts";
import type { Shard } from "../shard.ts";
import { advance } from "../task/advance.ts";
import { isQuiet, type TaskState } from "../task/state.ts";
import type { ExecutorChange } from "../trusted.ts";
import { EraseCommand } from "./commands.ts";
import { leftBy, NOTHING_LEFT, together } from "./left.ts";
import { residentTraces } from "./resident-traces.ts";

/** What stands outside the object: effect rows by their actions, and tasks under correlation keys (by the keys' SHA-256). */
export type Traces = {
  readonly actions: readonly string[];
  readonly waits: readonly { readonly key: string; readonly task: string }[];
};
type ErasedEvent = Extract<ExecutorEvent, { type: "subject-erased" }>;
type Wait = Traces["waits"][number];
type ErasureRow = { key: string; waits: string; done: number };

export async function erase(shard: Shard, input: unknown): Promise<Result<ErasedHere>> {
  const parsed = parseCommand(EraseCommand, input);
  if (!parsed.ok) return parsed;
  const { subject, digest } = parsed.value;
  const erased = await shard.onExecutor((nowMs) => ok(destroyKey(shard, parsed.value, nowMs)));
  if (!erased.ok) return erased;
  shard.transaction((sql) => {
    for (const { collection, id } of residentTraces(sql, shard.registry, subject))
      sql.exec(
        "UPDATE resident_records SET value = NULL, version = version + 1 WHERE collection = ? AND id = ?",
        collection,
        id,
      );
  });
  const keys = shard.sql
    .exec<ErasureRow>("SELECT key, waits, done FROM subject_erasures WHERE digest = ?", digest)
    .toArray();
  for (const row of keys) {
    await endTasks(shard, row.key);
    if (row.done === 0) await sweep(shard, row);
  }
  return ok(answer(shard, digest));
}

/** Goes on with what is left of erasures, as far as it can without being asked. Whoever repeats the call does the same. */
export async function finishErasures(shard: Shard): Promise<void> {
  const rows = shard.sql.exec<ErasureRow>("SELECT key, waits, done FROM subject_erasures WHERE done = 0").toArray();
  for (const row of rows) await sweep(shard, row);
}

/** The decision: from here on the key is gone (P1, P2). Waits are read first, while they can be. */
function destroyKey(
  shard: Shard,
  { subject, digest, erasure, by }: EraseCommandValue,
  nowMs: number,
): ExecutorChange<null> {
  // The same erasure again: what came to be held since is another matter.
  const known = shard.sql.exec("SELECT 1 FROM subject_erasures WHERE digest = ? AND erasure = ?", digest, erasure);
  if (known.toArray().length > 0) return { value: null, events: [], write: () => {} };
  const key = shard.vault.keyOf(subject);
  if (key === null) {
    noteNothing(shard, digest, erasure, nowMs);
    return { value: null, events: [], write: () => {} };
  }
  const tasks = tasksOf(shard, key);
  const waits = tasks.slice(-LIMITS.subjectWaits).flatMap((task) => waitsOf(shard, task));
  shard.vault.forgetKey(key);
  shard.tasks.forget(tasks);
  const event: ExecutorEvent = { type: "subject-erased", key, erasure, by, tasks: tasks.length };
  return {
    value: null,
    events: [event],
    write: (sql) => {
      // Overwritten before it is deleted: a deleted row's bytes stay in its page for a while.
      sql.exec("UPDATE subject_keys SET key = ?, subject = '' WHERE id = ?", "0".repeat(64), key);
      sql.exec("DELETE FROM subject_keys WHERE id = ?", key);
      sql.exec("DELETE FROM subject_consents WHERE key = ?", key);
      forgetBeside(sql, key);
      sql.exec(
        "INSERT INTO subject_erasures (key, digest, erasure, at_ms, waits, sent, done) VALUES (?, ?, ?, ?, ?, ?, 0)",
        key,
        digest,
        erasure,
        nowMs,
        JSON.stringify(waits),
        JSON.stringify(NOTHING_LEFT),
      );
    },
  };
}

/**
 * An erasure that stands in the chain and that this object's storage does not know of any more: in the transaction that writes it anew. The
 * subject's digest is lost; whoever repeats the erasure finds nothing held.
 */
export function erasedBefore(shard: Shard, sql: SqlStorage, { key, erasure }: ErasedEvent, atMs: number): void {
  const subject = sql
    .exec<{ subject: string }>("SELECT subject FROM subject_keys WHERE id = ?", key)
    .toArray()[0]?.subject;
  const waits = tasksOf(shard, key)
    .slice(-LIMITS.subjectWaits)
    .flatMap((task) => waitsOf(shard, task));
  for (const { collection, id } of subject === undefined ? [] : residentTraces(sql, shard.registry, subject))
    sql.exec(
      "UPDATE resident_records SET value = NULL, version = version + 1 WHERE collection = ? AND id = ?",
      collection,
      id,
    );
  sql.exec("UPDATE subject_keys SET key = ?, subject = '' WHERE id = ?", "0".repeat(64), key);
  sql.exec("DELETE FROM subject_keys WHERE id = ?", key);
  sql.exec("DELETE FROM subject_consents WHERE key = ?", key);
  forgetBeside(sql, key);
  sql.exec(
    "INSERT OR IGNORE INTO subject_erasures (key, digest, erasure, at_ms, waits, sent, done) VALUES (?, '', ?, ?, ?, ?, 0)",
    key,
    erasure,
    atMs,
    JSON.stringify(waits),
    JSON.stringify(NOTHING_LEFT),
  );
  shard.vault.forgetKey(key);
  shard.tasks.forget(tasksOf(shard, key));
}

/** Messages with values, and samples: nobody can judge them any more, and they must not take the place of those that somebody can. */
function forgetBeside(sql: SqlStorage, key: string): void {
  const tasks = "task IN (SELECT task FROM subject_tasks WHERE key = ?)";
  sql.exec(`DELETE FROM dead_letters WHERE ${tasks}`, key);
  sql.exec(`DELETE FROM owed WHERE kind = 'sample' AND ${tasks}`, key);
}

/** Nothing was held when this erasure came here. Noted, so that its repetition takes nothing away that came later. */
const noteNothing = (shard: Shard, digest: string, erasure: string, nowMs: number): void =>
  shard.transaction((sql) =>
    sql.exec(
      "INSERT INTO subject_erasures (key, digest, erasure, at_ms, waits, sent, done) VALUES (?, ?, ?, ?, '[]', ?, 1)",
      erasure,
      digest,
      erasure,
      nowMs,
      JSON.stringify(NOTHING_LEFT),
    ),
  );

type EraseCommandValue = { subject: string; digest: string; erasure: string; by: string };

const tasksOf = (shard: Shard, key: string): string[] =>
  shard.sql
    .exec<{ task: string }>("SELECT task FROM subject_tasks WHERE key = ?", key)
    .toArray()
    .map(({ task }) => task);

/** Where events that a task waited for may still be kept. The keys may name people, so only their digests are noted. */
function waitsOf(shard: Shard, task: string): Wait[] {
  const state = shard.readable(task);
  if (state === null) return [];
  return [...state.steps.values()].flatMap((step) => {
    const key = step.capability === "wait.event" ? (step.resolvedArgs ?? step.args)["key"] : undefined;
    return typeof key === "string" ? [{ key: sha256Hex(key), task }] : [];
  });
}

/** What is not under way ends; the rest ends as it ends (P3). */
async function endTasks(shard: Shard, key: string): Promise<void> {
  const open = shard.sql
    .exec<{ task: string }>(
      "SELECT s.task FROM subject_tasks s JOIN tasks t ON t.id = s.task WHERE s.key = ? LIMIT ?",
      key,
      LIMITS.subjectSwept,
    )
    .toArray();
  await Promise.all(
    open.map(async ({ task }) => {
      const state = shard.readable(task);
      if (state !== null) await shard.onTask(state, (draft, deps) => ok(advance(draft, deps)));
    }),
  );
}

/** P4. A bounded number of tasks; whoever repeats the call goes on. */
async function sweep(shard: Shard, { key, waits }: ErasureRow): Promise<void> {
  const rows = shard.sql
    .exec<{ task: string }>(
      "SELECT task FROM subject_tasks WHERE key = ? AND swept = 0 AND task NOT IN (SELECT id FROM tasks) LIMIT ?",
      key,
      LIMITS.subjectSwept,
    )
    .toArray();
  const states = rows.flatMap(({ task }) => shard.readable(task) ?? []).filter(isQuiet);
  const actions = states.flatMap((state) =>
    [...state.steps.values()].filter(({ attempts }) => attempts > 0).map(({ action }) => action),
  );
  const gone = await shard.removeTraces({ actions, waits: JSON.parse(waits) as Wait[] }).catch(() => false);
  if (!gone) return;
  shard.transaction((sql) => {
    // Two may sweep at a time: each task is counted by the one that finds it first.
    const { sent } = sql.exec<{ sent: string }>("SELECT sent FROM subject_erasures WHERE key = ?", key).one();
    let all = JSON.parse(sent) as LeftBefore;
    for (const state of states) {
      const row = sql.exec("SELECT 1 FROM subject_tasks WHERE key = ? AND task = ? AND swept = 0", key, state.id);
      if (row.toArray().length === 0) continue;
      all = together(all, leftBy(state, shard.registry));
      sql.exec("UPDATE subject_tasks SET swept = 1 WHERE key = ? AND task = ?", key, state.id);
    }
    sql.exec(
      "UPDATE subject_erasures SET sent = ?, waits = '[]', done = NOT EXISTS (SELECT 1 FROM subject_tasks WHERE key = ? AND swept = 0) WHERE key = ?",
      JSON.stringify(all),
      key,
      key,
    );
  });
}

function answer(shard: Shard, digest: string): ErasedHere {
  const rows = shard.sql
    .exec<{ key: string; sent: string; done: number; tasks: number; remaining: number }>(
      `SELECT key, sent, done, (SELECT count(*) FROM subject_tasks s WHERE s.key = e.key) AS tasks,
         (SELECT count(*) FROM subject_tasks s WHERE s.key = e.key AND swept = 0) AS remaining
       FROM subject_erasures e WHERE digest = ?`,
      digest,
    )
    .toArray();
  return {
    tasks: rows.reduce((sum, { tasks }) => sum + tasks, 0),
    remaining: rows.reduce((sum, { remaining }) => sum + remaining, 0),
    underWay: rows.flatMap(({ key }) => claimedOf(shard, key)).slice(0, LIMITS.stopListed),
    left: rows.reduce<LeftBefore>((sum, { sent }) => together(sum, JSON.parse(sent) as LeftBefore), NOTHING_LEFT),
    done: rows.every(({ done }) => done === 1),
  };
}

/** What was claimed and has not ended, of the tasks under a key. */
export function claimedOf(
  shard: Shard,
  key: string,
  counts: (state: TaskState) => boolean = () => true,
): readonly Claimed[] {
  return shard.sql
    .exec<{ task: string }>(
      "SELECT s.task FROM subject_tasks s JOIN tasks t ON t.id = s.task WHERE s.key = ? LIMIT ?",
      key,
      LIMITS.stopListed,
    )
    .toArray()
    .flatMap(({ task }) => {
      const state = shard.readable(task);
      if (state === null || !counts(state)) return [];
      return [...state.steps.values()]
        .filter(({ phase }) => phase.at === "applying" || phase.at === "in_doubt")
        .map((step) => ({
          task,
          step: step.id,
          capability: step.capability,
          action: step.action,
          since: new Date(step.claimedMs ?? state.updatedMs).toISOString(),
        }));
    });
}

/** Erasures of which something is still to be done. */
export const unfinished = (sql: SqlStorage): number =>
  sql.exec<{ n: number }>("SELECT count(*) AS n FROM subject_erasures WHERE done = 0").one().n;
