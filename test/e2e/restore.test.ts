/** The ledger's database goes back to an earlier moment; people let the log go on, and nothing that executors recorded is lost. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { DEMO } from "../../scripts/demo-data.ts";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop, until } from "./people.ts";
import { copyLedger } from "./restored-ledger.ts";

let system: Countersign;
let cli: CommandLine;
beforeAll(async () => {
  system = await startCountersign({ tenants: { dev: { regions: ["eu", "us"], shards: 1 } } });
  const dev = system.tenants["dev"]!;
  await openShop(system);
  await enrolPeople({ url: system.url, keys: dev, log: () => {} });
  cli = commandLine({ ...dev, url: system.url, trust: system.trust });
});
afterAll(async () => {
  cli?.remove();
  await system?.stop();
});

const cancel = (order: string) =>
  cli.run(
    "submit",
    "order-cancellation",
    `customerId=${DEMO.ada.customerId}`,
    `orderId=${order}`,
    "reason=no longer needed",
    "confirmed:=true",
    "--wait",
    "10",
    "--json",
  );
const overview = async () => (await system.call(system.tenants["dev"]!.apiKeys.operator, "/v1/overview")).body;
const delivered = () => until(overview, ({ executors }) => executors.every((one: any) => one.head === one.delivered));

it("a rewound database is found, an epoch of two people ends the alarm, what was lost comes back, and the record verifies", async () => {
  await cancel(DEMO.ada.smallOrder);
  await delivered();
  const restore = await copyLedger(system);
  expect((await cancel(DEMO.ada.largeOrder)).json.status).toBe("waiting");
  await delivered();
  await restore();

  // Already open work goes on; its next delivery finds that the ledger has forgotten.
  const [waiting] = (await cli.run("reviews", "--json")).json.reviews;
  expect((await cli.run("approve", waiting.id, "--yes", "--json")).exit).toBe(0);
  const alarmed = await until(overview, ({ executors }) => executors.some((one: any) => one.alarms.length > 0));
  const codes = alarmed.executors.flatMap((one: any) => one.alarms.map((alarm: any) => alarm.code));
  expect(["chain-gap", "checkpoint-inconsistent"]).toContain(codes[0]);
  expect((await cancel(DEMO.ada.deliveredOrder)).json.problem.code).toBe(codes[0]);

  const made = await cli.run("epoch", "new", "--reason", "restored for a test", "--json");
  expect(made.json.oldSize).toBeGreaterThan(made.json.newSize);
  const alone = await cli.run("epoch", "apply", "epoch.json", "--json");
  expect(alone.json.problem.code).toBe("epoch-unsigned");
  expect((await cli.run("epoch", "sign", "epoch.json", "--json")).json.signatures).toBe(2);
  const applied = await cli.run("epoch", "apply", "epoch.json", "--json");
  expect(applied.json).toMatchObject({
    number: 1,
    accepted: ["dev/eu/0", "dev/us/0"],
    refused: [],
    incomplete: [],
  });
  expect((await cli.run("epoch", "apply", "epoch.json", "--json")).json.index).toBe(applied.json.index);

  expect((await cancel(DEMO.ada.deliveredOrder)).json.status).toBe("failed"); // it was delivered: taken in, and refused by its target
  await delivered();
  expect((await overview()).executors.flatMap((one: any) => one.alarms)).toEqual([]);
  const verified = await cli.run("verify", "--witnesses", "--completeness", "--json");
  expect(verified.json.checks.flatMap((check: any) => check.findings)).toEqual([]);
  expect(verified.json.verified).toBe(true);
  expect(verified.json.epochs).toMatchObject([{ members: ["root", expect.any(String)], newSize: made.json.newSize }]);
  expect(verified.json.counts.settled).toBe(3);
});
