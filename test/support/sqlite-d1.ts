/**
 * The D1 binding's interface over node:sqlite, for tests that need the SQL but no Worker. One batch is one transaction, as in D1.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Database } from "../../executors/adapters/d1-batcher.ts";

type Bound = { readonly text: string; readonly params: readonly SQLInputValue[] };

const MIGRATIONS = path.join(import.meta.dirname, "../../migrations");

/** An empty database; D1 enforces foreign keys and binds at most 100 parameters, and so does this one. */
function open(plane: "business" | "ledger"): DatabaseSync {
  const folder = path.join(MIGRATIONS, plane);
  const sqlite = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  for (const file of readdirSync(folder).toSorted()) sqlite.exec(readFileSync(path.join(folder, file), "utf8"));
  return sqlite;
}

export function openBusinessDatabase(): { readonly d1: Database; readonly sqlite: DatabaseSync } {
  const sqlite = open("business");
  return { d1: asD1(sqlite) as unknown as Database, sqlite };
}

export const openLedgerDatabase = (): D1Database => asD1(open("ledger"));

function asD1(sqlite: DatabaseSync): D1Database {
  const prepare = (text: string) => ({
    bind: (...params: SQLInputValue[]) => {
      if (params.length > 100) throw new RangeError("D1 binds at most 100 parameters");
      const all = async () => ({ results: sqlite.prepare(text).all(...params), success: true });
      return { text, params, all, run: all, first: async () => (await all()).results[0] ?? null };
    },
  });
  const batch = (statements: readonly Bound[]) => {
    sqlite.exec("BEGIN IMMEDIATE");
    try {
      const results = statements.map(({ text, params }) => ({
        results: sqlite.prepare(text).all(...params),
        success: true,
        meta: { changes: Number(sqlite.prepare("SELECT changes() AS n").get()!["n"]) },
      }));
      sqlite.exec("COMMIT");
      return Promise.resolve(results);
    } catch (cause) {
      sqlite.exec("ROLLBACK");
      return Promise.reject(cause as Error);
    }
  };
  return { prepare, batch } as unknown as D1Database;
}
