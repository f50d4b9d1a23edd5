/**
 * SQLite databases in memory that many runs share: each run works inside a transaction that is rolled back at its end, which is far cheaper
 * than making the tables anew. Inside a run, `synced` marks what is durable and `past` an earlier moment.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export type Value = SQLInputValue;

/** An answer about a statement's text, kept: there are few texts, and each is run many times. */
export function aboutText(answer: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let is = known.get(text);
    if (is === undefined) {
      is = answer(text);
      if (known.size < 1_000) known.set(text, is);
    }
    return is;
  };
}

const hasBoundLimit = aboutText((text) => text.endsWith("LIMIT ?"));

export class MemoryDatabase {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #statementsByLimit = new Map<string, Map<number, StatementSync>>();

  constructor(schema: (exec: (sql: string) => void) => void) {
    this.#sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
    this.#sqlite.exec("PRAGMA temp_store = MEMORY");
    schema((sql) => this.#sqlite.exec(sql));
    this.begin();
  }

  /** Runs statements of the simulator's own, which bind nothing and answer nothing. */
  #do(...texts: readonly string[]): void {
    for (const text of texts) this.#prepared(text).run();
  }

  #prepared(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(text);
      if (this.#statements.size < 400) this.#statements.set(text, statement);
    }
    return statement;
  }

  all(text: string, params: readonly Value[]): Record<string, Value>[] {
    // A bound limit would have SQLite compile the statement anew each time.
    const limit = hasBoundLimit(text) ? params.at(-1) : undefined;
    if (typeof limit === "number" && Number.isSafeInteger(limit))
      return this.#limited(text, limit).all(...params.slice(0, -1)) as Record<string, Value>[];
    return this.#prepared(text).all(...params) as Record<string, Value>[];
  }

  #limited(text: string, limit: number): StatementSync {
    let byLimit = this.#statementsByLimit.get(text);
    if (byLimit === undefined) this.#statementsByLimit.set(text, (byLimit = new Map()));
    let statement = byLimit.get(limit);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(text.slice(0, -1) + limit);
      if (byLimit.size < 100) byLimit.set(limit, statement);
    }
    return statement;
  }

  /** Rows that the statement before changed. */
  changes(): number {
    return Number(this.all("SELECT changes() AS n", [])[0]!["n"]);
  }

  /** All of it or nothing. */
  atomically<T>(run: () => T): T {
    this.#do("SAVEPOINT step");
    try {
      const result = run();
      this.#do("RELEASE step");
      return result;
    } catch (cause) {
      this.#do("ROLLBACK TO step", "RELEASE step");
      throw cause;
    }
  }

  begin(): void {
    this.#do("BEGIN", "SAVEPOINT past", "SAVEPOINT synced");
  }

  /** Everything until now is durable. */
  sync(): void {
    this.#do("RELEASE synced", "SAVEPOINT synced");
  }

  /** What is not durable is lost. */
  lose(): void {
    this.#do("ROLLBACK TO synced");
  }

  /** What is durable now is what `rewind` goes back to. */
  remember(): void {
    this.#do("RELEASE past", "SAVEPOINT past", "SAVEPOINT synced");
  }

  rewind(): void {
    this.#do("ROLLBACK TO past", "SAVEPOINT synced");
  }

  /** Back to the state before the run. */
  reset(): void {
    this.#do("ROLLBACK");
    this.begin();
  }

  /** Copies everything from another database with the same tables. */
  copyFrom(other: MemoryDatabase): void {
    const tables = other
      .all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", [])
      .map((row) => row["name"] as string);
    for (const table of tables) {
      this.all(`DELETE FROM "${table}"`, []);
      for (const row of other.all(`SELECT * FROM "${table}"`, [])) {
        const names = Object.keys(row);
        const marks = names.map(() => "?").join(", ");
        this.all(
          `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${marks})`,
          Object.values(row),
        );
      }
    }
  }
}

/** Databases of one schema, reused from run to run. */
export class DatabasePool {
  readonly #free: MemoryDatabase[] = [];
  readonly #taken: MemoryDatabase[] = [];
  readonly #schema: (exec: (sql: string) => void) => void;

  constructor(schema: (exec: (sql: string) => void) => void) {
    this.#schema = schema;
  }

  take(): MemoryDatabase {
    const database = this.#free.pop() ?? new MemoryDatabase(this.#schema);
    this.#taken.push(database);
    return database;
  }

  /** The run is over. */
  giveBack(): void {
    for (const database of this.#taken.splice(0)) {
      database.reset();
      this.#free.push(database);
    }
  }
}
