/** SQL against the databases of a started harness, asked through a Worker of its own (sql.worker.ts). */
import { readdirSync, readFileSync } from "node:fs";
import { unstable_splitSqlQuery, type TestHarness, type TestHarnessOptions } from "wrangler";
import { DATABASES, inRoot, WORKERS } from "../../scripts/lib/project.ts";
import { readWorkerConfigs } from "../../scripts/lib/worker-configs.ts";

export type SqlValue = string | number | null;
export type SqlStatement = { readonly text: string; readonly values?: readonly SqlValue[] };
/** Statements of one atomic batch; the rows of the last one are the answer. */
export type SqlQuestion = { readonly binding: string; readonly statements: readonly SqlStatement[] };
export type SqlAnswer = { readonly rows: Record<string, SqlValue>[] } | { readonly error: string };

const NAME = "countersign-sql";

/** The Worker that asks, with every database that any of the three binds. */
export const sqlWorker = (): TestHarnessOptions["workers"][number] => ({
  config: {
    name: NAME,
    main: inRoot("test/support/sql.worker.ts"),
    compatibility_date: "2026-10-01",
    d1_databases: readWorkerConfigs(WORKERS.map(({ config }) => inRoot(config))).flatMap(({ config }) =>
      config.d1_databases.map(({ binding, database_name, database_id }) => ({ binding, database_name, database_id })),
    ) as never,
  },
});

/** @returns the rows of the last statement @throws what the database says */
export async function askSql(harness: TestHarness, question: SqlQuestion): Promise<Record<string, SqlValue>[]> {
  const body = JSON.stringify(question);
  const response = await harness.getWorker(NAME).fetch("http://sql/", { method: "POST", body });
  const answer = (await response.json()) as SqlAnswer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.rows;
}

/** Brings the fresh databases to their latest form: a batch for each, where wrangler's own way is a request for each statement. */
export async function migrate(harness: TestHarness): Promise<void> {
  for (const { binding, migrations } of DATABASES) {
    const files = readdirSync(inRoot(migrations)).filter((file) => file.endsWith(".sql"));
    const statements = files
      .toSorted()
      .flatMap((file) => unstable_splitSqlQuery(readFileSync(inRoot(migrations, file), "utf8")))
      .map((text) => ({ text }));
    await askSql(harness, { binding, statements });
  }
}
