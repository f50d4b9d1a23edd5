/**
 * The four local databases: migrations applied, the tenant and its keys written, the regional business databases filled with
 * demonstration data once. What an earlier start did is not done again, so a second start keeps all data and is quick.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { controlSql } from "../lib/control-seed.ts";
import { demoSql } from "../demo-data.ts";
import { DATABASES, inRoot, type Database } from "../lib/project.ts";
import { reasonIn } from "../lib/run.ts";
import { digestOf } from "./digest.ts";
import type { DevFile } from "./dev-state.ts";
import { StartFailure } from "./failure.ts";
import type { LocalD1 } from "./local-d1.ts";
import { isDone, setDone } from "./stamps.ts";

export async function prepareDatabases(dev: DevFile, log: (line: string) => void): Promise<void> {
  // Opened at the first thing to do: where an earlier start did everything, not even the runtime's code is loaded.
  let opened: LocalD1 | null = null;
  const d1 = async () => (opened ??= await (await import("./local-d1.ts")).openLocalD1());
  try {
    for (const database of DATABASES) await migrate(d1, database, log);
    const keys = JSON.stringify([dev.apiKeys, dev.rootKey.x]);
    await seed(d1, "CONTROL_DB", "tenant and API keys", () => controlSql(dev, Date.now()), keys, log);
    // Written once and never again: from then on these rows are what actions change.
    await seed(d1, "BUSINESS_EU", "demonstration data (eu)", () => demoSql("eu"), "once", log);
    await seed(d1, "BUSINESS_US", "demonstration data (us)", () => demoSql("us"), "once", log);
  } finally {
    await (opened as LocalD1 | null)?.close();
  }
}

async function migrate(d1: () => Promise<LocalD1>, database: Database, log: (line: string) => void): Promise<void> {
  const folder = inRoot(database.migrations);
  if (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith(".sql"))) return;
  const digest = digestOf(database.migrations);
  if (isDone(`migrate ${database.binding}`, digest)) return;
  log(`migrations: ${database.name}`);
  await orFail(`a migration of ${database.name} failed`, (await d1()).migrate(database));
  setDone(`migrate ${database.binding}`, digest);
}

/** Runs the statements, all or none. Each seed is idempotent, or done once as its `version` says. */
async function seed(
  d1: () => Promise<LocalD1>,
  binding: string,
  what: string,
  statements: () => readonly string[],
  version: string,
  log: (line: string) => void,
): Promise<void> {
  const digest = createHash("sha256").update(version).digest("hex");
  if (isDone(`seed ${binding}`, digest)) return;
  const database = DATABASES.find((candidate) => candidate.binding === binding)!;
  log(`data: ${what}`);
  await orFail(`the ${what} could not be written to ${database.name}`, (await d1()).run(database, statements()));
  setDone(`seed ${binding}`, digest);
}

async function orFail(failure: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new StartFailure(`${failure}: ${reasonIn((error as Error).message)}`);
  }
}
