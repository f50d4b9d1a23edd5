import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { Follower, type ReadEntries } from "../../../ledger/read-models/follower.ts";
import type { Projector } from "../../../ledger/read-models/projector.ts";
import { tasksProjector, type TasksRow } from "../../../ledger/read-models/tasks.ts";
import { readEntries } from "../../../ledger/outside/log-store.ts";
import {
  admitted,
  applied,
  claimed,
  opened,
  reviewApproved,
  reviewRequested,
  settled,
  testTask,
} from "../../support/chain.ts";
import {
  chainOf,
  checkLog,
  expectRefused,
  followed,
  ledger,
  newTenant,
  sequencerOf,
  valueOf,
  withDatabase,
} from "./world.ts";

const rowsOf = async (tenant: string) =>
  (await env.LEDGER_DB.prepare("SELECT * FROM rm_tasks WHERE tenant = ? ORDER BY task").bind(tenant).all()).results;

const statusOf = async (tenant: string, task: string) => {
  await followed(tenant);
  return env.LEDGER_DB.prepare("SELECT status FROM rm_tasks WHERE tenant = ? AND task = ?")
    .bind(tenant, task)
    .first("status");
};

it("the list of tasks follows a task from its opening through a review to its end", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/2`);
  const task = testTask(chain.executor, 1);
  const rounds = [
    { events: [opened(chain.executor)], status: "planning" },
    { events: [admitted(["s1", "s2"])], status: "running" },
    { events: [reviewRequested(task, "s1")], status: "waiting" },
    { events: [reviewApproved(task, "s1")], status: "running" },
    { events: [claimed("s1"), applied("s1")], status: "running" },
    { events: [claimed("s2"), applied("s2")], status: "planning" },
    { events: [settled()], status: "succeeded" },
  ];
  for (const { events, status } of rounds) {
    chain.write(task, events);
    valueOf(await ledger.append(await chain.deliver()));
    expect(await statusOf(tenant, task)).toBe(status);
  }
  expect(valueOf(await ledger.tasks({ tenant, limit: 10 }))).toMatchObject({
    tasks: [{ task, automation: "refunds", region: "eu", executor: chain.executor, firstIndex: 0, lastIndex: 12 }],
    next: null,
  });
});

it("a list is paged from the newest and filtered, and a cursor from elsewhere is refused", async () => {
  const tenant = newTenant();
  const eu = chainOf(`${tenant}/eu/0`);
  const us = chainOf(`${tenant}/us/0`);
  for (let i = 0; i < 7; i++) {
    eu.writeTask(testTask(eu.executor, i));
    us.write(testTask(us.executor, i), [opened(us.executor, "cancellations")]);
  }
  valueOf(await ledger.append(await eu.deliver()));
  valueOf(await ledger.append(await us.deliver()));
  await followed(tenant);
  const seen: number[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { readonly tasks: readonly { readonly firstIndex: number }[]; readonly next: string | null } = valueOf(
      await ledger.tasks({ tenant, limit: 4, ...(cursor === "" ? {} : { cursor }) }),
    );
    seen.push(...page.tasks.map((task) => task.firstIndex));
    cursor = page.next;
  }
  expect(seen).toEqual([14, 13, 12, 11, 10, 9, 8, 6, 5, 4, 3, 2, 1, 0]);
  const count = async (filter: object) => valueOf(await ledger.tasks({ tenant, limit: 100, ...filter })).tasks.length;
  expect(await count({ region: "us" })).toBe(7);
  expect(await count({ status: "succeeded" })).toBe(7);
  expect(await count({ automation: "cancellations", status: "planning" })).toBe(7);
  expect(await count({ automation: "cancellations", region: "eu" })).toBe(0);
  expectRefused(await ledger.tasks({ tenant, limit: 4, cursor: "bm9wZQ" }), "invalid-request");
});

it("a read model that is built again comes out as it grew", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 40; i++) chain.writeTask(testTask(chain.executor, 100 * round + i));
    valueOf(await ledger.append(await chain.deliver()));
  }
  await followed(tenant);
  const grown = await rowsOf(tenant);
  expect(grown.length).toBe(200);
  valueOf(await ledger.rebuild(tenant, "tasks"));
  await followed(tenant);
  expect(await rowsOf(tenant)).toEqual(grown);
  expect(valueOf(await ledger.health(tenant)).projections).toEqual([
    { name: "tasks", cursor: 205, lag: 0, quarantined: 0 },
    { name: "tags", cursor: 205, lag: 0, quarantined: 0 },
    { name: "runs", cursor: 205, lag: 0, quarantined: 0 },
    { name: "figures", cursor: 205, lag: 0, quarantined: 0 },
  ]);
  expectRefused(await ledger.rebuild(tenant, "nothing"), "not-found");
});

it("an entry that the read model cannot take in is quarantined, and both record and read model go on", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.write(testTask(chain.executor, 1), [settled()]); // never opened
  chain.writeTask(testTask(chain.executor, 2));
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  expect((await rowsOf(tenant)).length).toBe(1);
  expect(valueOf(await ledger.health(tenant)).projections).toEqual([
    { name: "tasks", cursor: 3, lag: 0, quarantined: 1 },
    { name: "tags", cursor: 3, lag: 0, quarantined: 0 },
    { name: "runs", cursor: 3, lag: 0, quarantined: 1 },
    { name: "figures", cursor: 3, lag: 0, quarantined: 0 },
  ]);
  const { results } = await env.LEDGER_DB.prepare(
    "SELECT idx, reason FROM rm_quarantine WHERE tenant = ? AND name = 'tasks'",
  )
    .bind(tenant)
    .all();
  expect(results).toEqual([{ idx: 0, reason: "task-settled before task-opened" }]);
  await checkLog(tenant);
});

const storedEntries =
  (tenant: string): ReadEntries =>
  (from, limit) =>
    readEntries({ db: env.LEDGER_DB, archive: null }, tenant, from, limit);

async function followToEnd<Row>(tenant: string, projector: Projector<Row>): Promise<void> {
  const follower = new Follower(tenant, projector);
  while (await follower.step(env.LEDGER_DB, storedEntries(tenant), 0));
}

it("a row that its table refuses quarantines its entry alone", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let i = 0; i < 3; i++) chain.writeTask(testTask(chain.executor, i));
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const faulty: Projector<TasksRow> = {
    ...tasksProjector,
    version: 2,
    evolve: (row, entry) => {
      const next = tasksProjector.evolve(row, entry);
      return entry.index === 1 ? { ...next, automation: null as never } : next;
    },
  };
  await followToEnd(tenant, faulty);
  expect((await rowsOf(tenant)).length).toBe(2);
  expect(await env.LEDGER_DB.prepare("SELECT idx FROM rm_quarantine WHERE tenant = ?").bind(tenant).first("idx")).toBe(
    1,
  );
});

it("a new version of a read model is built from the first entry, and a follower that was overtaken writes nothing", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let i = 0; i < 3; i++) chain.writeTask(testTask(chain.executor, i));
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const loud: Projector<TasksRow> = {
    ...tasksProjector,
    version: 2,
    evolve: (row, entry) => ({ ...tasksProjector.evolve(row, entry), automation: "loud" }),
  };
  await followToEnd(tenant, loud);
  expect((await rowsOf(tenant)).map((row) => row.automation)).toEqual(["loud", "loud", "loud"]);

  const follower = new Follower(tenant, loud);
  await follower.reset(env.LEDGER_DB);
  const overtaken: ReadEntries = async (from, limit) => {
    const entries = await readEntries({ db: env.LEDGER_DB, archive: null }, tenant, from, limit);
    await env.LEDGER_DB.prepare("UPDATE rm_cursor SET cursor = 4 WHERE tenant = ?").bind(tenant).run();
    return entries;
  };
  await follower.step(env.LEDGER_DB, overtaken, 0);
  expect(await rowsOf(tenant)).toEqual([]);
});

it("a read model that cannot be written delays no append, and the alarm takes it up again", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  let isDown = true;
  await withDatabase(tenant, (db) => ({
    prepare: (sql: string) => {
      if (isDown && sql.includes("rm_")) throw new Error("D1_ERROR: read models are down");
      return db.prepare(sql);
    },
  }));
  chain.writeTask(testTask(chain.executor, 2));
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  expect(valueOf(await ledger.health(tenant)).projections[0]).toMatchObject({ lag: 2 });
  const wakes = () => runDurableObjectAlarm(sequencerOf(tenant));
  expect(await wakes()).toBe(true);
  expect(valueOf(await ledger.health(tenant)).projections[0]).toMatchObject({ lag: 2 });
  isDown = false;
  expect(await wakes()).toBe(true);
  expect(valueOf(await ledger.health(tenant)).projections[0]).toMatchObject({ lag: 0 });
  // With nothing left to do the object sleeps.
  expect(await wakes()).toBe(false);
});
