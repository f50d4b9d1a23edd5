import { afterAll, beforeAll, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { Gates } from "../../shared/gates/schema.ts";
import { release } from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { until } from "./people.ts";

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

it("bad input is answered with field and rule or waits for people as the automation says, and its owner is told by the Worker's own timer", async () => {
  const { apiKeys } = countersign.tenants["acme"]!;
  const { text, digest, compiled } = release(contracts, {
    automation: "gated",
    owner: "post room",
    gates: Gates.parse([
      { id: "said", check: "input.text.size() > 3", onFail: "refuse", message: "Say what to note." },
      { id: "short", check: "input.text.size() < 20", onFail: "review", reviewers: { role: "clerk", quorum: 1 } },
    ]),
  });
  const operator = createClient({
    baseUrl: countersign.url,
    key: apiKeys.operator,
    fetch: (to, init) => fetch(to, init),
  });
  await publishOne(operator, countersign.tenants["acme"]!, {
    name: "gated",
    bundle: compiled.bundle,
    text,
    digest,
    advice: [],
  });
  const submit = (words: string) =>
    countersign.call(apiKeys.app, "/v1/intents", {
      body: { automation: "gated", input: { text: words } },
      headers: { prefer: "wait=10" },
    });
  const refused = await submit("hm");
  expect([refused.status, refused.headers.get("content-type")]).toEqual([422, "application/problem+json"]);
  expect(refused.body).toMatchObject({
    code: "quality-gate",
    detail: "/text: Say what to note.",
    facts: { gate: "said" },
  });
  const { task } = (await submit("more words than a note has")).body;
  const waits = (await countersign.call(apiKeys.app, `/v1/tasks/${task}`)).body;
  expect([waits.status, waits.steps[0].status]).toEqual(["waiting", "awaiting_review"]);
  const { reviews } = (await countersign.call(apiKeys.approver, "/v1/reviews")).body;
  expect(reviews.find((one: any) => one.task === task).required).toMatchObject([{ rule: "gate-short", role: "clerk" }]);
  expect((await submit("a fine note")).body.status).toBe("succeeded");

  // Every expression of wrangler.toml, as the platform fires it; the rules of the alerts twice, as if minutes had gone by.
  const worker = countersign.harness.getWorker("countersign");
  const fire = async (cron: string) => expect((await worker.scheduled({ cron })).outcome).toBe("ok");
  const alerts = async () => (await countersign.call(apiKeys.auditor, "/v1/alerts")).body.alerts;
  await until(
    async () => {
      await countersign.sql("CONTROL_DB", "UPDATE alerts SET evaluated_at = 0");
      await fire("* * * * *");
      return (await alerts()).filter((one: any) => one.rule === "quality-gate" && one.state === "raised");
    },
    (raised) => raised.length === 2,
  );
  expect((await alerts()).find((one: any) => one.id === "quality-gate:gated:said")).toMatchObject({
    owner: "post room",
    automation: "gated",
    value: 1,
    runbook: "docs/runbooks/quality-gate.md",
  });
  for (const cron of ["*/5 * * * *", "17 * * * *"]) await fire(cron);
  const { jobs } = (await countersign.call(apiKeys.auditor, "/v1/jobs")).body;
  expect(jobs.length).toBeGreaterThan(4);
  for (const { name, runs } of jobs) expect([name, runs[0]?.error], name).toEqual([name, null]);
});
