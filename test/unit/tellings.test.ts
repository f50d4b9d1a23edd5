/** What a person says of an action in doubt reaches whoever holds its domain key, also when the executor dies in between. */
import { expect, it, vi } from "vitest";
import { ClaimBook } from "../../executors/adapters/claim-book.ts";
import { claimingKeys, type ClaimsRpc } from "../../executors/adapters/claims.ts";
import type { Capability } from "../../executors/adapters/types.ts";
import { note } from "../../executors/capabilities/journal.ts";
import { doubts, resolve } from "../../executors/resolving.ts";
import type { Shard } from "../../executors/shard.ts";
import { Tellings } from "../../executors/tellings.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";
import type { Resolution } from "../../shared/resolution.ts";
import { HOUR_MS, randomToken, sign } from "../support/manager.ts";
import { Desk, memoryStorage, person, platform, TENANT } from "../support/guards/shard.ts";

const contract = {
  ...note.contract,
  name: "test.once",
  delivery: "at-most-once" as const,
  effectKey: "once:{text}",
};
const lost: Capability = {
  contract,
  kind: "external",
  prepare: null,
  apply: () => Promise.resolve({ kind: "in-doubt", problem: { code: "effect-in-doubt", detail: "lost" } }),
  reconcile: null,
};
const bob = await person("bob", ["operator"]);

/** An executor, the object of its key, and how the latter can be kept from answering. `look` is called while a round is made durable. */
async function world(look: (shard: Shard) => unknown = () => {}) {
  const book = new ClaimBook(memoryStorage());
  const door = { isShut: false, released: 0 };
  const claims: ClaimsRpc = {
    claim: (action, task, attempt) => book.claim(action, task, attempt),
    settle: (action) => book.settle(action),
    release: (action, attempt) => {
      door.released++;
      return door.isShut ? new Promise(() => {}) : book.release(action, attempt);
    },
    raise: (action) => book.raise(action),
  };
  const { setTimer } = platform({ aheadMs: 0 });
  const once = claimingKeys(lost, { claimsOf: () => claims, setTimer });
  let desk: Desk | null = null;
  const sync = async () => {
    if (desk !== null) await look(desk.shard);
  };
  const parts = { storage: { ...memoryStorage(), sync }, registry: new Map([["test.once", once]]) };
  const release = {
    playbook: {
      version: 1 as const,
      steps: [{ id: "a", capability: "test.once", args: { text: { $cel: "intent.input.text" } } }],
    },
    capabilities: { "test.once": contract },
    policy: { default: "deny" as const, rules: [{ id: "all", when: "true", then: "allow" as const }] },
  };
  desk = await Desk.open(release, parts);
  const task = await desk.task();
  await desk.phase(task, "a");
  const says = async (retry: boolean) => {
    const { step, action, digest, attempt } = doubts(desk!.shard)[0]!;
    const resolution: Resolution = {
      version: 1,
      id: `res_${randomToken()}`,
      tenant: TENANT,
      task,
      step,
      action,
      digest,
      attempt,
      retry,
      outcome: "not-applied",
      result: null,
      reason: "looked",
      atMs: Date.now(),
      expiresMs: Date.now() + HOUR_MS,
    };
    const envelope = await sign(bob.key, PAYLOAD_TYPES.resolution, resolution);
    return resolve(desk!.shard, task, step, { envelope, chain: [...bob.chain], result: null });
  };
  return { book, door, desk, task, says, restart: () => new Desk(release, parts) };
}

it("frees the key also when the executor is killed between the word of a person and the telling", async () => {
  const { book, door, desk, task, says, restart } = await world();
  door.isShut = true;
  void says(false);
  await vi.waitFor(() => expect(door.released).toBe(1));
  expect(desk.shard.tasks.get(task)!.steps.get("a")!.phase).toMatchObject({ at: "failed" });
  expect(await book.claim("act_other", "tsk_other", 1)).toMatchObject({ kind: "taken", task });
  door.isShut = false;
  restart();
  await vi.waitFor(async () =>
    expect(await book.claim("act_other", "tsk_other", 1)).toMatchObject({ kind: "granted" }),
  );
});

it("keeps the key where the person lets the action be tried again", async () => {
  const { book, door, task, says } = await world();
  expect(await says(true)).toMatchObject({ ok: true });
  expect(door.released).toBe(0);
  expect(await book.claim("act_other", "tsk_other", 1)).toMatchObject({ kind: "taken", task });
});

it("shows a doubt also after somebody looked while it was written", async () => {
  const { desk } = await world((shard) => expect(doubts(shard)).toEqual([]));
  expect(doubts(desk.shard)).toHaveLength(1);
});

it("keeps what is owed while the record that owes it is being written", async () => {
  const { sql } = memoryStorage();
  sql.exec("CREATE TABLE tellings (task TEXT NOT NULL, step TEXT NOT NULL); INSERT INTO tellings VALUES ('t', 'a');");
  let writing = true;
  const tellings = new Tellings({
    sql,
    registry: new Map(),
    stateOf: () => null,
    isWriting: () => writing,
    depsOf: () => err(problem("release-needed", "")),
    platform: platform({ aheadMs: 0 }),
  });
  await tellings.sweep();
  expect(tellings.open).toBe(1);
  writing = false;
  await tellings.sweep();
  expect(tellings.open).toBe(0);
});
