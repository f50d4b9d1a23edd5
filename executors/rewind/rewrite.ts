/**
 * The object's tables written anew after its storage went back, in one transaction: the records that the ledger holds, the record that says so,
 * and behind it what the object recorded since and no lost record contradicts.
 *
 *  K1  The chain has no gap and no fork: up to the signed head it is the ledger's, record for record (E3).
 *  K2  Of a task with a lost record nothing is done again: what the log says was claimed or applied stays so, signatures stay used (E1, E2), and
 *      what the object did to it since the rewind stays out of the chain (`set_aside`).
 *  K3  Values beside records that the object still has, and that agree with the ledger's, stay.
 */
import { toHex } from "../../shared/bytes.ts";
import type { ChainRecord, ExecutorEvent, TaskEvent } from "../../shared/events.ts";
import type { Rewind, SignedRewind } from "../../shared/rewind.ts";
import { LOST, placeOf, seal, type Head } from "../journal.ts";
import { project } from "../projections.ts";
import type { Shard } from "../shard.ts";
import { writeMeta } from "../storage.ts";
import { oweTelling } from "../tellings.ts";
import { holdAgain } from "./from-log.ts";
import type { LostRecord } from "./lost-chain.ts";

type Own = { seq: number; task: string | null; hash: string; body: string; private: string | null };
export type Rewritten = { readonly lost: number; readonly setAside: number; readonly tasks: number };

const KEY_BYTES = 32;

export function rewrite(
  shard: Shard,
  sql: SqlStorage,
  signed: SignedRewind,
  { rewind, kept, ledger }: Rewind,
  records: readonly LostRecord[],
  nowMs: number,
): Rewritten {
  const own = sql
    .exec<Own>("SELECT seq, task, hash, body, private FROM journal WHERE seq > ? ORDER BY seq", kept.seq)
    .toArray();
  let same = 0;
  while (same < own.length && own[same]!.hash === records[same]?.hash) same++;
  const lost = records.slice(same);
  const touched = new Set(lost.flatMap(({ record }) => record.task ?? []));
  const since = own.slice(same).map((row) => ({ row, events: stillTrue(row, touched, lost) }));
  const aside = since.filter(({ events }) => events.length === 0);
  for (const { row } of aside)
    sql.exec(
      "INSERT INTO set_aside (rewind, seq, task, body, private) VALUES (?, ?, ?, ?, ?)",
      rewind,
      row.seq,
      row.task,
      row.body,
      row.private,
    );
  sql.exec("DELETE FROM journal WHERE seq > ?", kept.seq + same);

  for (const one of lost) takeBack(shard, sql, one, nowMs);
  for (const task of touched) projectAgain(shard, sql, task, lost);
  const open = [...touched].filter((task) => sql.exec("SELECT 1 FROM tasks WHERE id = ?", task).toArray().length > 0);
  const counts = { lost: lost.length, setAside: aside.length, tasks: open.length };
  const event: ExecutorEvent = { type: "chain-restored", rewind, ...counts, ...signed };
  const restored = seal(shard.name, ledger, nowMs, null, [event], null);
  shard.journal.insert(restored, null);

  let head: Head = restored;
  for (const { row, events } of since) {
    if (events.length === 0) continue;
    const { atMs } = JSON.parse(row.body) as ChainRecord;
    const next = seal(shard.name, head, atMs, row.task, events, null);
    const { task } = row;
    const beside = row.private === null || task === null ? row.private : moved(shard, task, row, next.seq);
    shard.journal.insert({ ...next, private: beside }, task === null ? null : (firstSeq(sql, task) ?? next.seq));
    head = next;
  }
  writeMeta(sql, "delivered", String(ledger.seq));
  writeMeta(sql, "alarm", "null");
  writeMeta(sql, "refill", "no");
  writeMeta(sql, `rewind ${rewind}`, JSON.stringify(counts));
  return counts;
}

const moved = (shard: Shard, task: string, row: Own, seq: number): string =>
  shard.vault.moved(row.private!, placeOf(task, row.seq), placeOf(task, seq));

