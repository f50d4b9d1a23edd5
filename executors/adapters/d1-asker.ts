/**
 * How the D1 adapter asks a regional database: first in a batch that it shares with concurrent actions, then, where that gave no answer,
 * by itself, within the time and the number of times that one adapter call may take.
 */
import { LIMITS } from "../../shared/limits.ts";
import { pauseOn, type Platform } from "../../shared/platform.ts";
import { type Answers, D1Batcher, type Database, type NoAnswer, type Send } from "./d1-batcher.ts";
import { bindTenant, type BoundSql, type Sql } from "./sql.ts";

export type D1Environment = {
  readonly databaseOf: (region: string) => Database | null;
  readonly newNonce: () => string;
  readonly setTimer: Platform["setTimer"];
  /** False sends each action's statements in a batch of their own. */
  readonly sharesBatches?: boolean;
};

/** The batches of one database: those that read do not wait for those that write. */
type Lanes = { readonly reads: D1Batcher; readonly writes: D1Batcher; readonly alone: Send };

/** The databases of one executor object, each with its shared batches. */
export class D1Databases {
  readonly #environment: D1Environment;
  readonly #lanesByDatabase = new Map<Database, Lanes>();

  constructor(environment: D1Environment) {
    this.#environment = environment;
  }

  get newNonce(): () => string {
    return this.#environment.newNonce;
  }

  /** Someone to ask on behalf of one action; null where the region has no database. */
  asker(region: string, tenant: string): Asker | null {
    const database = this.#environment.databaseOf(region);
    return database === null ? null : new Asker(this.#lanesOf(database), tenant, pauseOn(this.#environment));
  }

  #lanesOf(database: Database): Lanes {
    const known = this.#lanesByDatabase.get(database);
    if (known !== undefined) return known;
    const alone = (statements: readonly BoundSql[]) => send(database, statements, this.#environment);
    const lane = () =>
      this.#environment.sharesBatches === false
        ? ({ run: alone } as unknown as D1Batcher)
        : new D1Batcher(alone, this.#environment);
    const lanes: Lanes = { reads: lane(), writes: lane(), alone };
    this.#lanesByDatabase.set(database, lanes);
    return lanes;
  }
}

export class Asker {
  readonly #lanes: Lanes;
  readonly #tenant: string;
  readonly #pause: (ms: number) => Promise<void>;
  #asks = 0;
  #silences = 0;

  constructor(lanes: Lanes, tenant: string, pause: (ms: number) => Promise<void>) {
    this.#lanes = lanes;
    this.#tenant = tenant;
    this.#pause = pause;
  }

  /** Rows of each statement, or null where no answer came. `shared` takes guarded statements only. */
  async askOnce(statements: readonly Sql[], how: "shared" | "alone"): Promise<Answers | null> {
    return this.#count(statements, how === "shared" ? (bound) => this.#lanes.writes.run(bound) : this.#lanes.alone);
  }

  /** Asks again, after a pause, while no answer comes. For statements that may be repeated; those that only read share their first batch. */
  async ask(statements: readonly Sql[], kind: "reads" | "writes"): Promise<Answers | null> {
    for (let attempt = 0; attempt < LIMITS.effectAsks; attempt++) {
      if (attempt > 0) await this.#pause(LIMITS.effectAskPauseMs * 2 ** (attempt - 1));
      const shares = attempt === 0 && kind === "reads";
      const answers = await this.#count(
        statements,
        shares ? (bound) => this.#lanes.reads.run(bound) : this.#lanes.alone,
      );
      if (answers !== null) return answers;
    }
    return null;
  }

  async #count(statements: readonly Sql[], ask: Send): Promise<Answers | null> {
    if (statements.length === 0) return [];
    if (this.#asks++ >= MOST_ASKS || this.#silences >= LIMITS.effectAsks) return null;
    const answers = await ask(statements.map((statement) => bindTenant(statement, this.#tenant)));
    if (answers === "silent") this.#silences++;
    return typeof answers === "string" ? null : answers;
  }
}

/** Every batch may be sent `effectAsks` times with a reading after each, and then a tombstone: more means that the database is away. */
const MOST_ASKS = LIMITS.effectAsks * 3;

async function send(
  database: Database,
  statements: readonly BoundSql[],
  timers: Pick<Platform, "setTimer">,
): Promise<Answers | NoAnswer> {
  let cancel = (): void => {};
  const tooLate = new Promise<"silent">(
    (resolve) => (cancel = timers.setTimer(LIMITS.effectAskMs, () => resolve("silent"))),
  );
  try {
    const bound = statements.map(({ text, params }) => database.prepare(text).bind(...params));
    const results = await Promise.race([database.batch<Answers[number][number]>(bound), tooLate]);
    return results === "silent" ? results : results.map(({ results: rows }) => rows);
  } catch {
    // Deliberately unread: an error does not say whether the batch was written (D1-2).
    return "failed";
  } finally {
    cancel();
  }
}
