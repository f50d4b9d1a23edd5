/**
 * The holder of one domain effect key of one tenant, in an object of its own.
 *
 * Stored: the generation, its holder, the last actions that were undone, and the last attempts that gave the key back.
 *
 * C1  In one generation at most one action holds the key, until it is released.
 * C2  A holder whose effect is settled is never released; only an undo frees the key, by raising the generation.
 * C3  An action that was undone is not granted again, as long as LIMITS.undoneRemembered others have not been undone since.
 * C4  Each call may be repeated, and answers only when what it changed is durable.
 * C5  An attempt that gave the key back does not get it again, nor does an earlier one of the same action: a claim that was sent before the
 *     release and arrives after it changes nothing. It holds as long as LIMITS.undoneRemembered other actions have not given it back since.
 *
 * claim(action, task, attempt)  granted { generation } | taken { task, generation } | undone | ended
 * settle(action)                nothing, also where the action does not hold the key
 * release(action, attempt)      nothing; the key is free where that attempt, or an earlier one, held it and is not settled
 * raise(action)                 the generation now; it has risen where the action held the key
 */
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage } from "../../shared/platform.ts";
import { GUARDS } from "../guards/index.ts";
import type { ClaimAnswer, ClaimsRpc } from "./claims.ts";

type Held = { generation: number; action: string | null; task: string | null; attempt: number; settled: number };
const FREE: Pick<Held, "action" | "task" | "attempt" | "settled"> = {
  action: null,
  task: null,
  attempt: 0,
  settled: 0,
};

export class ClaimBook implements ClaimsRpc {
  readonly #storage: Pick<ObjectStorage, "sql" | "transactionSync" | "sync">;

  constructor(storage: Pick<ObjectStorage, "sql" | "transactionSync" | "sync">) {
    this.#storage = storage;
    storage.sql.exec(`CREATE TABLE IF NOT EXISTS held
      (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, action TEXT, task TEXT, attempt INTEGER NOT NULL, settled INTEGER NOT NULL)`);
    storage.sql.exec("CREATE TABLE IF NOT EXISTS undone (generation INTEGER PRIMARY KEY, action TEXT NOT NULL)");
    storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS ended (one INTEGER PRIMARY KEY, action TEXT NOT NULL UNIQUE, attempt INTEGER NOT NULL)",
    );
  }

  claim(action: string, task: string, attempt: number): Promise<ClaimAnswer> {
    return this.#decide((held): ClaimAnswer => {
      if (!GUARDS["effect-not-undone"](this.#wasUndone(action))) return { kind: "undone" };
      if (!GUARDS["effect-key-free"](held.action, action))
        return { kind: "taken", task: held.task!, generation: held.generation };
      if (!GUARDS["effect-attempt-open"](this.#endedAttempt(action), attempt)) return { kind: "ended" };
      if (held.action === null || held.attempt < attempt) this.#write({ ...held, action, task, attempt });
      return { kind: "granted", generation: held.generation };
    });
  }

  settle(action: string): Promise<void> {
    return this.#decide((held) => {
      if (held.action === action && held.settled === 0) this.#write({ ...held, settled: 1 });
    });
  }

  release(action: string, attempt: number): Promise<void> {
    return this.#decide((held) => {
      this.#end(action, attempt);
      if (held.action === action && held.attempt <= attempt && GUARDS["effect-not-settled"](held.settled))
        this.#write({ ...held, ...FREE });
    });
  }

  raise(action: string): Promise<number> {
    return this.#decide((held) => {
      if (held.action !== action) return held.generation;
      const { sql } = this.#storage;
      sql.exec("INSERT INTO undone (generation, action) VALUES (?, ?)", held.generation, action);
      sql.exec("DELETE FROM undone WHERE generation <= ?", held.generation - LIMITS.undoneRemembered);
      const generation = held.generation + 1;
      this.#write({ generation, ...FREE });
      return generation;
    });
  }

  /** One call: read, decide, write, durable, answer (C4). */
  async #decide<T>(decide: (held: Held) => T): Promise<T> {
    const answer = this.#storage.transactionSync(() => decide(this.#read()));
    await this.#storage.sync();
    return answer;
  }

  #read(): Held {
    const [row] = this.#storage.sql.exec<Held>("SELECT generation, action, task, attempt, settled FROM held").toArray();
    return row ?? { generation: 0, ...FREE };
  }

  #write({ generation, action, task, attempt, settled }: Held): void {
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO held (one, generation, action, task, attempt, settled) VALUES (1, ?, ?, ?, ?, ?)",
      generation,
      action,
      task,
      attempt,
      settled,
    );
  }

  #endedAttempt(action: string): number {
    const [row] = this.#storage.sql.exec("SELECT attempt FROM ended WHERE action = ?", action).toArray();
    return row === undefined ? 0 : Number(row["attempt"]);
  }

  #end(action: string, attempt: number): void {
    if (this.#endedAttempt(action) >= attempt) return;
    const { sql } = this.#storage;
    sql.exec("DELETE FROM ended WHERE action = ?", action);
    sql.exec("INSERT INTO ended (action, attempt) VALUES (?, ?)", action, attempt);
    sql.exec("DELETE FROM ended WHERE one <= (SELECT max(one) FROM ended) - ?", LIMITS.undoneRemembered);
  }

  #wasUndone(action: string): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM undone WHERE action = ?", action).toArray().length > 0;
  }
}