/** What of a record made since the rewind can stand behind the lost ones; nothing where it is about a task that they touch. */
function stillTrue(
  { task, body }: Own,
  touched: ReadonlySet<string>,
  lost: readonly LostRecord[],
): ChainRecord["events"] {
  const { events } = JSON.parse(body) as ChainRecord;
  if (task !== null) return touched.has(task) ? [] : events;
  return (events as readonly ExecutorEvent[]).filter((event) => {
    // A smaller checkpoint behind a larger one would read as a log that was rewound.
    if (event.type === "checkpoint-seen") return false;
    return event.type !== "release-learned" || event.serial > newestSerial(lost, event.automation);
  }) as ChainRecord["events"];
}

const newestSerial = (lost: readonly LostRecord[], automation: string): number =>
  Math.max(
    -1,
    ...lost.flatMap(({ record }) =>
      record.events.flatMap((event) =>
        event.type === "release-learned" && event.automation === automation ? [event.serial] : [],
      ),
    ),
  );

const firstSeq = (sql: SqlStorage, task: string): number | null =>
  sql.exec<{ seq: number }>("SELECT seq FROM journal WHERE task = ? AND opening IS NULL", task).toArray()[0]?.seq ??
  null;

function takeBack(shard: Shard, sql: SqlStorage, { record, body, hash }: LostRecord, nowMs: number): void {
  const { seq, task, events, atMs } = record;
  const first = task === null ? null : (firstSeq(sql, task) ?? seq);
  shard.journal.insert({ seq, task, hash, body, private: task === null ? null : LOST, events }, first);
  if (task === null) for (const event of events) holdAgain(shard, sql, event as ExecutorEvent, atMs);
  else
    for (const event of events as readonly TaskEvent[])
      if (event.type === "task-opened") for (const key of event.subjects ?? []) keepPlaceOf(shard, sql, key, nowMs);
}

/** A key that was made in the lost span: what was sealed under it is gone with it. A key is put in its place so that its tasks can be told apart from erased ones. */
function keepPlaceOf(shard: Shard, sql: SqlStorage, key: string, nowMs: number): void {
  const isKnown = sql.exec(
    "SELECT 1 FROM subject_keys WHERE id = ?1 UNION ALL SELECT 1 FROM subject_erasures WHERE key = ?1",
    key,
  );
  if (isKnown.toArray().length > 0) return;
  const bytes = shard.platform.randomBytes(KEY_BYTES);
  sql.exec("INSERT INTO subject_keys (id, subject, key, at_ms) VALUES (?, '', ?, ?)", key, toHex(bytes), nowMs);
}

/** What follows from all records of a task, as if they were written now. Nobody is asked to review what can no longer be done. */
function projectAgain(shard: Shard, sql: SqlStorage, task: string, lost: readonly LostRecord[]): void {
  sql.exec("DELETE FROM tasks WHERE id = ?", task);
  for (const table of ["timers", "reviews", "doubts", "subject_tasks", "tellings"])
    sql.exec(`DELETE FROM ${table} WHERE task = ?`, task);
  const bodies = sql
    .exec<{ body: string }>(
      "SELECT body FROM journal WHERE (task = ?1 AND opening IS NULL) OR opening = (SELECT seq FROM journal WHERE task = ?1 AND opening IS NULL) ORDER BY seq",
      task,
    )
    .toArray();
  for (const { body } of bodies)
    for (const event of (JSON.parse(body) as ChainRecord).events as readonly TaskEvent[]) {
      if (event.type === "attested") sql.exec("DELETE FROM attestations WHERE id = ?", event.attestation);
      if (event.type === "doubt-resolved") sql.exec("DELETE FROM attestations WHERE id = ?", event.resolution);
      if (event.type !== "review-requested") project(sql, task, event);
    }
  const state = shard.journal.load(task);
  if (state === null) return;
  for (const { record } of lost)
    if (record.task === task) for (const event of record.events) oweTelling(sql, state, event as TaskEvent);
}
