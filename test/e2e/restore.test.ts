/** The ledger's database goes back to an earlier moment, then an executor's object; people let both go on, and nothing that was recorded is lost. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { DEMO } from "../../scripts/demo-data.ts";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop, until } from "./people.ts";
import { copyLedger } from "./restored-ledger.ts";
import { copyExecutor } from "./restored-object.ts";

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

const cancel = (order: string, customer: string = DEMO.ada.customerId, key = order) =>
  cli.run(
    "submit",
    "order-cancellation",
    `customerId=${customer}`,
    `orderId=${order}`,
    "reason=no longer needed",
    "confirmed:=true",
    "--idempotency-key",
    key,
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

  // The intent that was refused is sent again.
  expect((await cancel(DEMO.ada.deliveredOrder)).json.status).toBe("failed"); // it was delivered: taken in, and refused by its target
  await delivered();
  expect((await overview()).executors.flatMap((one: any) => one.alarms)).toEqual([]);
  const verified = await cli.run("verify", "--witnesses", "--completeness", "--json");
  expect(verified.json.checks.flatMap((check: any) => check.findings)).toEqual([]);
  expect(verified.json.verified).toBe(true);
  expect(verified.json.epochs).toMatchObject([{ members: ["root", expect.any(String)], newSize: made.json.newSize }]);
  expect(verified.json.counts.settled).toBe(3);
});

it("a rewound executor is found, a rewind of two admins gives it back what the log holds, nothing is done again, and the record verifies", async () => {
  const { customerId, smallOrder, largeOrder, deliveredOrder } = DEMO.grace;
  for (const member of ["joan", "hedy"]) {
    const { json } = await cli.run("keys", "new", "--out", `${member}.json`, "--member", member, "--json");
    expect((await cli.run("keys", "enrol", json.kid, "--roles", "admin", "--json")).exit).toBe(0);
  }
  const effects = () => system.sql("BUSINESS_US", "SELECT * FROM countersign_effects ORDER BY action");
  const order = () => system.sql("BUSINESS_US", "SELECT status, version FROM orders WHERE id = ?", smallOrder);
  await delivered();
  const restore = await copyExecutor(system, "dev/us/0");

  // The lost span: one task is done, another waits for a person.
  const done = (await cancel(smallOrder, customerId)).json;
  expect(done.status).toBe("succeeded");
  const opened = (await cancel(largeOrder, customerId)).json;
  expect(opened.status).toBe("waiting");
  await delivered();
  const [effectsBefore, orderBefore] = [await effects(), await order()];
  await restore();
  expect((await cli.run("tasks", done.task, "--json")).exit).not.toBe(0);

  // It does not know: the same intent is planned again, and its effect is found done. The delivery of that finds the fork.
  await cancel(smallOrder, customerId);
  const alarmed = await until(overview, ({ executors }) => executors.some((one: any) => one.alarms.length > 0));
  expect(alarmed.executors.flatMap((one: any) => one.alarms.map((alarm: any) => [one.executor, alarm.code]))).toEqual([
    ["dev/us/0", "chain-fork"],
  ]);
  expect((await cancel(deliveredOrder, customerId)).json.problem.code).toBe("chain-fork");
  expect([await effects(), await order()]).toEqual([effectsBefore, orderBefore]);

  const asked = ["dev/us/0", "--reason", "restored for a test", "--signing-key", "joan.json", "--json"];
  const made = await cli.run("rewind", "new", ...asked);
  expect(made.json.ledger).toBeGreaterThan(made.json.kept);
  const apply = () => cli.run("rewind", "apply", "rewind.json", "--json");
  expect((await apply()).json.problem.code).toBe("epoch-unsigned");
  const sign = (key: string) => cli.run("rewind", "sign", "rewind.json", "--signing-key", key, "--json");
  expect((await sign("joan.json")).json.problem.code).toBe("epoch-unsigned");
  expect((await sign("hedy.json")).json.signatures).toBe(2);
  const applied = (await apply()).json;
  expect(applied).toMatchObject({ executor: "dev/us/0", tasks: 1 });
  expect((await apply()).json).toEqual(applied);

  // What was done stays done, the task that waited ends, and a new one is taken.
  expect((await cli.run("tasks", done.task, "--json")).json.status).toBe("succeeded");
  const ended = await until(
    async () => (await cli.run("tasks", opened.task, "--json")).json,
    ({ status }) => status !== "waiting",
  );
  expect(ended).toMatchObject({ status: "failed", restored: true });
  expect((await cli.run("reviews", "--json")).json.reviews).toEqual([]);
  // Whether the same intent is the same can no longer be told: nobody is answered with the task of another.
  expect((await cancel(smallOrder, customerId)).json.problem.code).toBe("restored");
  expect((await cancel(largeOrder, customerId, "again")).json.status).toBe("waiting");
  expect([await effects(), await order()]).toEqual([effectsBefore, orderBefore]);
  await delivered();
  expect((await overview()).executors.flatMap((one: any) => one.alarms)).toEqual([]);

  // A key that signed a recovery may be revoked afterwards: what it signed before stands.
  const joan = (await cli.run("keys", "list", "--json")).json.enrolments.find((one: any) => one.member === "joan");
  expect((await cli.run("keys", "revoke", joan.kid, "--reason", "left", "--json")).json.incomplete).toEqual([]);
  await delivered();
  const verified = await cli.run("verify", "--witnesses", "--completeness", "--json");
  expect(verified.json.checks.flatMap((check: any) => check.findings)).toEqual([]);
  expect(verified.json.verified).toBe(true);
  expect(verified.json.rewinds).toMatchObject([
    { executor: "dev/us/0", from: made.json.kept, to: made.json.ledger, members: ["joan", "hedy"] },
  ]);
});
