/**
 * Impact and the run log over a ledger database of a million tagged actions, made by SQL: an answer reads the rows that it returns and a
 * fixed number beside each, however many there are. Runs where IMPACT_ROWS says how many: in `npm run nightly`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_splitSqlQuery } from "wrangler";
import { impactOf } from "../../ledger/queries/impact.ts";
import { runsSql } from "../../ledger/queries/runs.ts";
import { inRoot } from "../../scripts/lib/project.ts";

const ROWS = Number(process.env["IMPACT_ROWS"] ?? 0);
const TENANT = "dev";
/** Customers, each with as many orders, whose actions the rows are. */
const CUSTOMERS = 1_000;
const ORDERS = 100;

describe.runIf(ROWS > 0)(`over ${ROWS} rows`, () => {
  let runtime: Miniflare;
  let db: D1Database;
  beforeAll(async () => {
    runtime = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: "export default { fetch: () => new Response(null) };",
        compatibilityDate: "2026-10-01",
        cf: false,
        d1Databases: { DB: "impact" },
      }),
    );
    db = (await runtime.getD1Database("DB")) as unknown as D1Database;
    const folder = inRoot("migrations", "ledger");
    for (const file of readdirSync(folder).toSorted())
      for (const sql of unstable_splitSqlQuery(readFileSync(`${folder}/${file}`, "utf8"))) await db.prepare(sql).run();
    // Each action touches an order and, as what it concerns, its customer.
    const part = 50_000;
    for (let from = 0; from < ROWS / 2; from += part) {
      const to = Math.min(ROWS / 2, from + part);
      await db.batch([
        db
          .prepare(
            `WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
             INSERT INTO rm_tags SELECT ?1, value, i, i, key, printf('tsk_eu_0_%026d', i), 's1', printf('act_%d', i), key = 0, 1, 0
             FROM n, json_each(json_array('order:' || (i % ${CUSTOMERS * ORDERS}), 'customer:' || (i % ${CUSTOMERS})))`,
          )
          .bind(TENANT, from, to),
        db
          .prepare(
            `WITH RECURSIVE n(i) AS (SELECT CAST(?2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?3)
             INSERT INTO rm_runs SELECT ?1, printf('tsk_eu_0_%026d', i), 'a' || (i % 10), 'succeeded', i, i + 1, i, i,
               json_object('automation', 'a' || (i % 10), 'release', 'r', 'principal', json_object('key', 'k', 'member', NULL), 'steps', json_object()), '[]'
             FROM n`,
          )
          .bind(TENANT, from, to),
      ]);
    }
  }, 600_000);
  afterAll(() => runtime?.dispose());

  for (const [direction, resource] of [
    ["back", "order:7"],
    ["back", "customer:7"],
    ["forward", "order:7"],
    ["forward", "customer:7"],
  ] as const)
    it(`${direction} from ${resource} reads a few rows for each that it returns`, async () => {
      const startedMs = performance.now();
      const read = await impactOf(db, { tenant: TENANT, resource, direction, limit: 50 });
      if (!read.ok) throw new Error(read.problem.detail);
      const { answer, rowsRead } = read.value;
      const returned = answer.touched.length + answer.depended.length;
      expect(returned).toBeGreaterThan(0);
      console.log(
        `${direction} ${resource}: ${returned} returned, ${rowsRead} rows read of ${ROWS}, ${Math.round(performance.now() - startedMs)} ms`,
      );
      expect(rowsRead).toBeLessThanOrEqual(6 * (returned + 2));
    });

  it("a page of the run log reads what it returns", async () => {
    const { sql, values } = runsSql({ tenant: TENANT, automation: "a3", limit: 50 }, null);
    const { results, meta } = await db
      .prepare(`${sql} LIMIT 51`)
      .bind(...values)
      .all();
    console.log(`runs: ${results.length} returned, ${meta.rows_read} rows read of ${ROWS / 2}`);
    expect(meta.rows_read).toBeLessThanOrEqual(3 * results.length);
  });
});
