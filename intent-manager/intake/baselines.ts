/**
 * The baselines of one automation's anomaly gates, one object for each major version of its input contract, named
 * `tenant/automation/MAJOR`.
 *
 * Stored: four numbers for each gate; the gates that lately asked tasks failed. No input, and nobody's value.
 *
 *  A1  A task is looked at once: the same task again with the same numbers gets the same answer, and moves no baseline. With other numbers it is
 *      another one: an input that passed and was never opened lets no other one through under its key.
 *  A2  Answer and baseline change in one synchronous step, durable before it is answered.
 */
import { DurableObject } from "cloudflare:workers";
import { NO_BASELINE, observed, type Baseline } from "../../shared/gates/baseline.ts";
import type { Reading } from "../../shared/gates/gates.ts";
import { digestOf } from "../../shared/canonical.ts";
import { LIMITS } from "../../shared/limits.ts";

export interface BaselinesRpc {
  /** Ids of the gates that the readings of a task fail. */
  look(task: string, readings: readonly Reading[]): Promise<readonly string[]>;
}

export class Baselines extends DurableObject<Env> implements BaselinesRpc {
  readonly #sql = this.ctx.storage.sql;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS baselines (key TEXT PRIMARY KEY, count INTEGER NOT NULL, mean REAL NOT NULL, variance REAL NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
       CREATE TABLE IF NOT EXISTS tasks (n INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, failed TEXT NOT NULL)`,
    );
  }

  async look(task: string, readings: readonly Reading[]): Promise<readonly string[]> {
    const asked = `${task} ${digestOf(readings.map(({ key, value }) => [key, String(value)]))}`;
    const [known] = this.#sql.exec<{ failed: string }>("SELECT failed FROM tasks WHERE task = ?", asked).toArray();
    if (known !== undefined) return JSON.parse(known.failed) as string[];
    const failed = readings.slice(0, LIMITS.gates).filter((reading) => this.#isUnusual(reading));
    const gates = failed.map(({ gate }) => gate);
    this.#sql.exec("INSERT INTO tasks (task, failed) VALUES (?, ?)", asked, JSON.stringify(gates));
    this.#sql.exec("DELETE FROM tasks WHERE n <= (SELECT max(n) FROM tasks) - ?", LIMITS.baselineTasks);
    this.#sql.exec(
      "DELETE FROM baselines WHERE key NOT IN (SELECT key FROM baselines ORDER BY at_ms DESC LIMIT ?)",
      LIMITS.baselinesKept,
    );
    return gates;
  }

  #isUnusual({ key, value, bounds }: Reading): boolean {
    const [row] = this.#sql
      .exec<{ count: number; mean: number; variance: number }>(
        "SELECT count, mean, variance FROM baselines WHERE key = ?",
        key,
      )
      .toArray();
    const { unusual, baseline } = observed((row ?? NO_BASELINE) as Baseline, value, bounds);
    this.#sql.exec(
      "INSERT OR REPLACE INTO baselines (key, count, mean, variance, at_ms) VALUES (?, ?, ?, ?, ?)",
      key,
      baseline.count,
      baseline.mean,
      baseline.variance,
      Date.now(),
    );
    return unusual;
  }
}
