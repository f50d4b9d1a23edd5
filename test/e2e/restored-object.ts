/** An executor object as it was at an earlier moment, as a point-in-time recovery of its storage leaves it. */
import type { Countersign } from "./harness.ts";

const CLASS = "RegionalExecutor";
const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";

/** Copies the tables of an object that is at rest; the answer puts them back, and the object starts anew over them. */
export async function copyExecutor(system: Countersign, name: string): Promise<() => Promise<void>> {
  const worker = system.harness.getWorker("countersign-executors");
  const copied: { table: string; rows: Record<string, any>[] }[] = [];
  {
    const storage = await worker.getDurableObjectStorage(CLASS, { name });
    for (const { name: table } of await storage.exec<{ name: string }>(TABLES))
      copied.push({ table, rows: await storage.exec(`SELECT * FROM "${table}"`) });
  }
  return async () => {
    const storage = await worker.getDurableObjectStorage(CLASS, { name });
    for (const { table, rows } of copied) {
      await storage.exec(`DELETE FROM "${table}"`);
      if (rows.length === 0) continue;
      const columns = Object.keys(rows[0]!);
      const values = columns.map((column) => `value ->> '$.${column}'`);
      await storage.exec(
        `INSERT INTO "${table}" (${columns.join(", ")}) SELECT ${values.join(", ")} FROM json_each(?)`,
        JSON.stringify(rows),
      );
    }
    await worker.evictDurableObject(CLASS, { name });
  };
}
