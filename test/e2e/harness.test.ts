import { afterAll, beforeAll, expect, it } from "vitest";
import { startCountersign, type Countersign } from "./harness.ts";

let countersign: Countersign;
beforeAll(async () => {
  countersign = await startCountersign({
    tenants: { acme: {}, globex: { regions: ["eu"], shards: 2 } },
  });
});
afterAll(() => countersign?.stop());

it("the three Workers start together and the public one answers /healthz", async () => {
  // Nothing is promoted in this world, and health says so.
  expect((await countersign.fetch("/healthz")).headers.get("content-type")).toMatch(/json/);
});

it("each tenant stands in the control database with one key for each role", async () => {
  const rows = await countersign.sql(
    "CONTROL_DB",
    "SELECT tenant, count(*) AS keys FROM api_keys GROUP BY tenant ORDER BY tenant",
  );
  expect(rows).toEqual([
    { tenant: "acme", keys: 6 },
    { tenant: "globex", keys: 6 },
  ]);
});

it("no API key is stored", async () => {
  const stored = JSON.stringify(await countersign.sql("CONTROL_DB", "SELECT * FROM api_keys"));
  for (const key of Object.values(countersign.tenants["acme"]!.apiKeys)) expect(stored).not.toContain(key);
});

it("every database is migrated and answers", async () => {
  for (const binding of ["CONTROL_DB", "BUSINESS_EU", "BUSINESS_US", "LEDGER_DB"] as const)
    expect(
      (await countersign.sql(binding, "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'"))[0]!["n"],
    ).toBeGreaterThan(3);
});

it("the Workers hold the keys of this world, whatever .dev.vars says", async () => {
  const { harness, trust, workerKeys } = countersign;
  const executors = await harness.getWorker("countersign-executors").getEnv();
  expect(JSON.parse(executors["TRUST"])).toEqual(trust);
  expect(JSON.parse(executors["RECEIPT_KEY"])).toEqual(workerKeys.receiptKey);
  const ledger = await harness.getWorker("countersign-ledger").getEnv();
  expect(JSON.parse(ledger["TRUST"])).toEqual(trust);
  const intentManager = await harness.getWorker("countersign").getEnv();
  expect(JSON.parse(intentManager["PROPOSAL_KEY"])).toEqual(workerKeys.proposalKey);
  expect(JSON.parse(intentManager["TRUST"])).toEqual(trust);
});
