/**
 * The local D1 databases in this process: the very files that `wrangler dev` opens, under the very ids. One runtime for all of them costs
 * about a second; a wrangler command for each migration and seed costs several seconds apiece.
 *
 * L1  Nobody else has the databases open: this runs before `wrangler dev` starts, and close() ends the runtime.
 * L2  A migration and the line that says it was applied are one batch, in wrangler's own table: either tool goes on where the other stopped.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { DATABASES, inRoot, WORKERS, type Database } from "../lib/project.ts";
import { readWorkerConfigs } from "../lib/worker-configs.ts";
import { STATE_FOLDER } from "./stamps.ts";

/** Where wrangler keeps its resources below a folder given as `--persist-to`. */
const WRANGLER_V3 = `${STATE_FOLDER}/v3`;
const APPLIED_TABLE = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

export type LocalD1 = {
  /** Applies what was not applied yet, in the order of the names. Throws what D1 says. */
  readonly migrate: (database: Database) => Promise<void>;
  /** Runs statements as one batch: all of them or none. */
  readonly run: (database: Database, statements: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openLocalD1(): Promise<LocalD1> {
  const runtime = new Miniflare({
    ...convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response(null, { status: 404 }) };",
      compatibilityDate: "2026-10-01",
      cf: false,
      d1Databases: idByBinding(),
    }),
    resourcePersistencePath: inRoot(WRANGLER_V3),
  });
  await runtime.ready;
  const open = ({ binding }: Database) => runtime.getD1Database(binding);
  const run: LocalD1["run"] = async (database, statements) => {
    if (statements.length === 0) return;
    const d1 = await open(database);
    await d1.batch(statements.map((statement) => d1.prepare(statement)));
  };
  return {
    run,
    migrate: async (database) => {
      const { unstable_splitSqlQuery: split } = await import("wrangler");
      await run(database, [APPLIED_TABLE]);
      const d1 = await open(database);
      const { results } = await d1.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
      const applied = new Set(results.map(({ name }) => name));
      const folder = inRoot(database.migrations);
      const files = readdirSync(folder).filter((name) => name.endsWith(".sql") && !applied.has(name));
      for (const name of files.toSorted()) {
        const statements = split(readFileSync(join(folder, name), "utf8"));
        const entry = d1.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
        await d1.batch([...statements.map((statement) => d1.prepare(statement)), entry]);
      }
    },
    close: () => runtime.dispose(),
  };
}

/** The ids under which wrangler keeps the databases, from the Workers' configurations. */
function idByBinding(): Record<string, string> {
  const configs = readWorkerConfigs(WORKERS.map(({ config }) => inRoot(config)));
  const declared = configs.flatMap(({ config }) => config.d1_databases);
  return Object.fromEntries(
    DATABASES.map(({ binding }) => {
      const found = declared.find((one) => one.binding === binding);
      const id = found?.preview_database_id ?? found?.database_id;
      if (id === undefined) throw new Error(`no wrangler.toml gives the database ${binding} an id`);
      return [binding, id];
    }),
  );
}
