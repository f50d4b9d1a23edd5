/** What the tests of the archive and of published checkpoints share: a log that fills bundles, its keeper's runs, and a database that goes back. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { LogKeeping } from "../../../ledger/keeping.ts";
import type { LedgerState } from "../../../shared/rpc/ledger.ts";
import { testTask, type TestChain } from "../../support/chain.ts";
import { chainOf, ledger, newTenant, sequencerOf, valueOf } from "./world.ts";

export const archive = (env as unknown as { LOG_ARCHIVE: R2Bucket }).LOG_ARCHIVE;

/** One short entry for each of so many tasks. */
export async function grow(chain: TestChain, tasks: number): Promise<void> {
  for (let i = 0; i < tasks; i++)
    chain.write(testTask(chain.executor, chain.seq), [{ type: "cancel-requested", by: "test" }]);
  valueOf(await ledger.append(await chain.deliver()));
}

/** A log of one executor with so many entries, its statement included. */
export async function logOf(entries: number): Promise<{ tenant: string; chain: TestChain }> {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  await grow(chain, entries - 1);
  return { tenant, chain };
}

/** How the tenant's log is kept, for this life of its object. */
export const keeping = (tenant: string, settings: Partial<LogKeeping>): Promise<void> =>
  runInDurableObject(sequencerOf(tenant), (instance) => {
    (instance as unknown as { env: object }).env = { ...env, LOG_KEEPING: JSON.stringify(settings) };
  });

/** The alarm, now. */
export async function kept(tenant: string): Promise<LedgerState> {
  await runDurableObjectAlarm(sequencerOf(tenant));
  return valueOf(await ledger.state(tenant));
}

export const objects = async (prefix: string): Promise<string[]> =>
  (await archive.list({ prefix })).objects.map(({ key }) => key);

const TABLES = ["batches", "entries", "tiles", "executor_cursors", "published", "archive", "epochs", "log_alarms"];

/** What the database holds of a tenant now; the answer puts it back to that. */
export async function snapshot(tenant: string): Promise<() => Promise<void>> {
  const rows = new Map<string, Record<string, unknown>[]>();
  for (const table of TABLES) {
    const found = await env.LEDGER_DB.prepare(`SELECT * FROM ${table} WHERE tenant = ?`).bind(tenant).all();
    rows.set(table, found.results);
  }
  return async () => {
    for (const table of TABLES.toReversed())
      await env.LEDGER_DB.prepare(
        table === "batches"
          ? "DELETE FROM batches WHERE tenant = ? AND seq > (SELECT ?)"
          : `DELETE FROM ${table} WHERE tenant = ?`,
      )
        .bind(...(table === "batches" ? [tenant, rows.get("batches")!.length - 1] : [tenant]))
        .run();
    for (const table of TABLES.filter((name) => name !== "batches"))
      for (const row of rows.get(table)!) {
        const names = Object.keys(row);
        const values = Object.values(row).map((value) => (Array.isArray(value) ? new Uint8Array(value) : value));
        await env.LEDGER_DB.prepare(
          `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
        )
          .bind(...values)
          .run();
      }
    await evictDurableObject(sequencerOf(tenant));
  };
}
