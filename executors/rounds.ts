/**
 * Group commit. Work for many tasks is decided together, written in one transaction and made durable by one sync; then everyone is answered.
 *
 * R1  Each piece of work is decided before the transaction; one that throws is answered with its own error and writes nothing.
 * R2  A round writes all its records or none; nobody is answered, and no effect starts, before they are durable.
 * R3  A round takes at most LIMITS.roundTasks pieces of work, in the order in which they came.
 * R4  A round never awaits an effect: its only await is the sync.
 * R5  While it awaits, storage already has the round and memory does not: whoever compares the two asks isWriting() first.
 * R6  Where much is under way, a round waits for one turn of the event loop. All tasks come as far as they can meanwhile and share it, and the
 *     runtime takes in and sends out what waits on its sockets, which it does between two turns alone. Work that comes by itself waits for nobody,
 *     or once where the last round was large. A runtime that gives no timer costs the wait, not the round.
 */
import { utf8 } from "../shared/bytes.ts";
import { oweTelling } from "./tellings.ts";
import type { ExecutorEvent, TaskEvent } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import type { ObjectStorage, Platform } from "../shared/platform.ts";
import { problem } from "../shared/problems.ts";
import { err, type Result } from "../shared/result.ts";
import type { ResidentRecords, RoundRecords } from "./adapters/resident-records.ts";
import { placeOf, seal, type Head, type Journal, type Sealed } from "./journal.ts";
import { countOutcome } from "./outcomes.ts";
import type { Vault } from "./privacy/vault.ts";
import { oversee } from "./oversight.ts";
import { project } from "./projections.ts";
import { Draft } from "./task/draft.ts";
import type { TaskState } from "./task/state.ts";

/** Work on a task.. */
export type TaskWork<T> = {
  readonly task: string;
  readonly decide: (draft: Draft, existing: TaskState | null, nowMs: number) => Result<T>;
};
/** Work on the executor itself. */
export type ExecutorWork<T> = {
  readonly task: null;
  readonly decide: (
    nowMs: number,
  ) => Result<{ value: T; events: readonly ExecutorEvent[]; write: (sql: SqlStorage) => void }>;
};

type Waiting = {
  readonly sinceMs: number;
  readonly work: TaskWork<unknown> | ExecutorWork<unknown>;
  readonly resolve: (result: Result<never>) => void;
  readonly reject: (error: unknown) => void;
};
type Decided = {
  readonly waiting: Waiting;
  readonly result: Result<unknown>;
  readonly record: Sealed | null;
  readonly write: ((sql: SqlStorage) => void) | null;
};

/** When a round waits for more work (R6). */
export type Gathering = {
  /** Pieces of work in the last round, or waiting for the next, from which on it does. */
  readonly from: number;
  /** One turn of the event loop. */
  readonly turn: () => Promise<void>;
};

export type RoundsDeps = {
  readonly executor: string;
  readonly gathering: Gathering;
  readonly storage: Pick<ObjectStorage, "sql" | "transactionSync" | "sync">;
  readonly journal: Journal;
  /** The records that live in this object. */
  readonly records: ResidentRecords;
  /** The committed state of a task, from memory or folded from the journal. */
  readonly stateOf: (task: string) => TaskState | null;
  /** Called once a round is written and before it is durable: what it sets, such as the alarm, is durable with the round or not at all. */
  readonly written: (records: readonly Sealed[]) => void;
  /** Called once a round is durable, before its callers are answered. */
  readonly committed: (states: ReadonlyMap<string, TaskState>, records: readonly Sealed[]) => void;
  /** Called when a round could not be written: memory must not be believed any more. */
  readonly failed: (tasks: readonly string[]) => void;
  readonly platform: Pick<Platform, "nowMs" | "log">;
  readonly newSalt: () => string;
  /** Seals the values of tasks that are about data subjects, and writes the keys that this round made. */
  readonly vault: Pick<Vault, "seal" | "write" | "written">;
};

/** A UTF-16 unit takes at most three bytes, so most records need no counting. */
const exceeds = (text: string, bytes: number): boolean => text.length * 3 > bytes && utf8(text).length > bytes;
const isTooLarge = (record: Sealed): boolean =>
  exceeds(record.body, LIMITS.recordBytes) || exceeds(record.private ?? "", LIMITS.recordValuesBytes);
const tooLarge = () =>
  err(
    problem(
      "task-limit",
      `This would make a record of more than ${LIMITS.recordBytes} bytes, or of more than ${LIMITS.recordValuesBytes} with its values.`,
    ),
  );

export class Rounds {
  readonly #deps: RoundsDeps;
  #queue: Waiting[] = [];
  readonly #between: (() => Promise<void>)[] = [];
  #running = false;
  #lastTaken = 0;
  /** Tasks with records that are written and not durable yet. */
  #writing: ReadonlyMap<string, TaskState> = new Map();
  /** Work on the executor itself was decided and then not written: what it put into memory must go with it. */
  #doubtful = false;

