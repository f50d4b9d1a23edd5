/**
 * Shared batches: statements of concurrent actions go to a database together, one batch after another, while one is on its way the next
 * one fills (group commit). Who shares is chance; what stands in a batch is decided by its statements alone, which are guarded
 * (executors/adapters/effect-statements.ts) or only read.
 *
 * B1  Each piece of work gets the rows of its own statements, or hears that its batch gave no answer, which says nothing about whether
 *     the batch was written; the piece then asks by itself, so that one whose statements fail cannot fail its neighbours twice.
 * B2  A batch holds at most LIMITS.sharedStatements statements and LIMITS.sharedChars characters, or one piece alone.
 * B3  Work waits at most LIMITS.sharedWaitMs for an earlier batch: a database that hangs delays nobody by more than that.
 * B4  Work is sent in the order in which it came.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { Platform } from "../../shared/platform.ts";
import type { BoundSql, Row } from "./sql.ts";

/** The part of a D1 binding that is used. */
export type Database = Pick<D1Database, "prepare" | "batch">;
/** Rows of each statement, in order. */
export type Answers = readonly (readonly Row[])[];

type Waiting = {
  readonly statements: readonly BoundSql[];
  readonly chars: number;
  readonly resolve: (answers: Answers | NoAnswer) => void;
};

/** No answer: an error came, or nothing in time. Neither says whether the batch was written. */
export type NoAnswer = "failed" | "silent";
/** Sends one batch. */
export type Send = (statements: readonly BoundSql[]) => Promise<Answers | NoAnswer>;

export class D1Batcher {
  readonly #send: Send;
  readonly #timers: Pick<Platform, "setTimer">;
  readonly #queue: Waiting[] = [];
  #running = false;

  constructor(send: Send, timers: Pick<Platform, "setTimer">) {
    this.#send = send;
    this.#timers = timers;
  }

  /** Sends the statements in the next batch. */
  run(statements: readonly BoundSql[]): Promise<Answers | NoAnswer> {
    return new Promise((resolve) => {
      this.#queue.push({ statements, chars: charsOf(statements), resolve });
      if (this.#running) return;
      this.#running = true;
      // One turn of the microtask queue: the actions of one commit round start in the same turn.
      queueMicrotask(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#take();
      let cancel = (): void => {};
      const longEnough = new Promise<void>((go) => (cancel = this.#timers.setTimer(LIMITS.sharedWaitMs, go)));
      await Promise.race([this.#sendOne(group), longEnough]);
      cancel();
    }
    this.#running = false;
  }

  async #sendOne(group: readonly Waiting[]): Promise<void> {
    const answers = await this.#send(group.flatMap(({ statements }) => statements));
    let from = 0;
    for (const { statements, resolve } of group) {
      resolve(typeof answers === "string" ? answers : answers.slice(from, from + statements.length));
      from += statements.length;
    }
  }

  /** What fits the next batch. */
  #take(): Waiting[] {
    let count = 0;
    let statements = 0;
    let chars = 0;
    for (const waiting of this.#queue) {
      statements += waiting.statements.length;
      chars += waiting.chars;
      if (count > 0 && (statements > LIMITS.sharedStatements || chars > LIMITS.sharedChars)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }
}

const charsOf = (statements: readonly BoundSql[]): number =>
  statements.reduce(
    (sum, { text, params }) =>
      sum +
      text.length +
      params.reduce<number>((all, value) => all + (typeof value === "string" ? value.length : 8), 0),
    0,
  );
