/** Which work shares a commit round, and what becomes of the callers of one that cannot be written. */
import { expect, it } from "vitest";
import type { ResidentRecords } from "../../executors/adapters/resident-records.ts";
import { GENESIS, type Head, type Journal } from "../../executors/journal.ts";
import { Rounds } from "../../executors/rounds.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";

/** Rounds over a storage whose transaction or sync fails while `broken` names it. */
function newRounds() {
  const world = {
    broken: "" as "" | "transaction" | "sync",
    failed: 0,
    committed: 0,
    turns: [] as (() => void)[],
    hasTimers: true,
  };
  let head: Head = GENESIS;
  const journal = {
    get head() {
      return head;
    },
    insert: () => {},
    advanceTo: (next: Head) => (head = next),
  } as unknown as Journal;
  const rounds = new Rounds({
    vault: { seal: (_keys, _place, text) => text, write: () => {}, written: () => {} },
    executor: "acme/eu/0",
    gathering: {
      from: LIMITS.roundGather,
      turn: () =>
        new Promise((resolve) => {
          if (!world.hasTimers) throw new Error("too many timers");
          world.turns.push(resolve);
        }),
    },
    storage: {
      sql: {} as SqlStorage,
      transactionSync: (write) => {
        if (world.broken === "transaction") throw new Error("the storage is gone");
        return write();
      },
      sync: () => (world.broken === "sync" ? Promise.reject(new Error("not durable")) : Promise.resolve()),
    },
    journal,
    records: { round: () => ({ write: () => {} }) } as unknown as ResidentRecords,
    stateOf: () => null,
    written: () => {},
    committed: () => void world.committed++,
    failed: () => {
      world.failed++;
      // Looking into a storage that is gone fails too.
      throw new Error("the storage is gone");
    },
    platform: { nowMs: () => 0, log: () => {} },
    newSalt: () => "salt",
  });
  const stop = () =>
    rounds.run({
      task: null,
      decide: () =>
        ok({ value: "stopped", events: [{ type: "checkpoint-seen", note: "n" }] as const, write: () => {} }),
    });
  return { world, stop };
}

it.each(["transaction", "sync"] as const)(
  "every caller of a round whose %s fails hears of it, although memory cannot be put right either",
  async (broken) => {
    const { world, stop } = newRounds();
    world.broken = broken;
    const answers = await Promise.allSettled([stop(), stop(), stop()]);
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(world).toMatchObject({ failed: 1, committed: 0 });
  },
);

it("the round after one that failed is written", async () => {
  const { world, stop } = newRounds();
  world.broken = "sync";
  await expect(stop()).rejects.toThrow("not durable");
  world.broken = "";
  expect(await stop()).toEqual({ ok: true, value: "stopped" });
  expect(world.committed).toBe(1);
});

/** Lets everything happen that waits for nothing outside. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

it("a piece of work that comes by itself is written at once", async () => {
  const { world, stop } = newRounds();
  await stop();
  await stop();
  expect(world).toMatchObject({ committed: 2, turns: [] });
});

it("a round of much work waits one turn, and what comes meanwhile shares it", async () => {
  const { world, stop } = newRounds();
  const first = Array.from({ length: LIMITS.roundGather }, stop);
  await settle();
  expect(world).toMatchObject({ committed: 0, turns: [expect.any(Function)] });
  const second = Array.from({ length: 3 }, stop);
  world.turns.pop()!();
  await Promise.all([...first, ...second]);
  expect(world).toMatchObject({ committed: 1, turns: [] });
});

it("after a round of much work the next one waits too, and after a small one no more", async () => {
  const { world, stop } = newRounds();
  const first = Array.from({ length: LIMITS.roundGather }, stop);
  await settle();
  world.turns.pop()!();
  await Promise.all(first);
  const one = stop();
  await settle();
  expect(world.turns).toHaveLength(1);
  world.turns.pop()!();
  await one;
  await stop();
  expect(world).toMatchObject({ committed: 3, turns: [] });
});

it("work just below that is written at once", async () => {
  const { world, stop } = newRounds();
  await Promise.all(Array.from({ length: LIMITS.roundGather - 1 }, stop));
  expect(world).toMatchObject({ committed: 1, turns: [] });
});

it("where the runtime gives no timer the round is written without waiting", async () => {
  const { world, stop } = newRounds();
  world.hasTimers = false;
  await Promise.all(Array.from({ length: LIMITS.roundGather }, stop));
  expect(world).toMatchObject({ committed: 1, failed: 0 });
});
