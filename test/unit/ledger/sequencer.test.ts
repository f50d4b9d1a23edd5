/** What the sequencer of a tenant promises when another one has taken its place, and when there is nothing left to do. */
import { expect, it } from "vitest";
import { newTenantKeys, newWorkerKeys, trustOf } from "../../../scripts/lib/keys.ts";
import { keyId, type PublicJwk } from "../../../shared/keys.ts";
import type { AppendCommand } from "../../../shared/rpc/ledger.ts";
import { Trust } from "../../../shared/trust.ts";
import { arrive } from "../../../ledger/arrival.ts";
import { TenantSequencer } from "../../../ledger/sequencer.ts";
import { TestChain, testTask } from "../../support/chain.ts";
import { openLedgerDatabase } from "../../support/sqlite-d1.ts";

const TENANT = "acme";
const EXECUTOR = `${TENANT}/eu/0`;
const keys = newWorkerKeys();
const trust = trustOf(keys, [newTenantKeys(TENANT)]);
const settings = { TRUST: JSON.stringify(trust), CHECKPOINT_KEY: JSON.stringify(keys.checkpointKey) };
const config = {
  trust: Trust.parse(trust),
  receiptKeys: new Map<string, PublicJwk>([[keyId(keys.receiptKey), keys.receiptKey]]),
};

async function arrivalOf(command: AppendCommand) {
  const arrival = await arrive(command, config);
  if (!arrival.ok) throw new Error(arrival.problem.code);
  return arrival.value;
}

/** One sequencer over a database that others may use too, and the alarm of its object. */
function newSequencer(database: D1Database, keeping = "{}") {
  const alarm: { atMs: number | null } = { atMs: null };
  const object = new TenantSequencer({
    tenant: TENANT,
    platform: {
      nowMs: () => 1_790_000_000_000,
      randomBytes: (count) => new Uint8Array(count),
      setTimer: (ms, fire) => {
        const timer = setTimeout(fire, ms);
        return () => clearTimeout(timer);
      },
      log: () => {},
    },
    storage: {
      getAlarm: async () => alarm.atMs,
      setAlarm: async (atMs) => {
        alarm.atMs = Number(atMs);
      },
    },
    database: () => database,
    settings: { ...settings, LOG_KEEPING: keeping },
    waitUntil: () => {},
  });
  const fire = () => {
    alarm.atMs = null;
    return object.alarm();
  };
  return { object, alarm, fire };
}

it("a sequencer that another has replaced answers from the database, not from what it remembers", async () => {
  const database = openLedgerDatabase();
  const [stale, current] = [newSequencer(database).object, newSequencer(database).object];
  const chain = new TestChain(EXECUTOR, keys.receiptKey);
  chain.writeTask(testTask(EXECUTOR, 1));
  const first = await stale.append(await arrivalOf(await chain.cut(1, 5)));
  expect(first).toMatchObject({ ok: true, value: { cursor: 5 } });

  chain.writeTask(testTask(EXECUTOR, 2));
  const second = await current.append(await arrivalOf(await chain.cut(6, 10)));
  expect(second).toMatchObject({ ok: true, value: { cursor: 10 } });

  // Nothing of this has to be written, so no compare-and-swap shows that the memory is old.
  const answer = await stale.append(await arrivalOf(await chain.cut(1, 5)));
  expect(answer).toMatchObject({ ok: true, value: { cursor: 10 } });
  if (answer.ok && second.ok) expect(answer.value.checkpoint).toBe(second.value.checkpoint);
});

it("a sequencer that another has replaced refuses no delivery that follows what the other wrote", async () => {
  const database = openLedgerDatabase();
  const [stale, current] = [newSequencer(database).object, newSequencer(database).object];
  const chain = new TestChain(EXECUTOR, keys.receiptKey);
  for (const n of [1, 2, 3]) chain.writeTask(testTask(EXECUTOR, n));
  await stale.append(await arrivalOf(await chain.cut(1, 5)));
  await current.append(await arrivalOf(await chain.cut(6, 10)));
  const answer = await stale.append(await arrivalOf(await chain.cut(11, 15)));
  expect(answer).toMatchObject({ ok: true, value: { cursor: 15 } });
});

it("has an alarm from before a batch is written until its read models have followed, and none from then on", async () => {
  const database = openLedgerDatabase();
  let seen: number | null = null;
  const watched = {
    prepare: (text: string) => database.prepare(text),
    batch: (statements: D1PreparedStatement[]) => {
      seen ??= alarm.atMs;
      return database.batch(statements);
    },
  } as unknown as D1Database;
  const { object, alarm, fire } = newSequencer(watched);
  const chain = new TestChain(EXECUTOR, keys.receiptKey);
  chain.writeTask(testTask(EXECUTOR, 1));
  await object.append(await arrivalOf(await chain.deliver()));
  await object.followed();
  expect(seen).not.toBeNull();
  await fire();
  expect(alarm.atMs).toBeNull();
});

it("a database that is as large as it may be takes nothing more, answers repeats, and goes on once there is room", async () => {
  const real = openLedgerDatabase();
  let bytes = 1_000;
  const database = {
    prepare: (text: string) => real.prepare(text),
    batch: async (statements: D1PreparedStatement[]) =>
      (await real.batch(statements)).map((result) => ({ ...result, meta: { ...result.meta, size_after: bytes } })),
  } as unknown as D1Database;
  const { object, alarm } = newSequencer(database, JSON.stringify({ databaseBytes: 2_000 }));
  const chain = new TestChain(EXECUTOR, keys.receiptKey);
  for (const task of [1, 2, 3]) chain.writeTask(testTask(EXECUTOR, task));
  const [first, second, third] = [
    await arrivalOf(await chain.cut(1, 5)),
    await arrivalOf(await chain.cut(6, 10)),
    await arrivalOf(await chain.cut(11, 15)),
  ];
  expect(await object.append(first)).toMatchObject({ ok: true, value: { cursor: 5 } });
  bytes = 2_001; // what the second leaves behind
  expect(await object.append(second)).toMatchObject({ ok: true, value: { cursor: 10 } });
  alarm.atMs = null;
  expect(await object.append(third)).toMatchObject({ ok: false, problem: { code: "log-full" } });
  expect(alarm.atMs).not.toBeNull(); // the archive may make room
  expect(await object.append(second)).toMatchObject({ ok: true, value: { cursor: 10 } });
  bytes = 1_500;
  expect(await object.append(third)).toMatchObject({ ok: true, value: { cursor: 15 } });
});
