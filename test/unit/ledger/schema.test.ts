import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { expect, it } from "vitest";
import { inRoot } from "../../../scripts/lib/project.ts";
import * as schema from "../../../ledger/schema.ts";

const database = new DatabaseSync(":memory:");
for (const file of readdirSync(inRoot("migrations", "ledger")).toSorted())
  database.exec(readFileSync(inRoot("migrations", "ledger", file), "utf8"));

const tables = Object.values(schema) as SQLiteTable[];

it("the typed schema names every table of the migrations and no other", () => {
  const stored = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  expect(tables.map((table) => getTableConfig(table).name).toSorted()).toEqual(stored.map((row) => row.name));
});

for (const table of tables) {
  const config = getTableConfig(table);
  it(`the columns of ${config.name} are the same in the typed schema and in the migrations`, () => {
    const key = config.primaryKeys[0]?.columns.map((column) => column.name) ?? [];
    const typed = config.columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      notnull: Number(column.notNull),
      pk: key.indexOf(column.name) + 1,
    }));
    const stored = database
      .prepare(`SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY cid`)
      .all(config.name);
    expect(typed).toEqual(stored.map((row) => ({ ...row })));
  });
}

it("each filter of the list of tasks has an index that keeps its order", () => {
  const planOf = (filter: string) =>
    database
      .prepare(`EXPLAIN QUERY PLAN SELECT * FROM rm_tasks WHERE tenant = ? ${filter} ORDER BY first_idx DESC LIMIT 10`)
      .all()
      .map((row) => String(row["detail"]))
      .join("; ");
  expect(planOf("AND first_idx < ?")).toContain("USING INDEX rm_tasks_by_age");
  expect(planOf("AND automation = ? AND first_idx < ?")).toContain("USING INDEX rm_tasks_by_automation");
  expect(planOf("AND status = ? AND status <> 'succeeded' AND first_idx < ?")).toContain(
    "USING INDEX rm_tasks_by_status",
  );
  expect(planOf("AND status = ?")).toContain("USING INDEX rm_tasks_by_age");
});
