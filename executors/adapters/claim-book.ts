/**
 * The holder of one domain effect key of one tenant, in an object of its own.
 *
 * Stored: the generation, its holder, and the last actions that were undone.
 *
 * C1  In one generation at most one action holds the key, until it is released.
 * C2  A holder whose effect is settled is never released; only an undo frees the key, by raising the generation.
 * C3  An action that was undone is not granted again, as long as LIMITS.undoneRemembered others have not been undone since.
 * C4  Each call may be repeated, and answers only when what it changed is durable.
 *
 * claim(action, task)  granted { generation } | taken { task, generation } | undone
 * settle(action)       nothing, also where the action does not hold the key
 * release(action)      nothing; the key is free where the action held it and is not settled
 * raise(action)        the generation now; it has risen where the action held the key
 */
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage } from "../../shared/platform.ts";
import { GUARDS } from "../guards/index.ts";
import type { ClaimAnswer, ClaimsRpc } from "./claims.ts";

type Held = { generation: number; action: string | null; task: string | null; settled: number };

export class ClaimBook implements ClaimsRpc {
  readonly #storage: Pick<ObjectStorage, "sql" | "transactionSync" | "sync">;

  constructor(storage: Pick<ObjectStorage, "sql" | "transactionSync" | "sync">) {
    this.#storage = storage;
    storage.sql.exec(`CREATE TABLE IF NOT EXISTS held
      (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, action TEXT, task TEXT, settled INTEGER NOT NULL)`);
    storage.sql.exec("CREATE TABLE IF NOT EXISTS undone (generation INTEGER PRIMARY KEY, action TEXT NOT NULL)");
  }

  claim(action: string, task: string): Promise<ClaimAnswer> {
    return this.#decide((held): ClaimAnswer => {
      if (!GUARDS["effect-not-undone"](this.#wasUndone(action))) return { kind: "undone" };
      if (!GUARDS["effect-key-free"](held.action, action))
        return { kind: "taken", task: held.task!, generation: held.generation };
      if (held.action === null) this.#write({ ...held, action, task, settled: 0 });
      return { kind: "granted", generation: held.generation };
    });
  }

  settle(action: string): Promise<void> {
    return this.#decide((held) => {
      if (held.action === action && held.settled === 0) this.#write({ ...held, settled: 1 });
    });
  }

  release(action: string): Promise<void> {
    return this.#decide((held) => {
      if (held.action === action && GUARDS["effect-not-settled"](held.settled))
        this.#write({ ...held, action: null, task: null });
    });
  }

  raise(action: string): Promise<number> {
    return this.#decide((held) => {
      if (held.action !== action) return held.generation;
      const { sql } = this.#storage;
      sql.exec("INSERT INTO undone (generation, action) VALUES (?, ?)", held.generation, action);
      sql.exec("DELETE FROM undone WHERE generation <= ?", held.generation - LIMITS.undoneRemembered);
      const generation = held.generation + 1;
      this.#write({ generation, action: null, task: null, settled: 0 });
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
    const [row] = this.#storage.sql.exec<Held>("SELECT generation, action, task, settled FROM held").toArray();
    return row ?? { generation: 0, action: null, task: null, settled: 0 };
  }

  #write({ generation, action, task, settled }: Held): void {
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO held (one, generation, action, task, settled) VALUES (1, ?, ?, ?, ?)",
      generation,
      action,
      task,
      settled,
    );
  }

  #wasUndone(action: string): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM undone WHERE action = ?", action).toArray().length > 0;
  }
}
