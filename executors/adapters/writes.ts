/**
 * Changes of a relational database as capabilities declare them: a table, its columns, and which rows. The adapter adds what every change
 * needs: the tenant, and the guard that makes it nothing where its action's claim did not hold. So a change can neither reach another
 * tenant's rows nor run without its claim, and concurrent actions can share a batch (executors/adapters/effect-statements.ts).
 *
 *   insert("payments", { order_id: id, kind: "refund", amount_cents: 100 })
 *   update("orders", { status: "cancelled", version: NEXT }, sql`id = ${id}`)
 *   remove("order_items", sql`order_id = ${id} AND position = ${2}`)
 */
import { joined, sql, TENANT, type Sql, type SqlValue } from "./sql.ts";

/** One change: everything up to its condition, and its condition. */
export type Write = { readonly head: Sql; readonly where: Sql };

/** The next version of the row that is changed. */
export const NEXT: Sql = sql`version + 1`;

/** Adds a row of the context's tenant. */
export function insert(table: string, row: { readonly [column: string]: SqlValue }): Write {
  const columns = Object.keys(row).map(named);
  const values = Object.values(row).map((value) => sql`${value}`);
  return {
    head: sql`${raw(`INSERT INTO ${named(table)} (${["tenant", ...columns].join(", ")}) SELECT `)}${joined([sql`${TENANT}`, ...values], ", ")}`,
    where: sql`1`,
  };
}

/** Changes the tenant's rows for which the condition holds. A new value is a value, or an expression over the row's columns. */
export function update(table: string, set: { readonly [column: string]: SqlValue | Sql }, where: Sql): Write {
  const changes = Object.entries(set).map(([column, value]) => sql`${raw(`${named(column)} = `)}${value}`);
  return { head: sql`${raw(`UPDATE ${named(table)} SET `)}${joined(changes, ", ")}`, where: ofTenant(where) };
}

/** Deletes the tenant's rows for which the condition holds. */
export const remove = (table: string, where: Sql): Write => ({
  head: raw(`DELETE FROM ${named(table)}`),
  where: ofTenant(where),
});

/** The change as a statement that does nothing where the guard does not hold. */
export const guarded = ({ head, where }: Write, guard: Sql): Sql => sql`${head} WHERE ${where} AND ${guard}`;

const ofTenant = (where: Sql): Sql => sql`tenant = ${TENANT} AND (${where})`;
const raw = (text: string): Sql => ({ strings: [text], params: [] });

/** Names become text, so they are words and nothing else. */
function named(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`not a name of a table or column: ${name}`);
  return name;
}
