/**
 * The four local databases: migrations applied, the tenant and its keys written, the regional business databases filled with
 * demonstration data once. What an earlier start did is not done again, so a second start keeps all data and is quick.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { controlSql } from "../lib/control-seed.ts";
import { demoSql } from "../demo-data.ts";
import { binary, DATABASES, inRoot, workerByName, wranglerEnvironment, type Database } from "../lib/project.ts";
import { reasonIn, run } from "../lib/run.ts";
import { digestOf } from "./digest.ts";
import type { DevFile } from "./dev-state.ts";
import { StartFailure } from "./failure.ts";
import { isDone, setDone, STATE_FOLDER } from "./stamps.ts";

export async function prepareDatabases(dev: DevFile, log: (line: string) => void): Promise<void> {
  for (const database of DATABASES) await migrate(database, log);
  await seed(
    "CONTROL_DB",
    "tenant and API keys",
    controlSql(dev, Date.now()),
    JSON.stringify([dev.apiKeys, dev.rootKey.x]),
    log,
  );
  // Written once and never again: from then on these rows are what actions change.
  await seed("BUSINESS_EU", "demonstration data (eu)", () => demoSql("eu"), "once", log);
  await seed("BUSINESS_US", "demonstration data (us)", () => demoSql("us"), "once", log);
}

async function migrate(database: Database, log: (line: string) => void): Promise<void> {
  const folder = inRoot(database.migrations);
  if (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith(".sql"))) return;
  const digest = digestOf(database.migrations);
  if (isDone(`migrate ${database.binding}`, digest)) return;
  log(`migrations: ${database.name}`);
  const applied = await wrangler(["d1", "migrations", "apply", database.binding], database);
  if (applied.code !== 0) throw new StartFailure(`a migration of ${database.name} failed: ${reasonIn(applied.output)}`);
  setDone(`migrate ${database.binding}`, digest);
}

/** Runs the statements in one file. Each seed is idempotent, or done once as its `version` says. */
async function seed(
  binding: string,
  what: string,
  statements: readonly string[] | (() => readonly string[]),
  version: string,
  log: (line: string) => void,
): Promise<void> {
  const digest = createHash("sha256").update(version).digest("hex");
  if (isDone(`seed ${binding}`, digest)) return;
  const database = DATABASES.find((candidate) => candidate.binding === binding)!;
  log(`data: ${what}`);
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  try {
    const file = join(folder, "seed.sql");
    const sql = typeof statements === "function" ? statements() : statements;
    writeFileSync(file, `${sql.map((statement) => statement.replace(/;\s*$/, "")).join(";\n")};\n`, { mode: 0o600 });
    const executed = await wrangler(["d1", "execute", binding, "--file", file, "--yes"], database);
    if (executed.code !== 0)
      throw new StartFailure(`the ${what} could not be written to ${database.name}: ${reasonIn(executed.output)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  setDone(`seed ${binding}`, digest);
}

const wrangler = (args: readonly string[], database: Database) =>
  run(
    binary("wrangler"),
    [...args, "-c", inRoot(workerByName(database.worker).config), "--local", "--persist-to", inRoot(STATE_FOLDER)],
    {
      env: { ...wranglerEnvironment(), CI: "1" }, // CI: asks nothing
    },
  );
