/** The tables of a run's databases: the product's own migrations, and those of the simulated business. */
import { readdirSync, readFileSync } from "node:fs";
import { ClaimBook } from "../../../executors/adapters/claim-book.ts";
import { CorrelationBook } from "../../../executors/correlation-book.ts";
import { Gate } from "../../../executors/gate/gate.ts";
import { AggregateLimit } from "../../../executors/limits/limit.ts";
import { migrate } from "../../../executors/storage.ts";
import { inRoot } from "../../../scripts/lib/project.ts";
import type { ObjectStorage } from "../../../shared/platform.ts";
import { ACCOUNTS, OPENING_BALANCE } from "./business.ts";
import { DatabasePool } from "./databases.ts";
import type { Pools } from "./run.ts";
import { DatabaseSync } from "node:sqlite";

const BUSINESS = `
  CREATE TABLE sim_accounts (tenant TEXT NOT NULL, id TEXT NOT NULL, balance INTEGER NOT NULL CHECK (balance >= 0), version INTEGER NOT NULL, PRIMARY KEY (tenant, id));
  CREATE TABLE sim_transfers (tenant TEXT NOT NULL, action TEXT NOT NULL, task TEXT NOT NULL, step TEXT NOT NULL, src TEXT NOT NULL, dst TEXT NOT NULL, amount INTEGER NOT NULL);
  INSERT INTO sim_accounts SELECT 'sim', value, ${OPENING_BALANCE}, 1 FROM json_each('${JSON.stringify(ACCOUNTS)}');`;

const migrations = (name: string): string =>
  readdirSync(inRoot("migrations", name))
    .toSorted()
    .map((file) => readFileSync(inRoot("migrations", name, file), "utf8"))
    .join("\n");

/** The statements of an executor object's own migration, as it runs them. */
function shardSchema(exec: (sql: string) => void): void {
  const scratch = new DatabaseSync(":memory:");
  const run = (text: string, ...params: (string | number)[]) => {
    const isRead = /^\s*select/i.test(text);
    const rows = isRead ? scratch.prepare(text).all() : [];
    if (!isRead && params.length > 0) scratch.prepare(text).run(...params);
    else if (!isRead) scratch.exec(text);
    if (!isRead) exec(params.length === 0 ? text : text.replace("?", String(params[0])));
    return { one: () => rows[0]!, toArray: () => rows };
  };
  migrate({ sql: { exec: run }, transactionSync: (work: () => unknown) => work() } as unknown as ObjectStorage);
  scratch.close();
}

/** The tables of gates, limits, claims and correlations, side by side: each object uses its own. */
function countersSchema(exec: (sql: string) => void): void {
  const storage = { sql: { exec: (text: string) => (/^\s*create/i.test(text) && exec(text), { toArray: () => [] }) } };
  const parts = { platform: { nowMs: () => 0 }, storage: storage as unknown as ObjectStorage };
  void new Gate(parts);
  void new AggregateLimit(parts);
  void new ClaimBook(parts.storage);
  void new CorrelationBook({ ...parts, executorOf: () => null } as never);
}

export const newPools = (): Pools => ({
  shards: new DatabasePool(shardSchema),
  counters: new DatabasePool(countersSchema),
  ledger: new DatabasePool((exec) => exec(migrations("ledger"))),
  business: new DatabasePool((exec) => exec(migrations("business") + BUSINESS)),
});