  constructor(deps: RoundsDeps) {
    this.#deps = deps;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether tables already say more of a task than its state in memory (R5): what they disagree about is not settled. */
  isWriting(task: string): boolean {
    return this.#writing.has(task);
  }

  /** How long the work at the head of the queue has waited. */
  get delayMs(): number {
    const oldest = this.#queue[0];
    return oldest === undefined ? 0 : this.#deps.platform.nowMs() - oldest.sinceMs;
  }

  /** Takes the work into the next round. Resolves once its record, if it made one, is durable. */
  run<T>(work: TaskWork<T> | ExecutorWork<T>): Promise<Result<T>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        sinceMs: this.#deps.platform.nowMs(),
        work: work as TaskWork<unknown>,
        resolve: resolve as (result: Result<never>) => void,
        reject,
      });
      if (!this.#running) {
        this.#running = true;
        // One turn of the microtask queue lets work that arrived together share the round.
        queueMicrotask(() => void this.#drain());
      }
    });
  }

  /**
   * Runs between two rounds, when nothing is decided and not written. What is written outside of rounds, such as a chain that is taken back from the
   * ledger, is written here. Resolves once it is durable.
   */
  between<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#between.push(async () => {
        try {
          const value = run();
          await this.#deps.storage.sync();
          resolve(value);
        } catch (error) {
          reject(error);
        }
      });
      if (this.#running) return;
      this.#running = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length + this.#between.length > 0)
      try {
        await this.#between.shift()?.();
        if (this.#queue.length === 0) continue;
        const { from, turn } = this.#deps.gathering;
        if (Math.max(this.#lastTaken, this.#queue.length) >= from) await turn().catch(() => {}); // R6
        const batch = this.#queue.splice(0, LIMITS.roundTasks);
        this.#lastTaken = batch.length;
        await this.#round(batch);
      } catch (error) {
        this.#deps.platform.log("a round failed", { message: error instanceof Error ? error.message : "unknown" });
      }
    this.#running = false;
  }

  async #round(batch: readonly Waiting[]): Promise<void> {
    const { journal, storage } = this.#deps;
    const nowMs = this.#deps.platform.nowMs();
    const states = new Map<string, TaskState>();
    const decided: Decided[] = [];
    const first = journal.head.seq + 1;
    let head: Head = journal.head;
    const resident = this.#deps.records.round();
    for (const waiting of batch) {
      const one = this.#decide(waiting, head, first, nowMs, states, resident);
      if (one === null) continue;
      decided.push(one);
      if (one.record !== null) head = one.record;
    }
    const records = decided.flatMap((one) => (one.record === null ? [] : [one.record]));
    if (records.length > 0) {
      try {
        storage.transactionSync(() => {
          this.#deps.vault.write(storage.sql);
          for (const { record, write } of decided) {
            if (record === null) continue;
            journal.insert(record, record.task === null ? null : states.get(record.task)!.firstSeq);
            write?.(storage.sql);
            if (record.task !== null)
              for (const event of record.events as readonly TaskEvent[]) {
                project(storage.sql, record.task, event);
                oversee(storage.sql, record.task, event, nowMs);
                if (event.type === "outcome-observed")
                  countOutcome(storage.sql, states.get(record.task)!, event, nowMs);
                oweTelling(storage.sql, states.get(record.task)!, event);
              }
          }
          resident.write(storage.sql);
        });
        // COMMIT POINT. From here on the round has happened; a crash before the sync loses it as a whole, and nobody was told.
        journal.advanceTo({ seq: head.seq, hash: head.hash });
        this.#deps.vault.written();
        this.#writing = states;
        this.#deps.written(records);
        await storage.sync();
      } catch (error) {
        this.#writing = new Map();
        // First, because a storage that is gone fails whoever looks into it, and nobody must wait for ever.
        for (const { waiting } of decided) waiting.reject(error);
        this.#deps.failed([...states.keys()]);
        return;
      }
    }
    this.#writing = new Map();
    this.#deps.committed(states, records);
    if (this.#doubtful) this.#deps.failed([]);
    this.#doubtful = false;
    for (const { waiting, result } of decided) waiting.resolve(result as Result<never>);
  }

  /** R1: whatever goes wrong here concerns one piece of work. */
  #decide(
    waiting: Waiting,
    head: Head,
    first: number,
    nowMs: number,
    states: Map<string, TaskState>,
    resident: RoundRecords,
  ): Decided | null {
    try {
      const { work } = waiting;
      if (work.task === null) {
        const result = work.decide(nowMs);
        if (!result.ok) return { waiting, result, record: null, write: null };
        const { events, write, value } = result.value;
        const record = events.length === 0 ? null : seal(this.#deps.executor, head, nowMs, null, events, null);
        if (record !== null && isTooLarge(record)) {
          this.#doubtful = true;
          return { waiting, result: tooLarge(), record: null, write: null };
        }
        return { waiting, result: { ok: true, value }, record, write };
      }
      const existing = states.get(work.task) ?? this.#deps.stateOf(work.task);
      const at = { task: work.task, seq: head.seq + 1, atMs: nowMs };
      const staged = resident.stage();
      const draft = new Draft(existing, at, this.#deps.newSalt, first, staged);
      const result = work.decide(draft, existing, nowMs);
      if (!result.ok || draft.events.length === 0) return { waiting, result, record: null, write: null };
      const { values, details, requestDigest, requestKey, facts } = draft;
      const beside = { values, details, requestDigest, requestKey, ...(facts === null ? {} : { facts }) };
      const { subjects } = draft.state;
      const shut = (text: string, seq: number) => this.#deps.vault.seal(subjects, placeOf(work.task, seq), text);
      const record =
        subjects.length === 0
          ? seal(this.#deps.executor, head, nowMs, work.task, draft.events, beside)
          : seal(this.#deps.executor, head, nowMs, work.task, draft.events, beside, shut);
      if (isTooLarge(record)) return { waiting, result: tooLarge(), record: null, write: null };
      states.set(work.task, draft.state);
      staged.keep();
      return { waiting, result, record, write: null };
    } catch (error) {
      if (waiting.work.task === null) this.#doubtful = true;
      this.#deps.platform.log("a decision failed", {
        task: waiting.work.task,
        message: error instanceof Error ? error.message : "unknown",
      });
      waiting.resolve(err(problem("internal-error", "The executor could not decide this.")) as Result<never>);
      return null;
    }
  }
}
