/**
 * The D1 binding's interface over node:sqlite, for tests that need the SQL but no Worker. One batch is one transaction, as in D1.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Database } from "../../executors/adapters/d1-batcher.ts";

type Bound = { readonly text: string; readonly params: readonly SQLInputValue[] };

const MIGRATIONS = path.join(import.meta.dirname, "../../migrations/business");

/** An empty business database; D1 enforces foreign keys and binds at most 100 parameters, and so does this one. */
export function openBusinessDatabase(): { readonly d1: Database; readonly sqlite: DatabaseSync } {
  const sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  for (const file of readdirSync(MIGRATIONS).toSorted()) sqlite.exec(readFileSync(path.join(MIGRATIONS, file), "utf8"));
  return { d1: asD1(sqlite), sqlite };
}

function asD1(sqlite: DatabaseSync): Database {
  const prepare = (text: string) => ({
    bind: (...params: SQLInputValue[]): Bound => {
      if (params.length > 100) throw new RangeError("D1 binds at most 100 parameters");
      return { text, params };
    },
  });
  const batch = (statements: readonly Bound[]) => {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const results = statements.map(({ text, params }) => ({
        results: sqlite.prepare(text).all(...params),
        success: true,
      }));
      sqlite.exec("COMMIT");
      return Promise.resolve(results);
    } catch (cause) {
      sqlite.exec("ROLLBACK");
      return Promise.reject(cause as Error);
    }
  };
  return { prepare, batch } as unknown as Database;
}
