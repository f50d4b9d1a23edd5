import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { configOf } from "../../../ledger/config.ts";
import { Log } from "../../../ledger/log.ts";
import { writeBatch } from "../../../ledger/store.ts";
import { arrive } from "../../../ledger/arrival.ts";
import { cut } from "../../../ledger/batch.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { TestChain } from "../../support/chain.ts";
import { testTask } from "../../support/chain.ts";
import { chainOf, checkLog, expectRefused, ledger, newTenant, sequencerOf, valueOf, withDatabase } from "./world.ts";

/** A log with one delivery in it, and the next one ready. */
async function begun(): Promise<{
  tenant: string;
  chain: TestChain;
  next: Awaited<ReturnType<TestChain["deliver"]>>;
}> {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  valueOf(await ledger.append(await chain.deliver()));
  await sequencerOf(tenant).followed();
  chain.writeTask(testTask(chain.executor, 2));
  return { tenant, chain, next: await chain.deliver() };
}

/** Whether a call of `batch` writes the log: the read models write through the same method. */
const heads = () => {
  let calls = 0;
  return { isFirst: () => calls++ === 0 };
};

for (const persisted of [true, false])
  it(`the object is lost between writing and answering, and the batch was ${persisted ? "written" : "not written"}`, async () => {
    const { tenant, next } = await begun();
    const { isFirst } = heads();
    await withDatabase(tenant, (db, state) => ({
      batch: async (statements: D1PreparedStatement[]) => {
        if (!isFirst()) return db.batch(statements) as never;
        if (persisted) await db.batch(statements);
        state.abort("crash");
        throw new Error("never seen");
      },
    }));
    expectRefused(await ledger.append(next), "not-running");
    expect((await checkLog(tenant)).size).toBe(persisted ? 4 : 2);
    expect(valueOf(await ledger.append(next)).cursor).toBe(10);
    expect((await checkLog(tenant)).size).toBe(4);
  });

for (const persisted of [true, false])
  it(`the database's answer is lost, and the batch was ${persisted ? "written" : "not written"}: the same call succeeds`, async () => {
    const { tenant, next } = await begun();
    const { isFirst } = heads();
    await withDatabase(tenant, (db) => ({
      batch: async (statements: D1PreparedStatement[]) => {
        if (!isFirst()) return db.batch(statements) as never;
        if (persisted) await db.batch(statements);
        throw new Error("Network connection lost.");
      },
    }));
    expect(valueOf(await ledger.append(next)).cursor).toBe(10);
    expect((await checkLog(tenant)).size).toBe(4);
  });

it("a database that is down is a clear problem, and the same delivery succeeds when it is back", async () => {
  const { tenant, next } = await begun();
  let isDown = true;
  await withDatabase(tenant, (db) => ({
    batch: async (statements: D1PreparedStatement[]) => {
      if (isDown) throw new Error("D1_ERROR: no database");
      return db.batch(statements) as never;
    },
  }));
  expectRefused(await ledger.append(next), "not-running");
  expect((await checkLog(tenant)).size).toBe(2);
  isDown = false;
  expect(valueOf(await ledger.append(next)).cursor).toBe(10);
  expect((await checkLog(tenant)).size).toBe(4);
});

it("a sequencer whose queue is full says so at once, and takes deliveries again when it has room", async () => {
  const { tenant, chain, next } = await begun();
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await withDatabase(tenant, (db) => ({
    batch: async (statements: D1PreparedStatement[]) => {
      await released;
      return db.batch(statements) as never;
    },
  }));
  const config = valueOf(await configOf(env as unknown as { TRUST: string; CHECKPOINT_KEY: string }));
  const arrival = valueOf(await arrive(next, config));
  const sequencer = sequencerOf(tenant); // calls over one stub arrive in their order
  const first = sequencer.append({ ...arrival, chars: LIMITS.sequencerQueueChars });
  expectRefused(await sequencer.append(arrival), "overloaded");
  release();
  expect(valueOf(await first).cursor).toBe(10);
  chain.writeTask(testTask(chain.executor, 3));
  valueOf(await ledger.append(await chain.deliver()));
  await checkLog(tenant);
});

