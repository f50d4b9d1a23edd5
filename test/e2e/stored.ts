/** Everything that a running Countersign has stored, as text: what must not be there is looked for in it. */
import { inRoot, WORKERS } from "../../scripts/lib/project.ts";
import { readWorkerConfigs } from "../../scripts/lib/worker-configs.ts";
import type { Countersign, DatabaseBinding } from "./harness.ts";

export async function everyTable(system: Countersign): Promise<string> {
  const texts: string[] = [];
  for (const binding of ["CONTROL_DB", "BUSINESS_EU", "BUSINESS_US", "LEDGER_DB"] satisfies DatabaseBinding[])
    for (const { name } of await system.sql(binding, TABLES))
      texts.push(name as string, JSON.stringify(await system.sql(binding, `SELECT * FROM "${name}"`)));
  return texts.join("\n");
}

export async function everyObject(system: Countersign): Promise<string> {
  const texts: string[] = [];
  for (const { name, config } of readWorkerConfigs(WORKERS.map((worker) => inRoot(worker.config))))
    for (const { class_name: className, script_name: elsewhere } of config.durable_objects.bindings) {
      if (elsewhere !== undefined && elsewhere !== name) continue;
      const worker = system.harness.getWorker(name) as any;
      for (const id of await worker.listDurableObjectIds(className)) {
        const storage = await worker.getDurableObjectStorage(className, { id });
        for (const table of await storage.exec(TABLES))
          texts.push(className, JSON.stringify(await storage.exec(`SELECT * FROM "${table.name}"`)));
      }
    }
  return texts.join("\n");
}

const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'";
