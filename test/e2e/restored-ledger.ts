/** The ledger's database as it was at an earlier moment, as a point-in-time restore of D1 leaves it. */
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import * as schema from "../../ledger/schema.ts";
import type { Countersign } from "./harness.ts";

const tables = (Object.values(schema) as SQLiteTable[]).map((table) => {
  const { name, columns } = getTableConfig(table);
  return { name, columns: columns.map((column) => column.name) };
});

/** Copies the whole database while nobody writes to it; the answer puts it back. The objects keep their memory, as they do when a database is restored. */
export async function copyLedger(system: Countersign): Promise<() => Promise<void>> {
  const inserts: string[] = [];
  let batches = 0;
  for (const { name, columns } of tables) {
    const values = columns.map((column) => `quote(${column})`).join(` || ',' || `);
    const rows = await system.sql("LEDGER_DB", `SELECT ${values} AS row FROM ${name}`);
    if (name === "batches") batches = rows.length;
    else inserts.push(...rows.map(({ row }) => `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${row})`));
  }
  return () =>
    system.sqlBatch("LEDGER_DB", [
      // The chain of batches only loses its end; it is one tenant's.
      `DELETE FROM batches WHERE seq >= ${batches}`,
      ...tables.filter(({ name }) => name !== "batches").map(({ name }) => `DELETE FROM ${name}`),
      ...inserts,
    ]);
}