it("a second writer that moved the head in the database makes this one read and cut again", async () => {
  const { tenant, next } = await begun();
  const other = chainOf(`${tenant}/us/1`);
  other.writeTask(testTask(other.executor, 1));
  await appendDirectly(await other.deliver());
  expect((await checkLog(tenant)).size).toBe(4);
  expect(valueOf(await ledger.append(next)).cursor).toBe(10);
  expect((await checkLog(tenant)).size).toBe(6);
});

it("a second writer that wrote the very same delivery leaves nothing to write", async () => {
  const { tenant, next } = await begun();
  await appendDirectly(next);
  expect(valueOf(await ledger.append(next)).cursor).toBe(10);
  expect((await checkLog(tenant)).size).toBe(4);
});

it("a head that keeps moving ends in head-moved, and nothing is half written", async () => {
  const { tenant, next } = await begun();
  const other = chainOf(`${tenant}/us/1`);
  await withDatabase(tenant, (db) => ({
    batch: async (statements: D1PreparedStatement[]) => {
      // Every write of this object finds that another one was quicker; its reads have two statements.
      if (statements.length > 2) {
        other.writeTask(testTask(other.executor, other.seq));
        await appendDirectly(await other.deliver());
      }
      return db.batch(statements) as never;
    },
  }));
  expectRefused(await ledger.append(next), "head-moved");
  await checkLog(tenant);
});

it("a head that the database lost again is noticed: the executor delivers from the cursor that is there", async () => {
  const { tenant, chain, next } = await begun();
  valueOf(await ledger.append(next));
  await sequencerOf(tenant).followed();
  // The database goes back to an earlier moment while the object still remembers the later one.
  await env.LEDGER_DB.batch([
    env.LEDGER_DB.prepare("DELETE FROM batches WHERE tenant = ? AND seq > 1").bind(tenant),
    env.LEDGER_DB.prepare("DELETE FROM entries WHERE tenant = ? AND idx >= 2").bind(tenant),
    env.LEDGER_DB.prepare("UPDATE executor_cursors SET seq = 5, hash = ? WHERE tenant = ?").bind(
      chain.records[4]!.hash,
      tenant,
    ),
    env.LEDGER_DB.prepare("UPDATE tiles SET width = 2, hashes = substr(hashes, 1, 64) WHERE tenant = ?").bind(tenant),
  ]);
  chain.writeTask(testTask(chain.executor, 3));
  expect(expectRefused(await ledger.append(await chain.cut(11, 15)), "chain-gap")).toEqual({ cursor: 5 });
  expectRefused(await ledger.append(await chain.cut(6, 15, 4)), "checkpoint-inconsistent");
  expect(valueOf(await ledger.append(await chain.cut(6, 15))).cursor).toBe(15);
  await checkLog(tenant);
});

it("a log whose stored tree does not lead to its head takes nothing more", async () => {
  const { tenant, next } = await begun();
  await env.LEDGER_DB.prepare("UPDATE tiles SET hashes = zeroblob(64) WHERE tenant = ?").bind(tenant).run();
  await evictDurableObject(sequencerOf(tenant));
  expectRefused(await ledger.append(next), "checkpoint-inconsistent");
});

/** Writes a delivery as another sequencer of the same tenant would. */
async function appendDirectly(command: Awaited<ReturnType<TestChain["deliver"]>>): Promise<void> {
  const config = valueOf(await configOf(env as unknown as { TRUST: string; CHECKPOINT_KEY: string }));
  const signer = config.checkpointSigner(command.tenant);
  const log = valueOf(await Log.open(env.LEDGER_DB, command.tenant, signer, 0));
  const arrival = valueOf(await arrive(command, config));
  const batch = await log.extend(cut([{ arrival }], log.cursors, log.head.size), signer, 0);
  expect(await writeBatch(env.LEDGER_DB, batch)).toBe("written");
}
