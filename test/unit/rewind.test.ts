/** The storage of an executor goes back to an earlier moment: found by its next delivery, recovered by two people's word, and the record verifies. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Capability, Outcome } from "../../executors/adapters/types.ts";
import { registry as registryOf } from "../../executors/capabilities/index.ts";
import * as intake from "../../executors/intake.ts";
import * as stopping from "../../executors/stopping.ts";
import { acceptRewind } from "../../executors/rewind/accept.ts";
import { arrive } from "../../ledger/arrival.ts";
import { chainPart } from "../../ledger/queries/chain.ts";
import { TenantSequencer } from "../../ledger/sequencer.ts";
import { newPrivateKey, publicPart } from "../../scripts/lib/keys.ts";
import { utf8 } from "../../shared/bytes.ts";
import type { ChainRecord } from "../../shared/events.ts";
import { importSigner, keyId } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { Rewind, SignedRewind } from "../../shared/rewind.ts";
import type { AppendCommand, ChainQuery } from "../../shared/rpc/ledger.ts";
import { signEnvelope } from "../../shared/signing.ts";
import { verifierTrust, verifyRecord } from "../../shared/verify/index.ts";
import {
  config,
  contracts,
  Desk,
  keys,
  memoryStorage,
  must,
  person,
  platform,
  taskOn,
  TENANT,
  type Person,
} from "../support/guards/shard.ts";
import { openLedgerDatabase } from "../support/sqlite-d1.ts";

const EXECUTOR = `${TENANT}/eu/0`;
const checkpointKey = newPrivateKey();
const trust = { ...config.trust, checkpointKeys: [publicPart(checkpointKey)] };
const bundle: Partial<ReleaseBundle> = {
  playbook: {
    version: 1,
    steps: [
      { id: "a", capability: "test.lost", args: { text: { $cel: "intent.input.text" } } },
      { id: "b", capability: "wait.signal", args: { name: "on" }, after: ["a"] },
      { id: "c", capability: "test.lost", args: { text: { $cel: "intent.input.text" } }, after: ["b"] },
    ],
  } as never,
  policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "rewind-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** One executor, its ledger, and a target that counts what it is asked to do. */
class World {
  readonly #database = openLedgerDatabase();
  readonly #sequencer: TenantSequencer;
  readonly calls: string[] = [];
  /** What the target answers; null: nothing, for ever. */
  answer: Outcome | null = { kind: "applied", result: {}, replayed: false };
  sqlite = new DatabaseSync(":memory:");
  /** Whether deliveries arrive. */
  online = true;
  desk!: Desk;

  constructor() {
    this.#sequencer = new TenantSequencer({
      tenant: TENANT,
      platform: platform({ aheadMs: 0 }),
      storage: { getAlarm: async () => 0, setAlarm: async () => {} },
      database: () => this.#database,
      settings: { TRUST: JSON.stringify(trust), CHECKPOINT_KEY: JSON.stringify(checkpointKey), LOG_KEEPING: "{}" },
      waitUntil: () => {},
    });
  }

  /** Starts the object over what its storage holds. */
  start(): void {
    const target: Capability = {
      contract: contracts.get("test.lost")!,
      kind: "external",
      prepare: null,
      apply: (_, __, { action }) => {
        this.calls.push(action);
        return this.answer === null ? new Promise(() => {}) : Promise.resolve(this.answer);
      },
      reconcile: null,
    };
    const deployed = { databaseOf: () => null, newNonce: () => "", setTimer: () => () => {} };
    this.desk = new Desk(bundle, {
      storage: memoryStorage(this.sqlite),
      config: { ...config, trust },
      registry: registryOf(deployed, [target]),
      ledger: {
        append: async (command: AppendCommand) => {
          if (!this.online) return { ok: false, problem: { code: "not-running", detail: "offline" } };
          const arrival = await arrive(command, { trust, receiptKeys: receiptKeys() } as never);
          return arrival.ok ? this.#sequencer.append(arrival.value) : arrival;
        },
        chain: (query: ChainQuery) => chainPart({ db: this.#database, archive: null }, query),
      } as never,
    });
  }

  async open(): Promise<this> {
    this.start();
    const { promote } = await import("../support/manager.ts");
    must(await intake.learn(this.desk.shard, await promote(keys.root, TENANT, this.desk.release)));
    return this;
  }

  /** The storage as it is now; the answer puts it back and starts the object over it. */
  remember(): () => void {
    const file = path.join(folder, `${Math.random()}.db`);
    this.sqlite.exec(`VACUUM INTO '${file}'`);
    return () => {
      this.sqlite.close();
      this.sqlite = new DatabaseSync(file);
      this.start();
    };
  }

  delivered = () =>
    vi.waitFor(async () => {
      await this.desk.shard.tend();
      expect(this.desk.shard.journal.undelivered).toBe(0);
    });

  /** Until step b of a task waits. */
  waits = (task: string) => vi.waitFor(() => expect(this.phase(task, "b")).toBe("waiting"));
  phase = (task: string, step: string) => this.desk.shard.tasks.get(task)!.steps.get(step)!.phase.at;

  async entries(): Promise<string[]> {
    const { results } = await this.#database
      .prepare("SELECT body FROM entries WHERE tenant = ? ORDER BY idx")
      .bind(TENANT)
      .all<{ body: string }>();
    return results.map(({ body }) => body);
  }

  async verify() {
    const { note } = (await this.#database
      .prepare("SELECT note FROM batches WHERE tenant = ? ORDER BY seq DESC LIMIT 1")
      .bind(TENANT)
      .first<{ note: string }>())!;
    return verifyRecord({
      trust: verifierTrust(trust, TENANT)!,
      checkpoint: note,
      entries: (await this.entries()).map((body) => utf8(body)),
    });
  }

  async rewound(by: readonly Person[], change: Partial<Rewind> = {}): Promise<SignedRewind> {
    const { delivered: after } = this.desk.shard.journal;
    const part = must(
      await chainPart({ db: this.#database, archive: null }, { tenant: TENANT, executor: EXECUTOR, after }),
    );
    const nowMs = Date.now();
    const payload: Rewind = {
      version: 1,
      tenant: TENANT,
      rewind: `rwd_${"a".repeat(26)}`,
      executor: EXECUTOR,
      kept: { seq: after, hash: (JSON.parse(part.records[0]!) as ChainRecord).prev },
      ledger: part.head,
      reason: "restored for a test",
      atMs: nowMs,
      expiresMs: nowMs + 60_000,
      ...change,
    };
    const signers = await Promise.all(by.map(({ key }) => importSigner(key)));
    const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.rewind, payload, signers });
    return { envelope, chains: by.map(({ chain }) => [...chain]) };
  }
}

function receiptKeys() {
  return new Map([[keyId(keys.receipt), publicPart(keys.receipt)]]);
}

const admins = () => Promise.all(["grace", "joan"].map((name) => person(name, ["admin"])));

it("finds the rewind with the next delivery, claims nothing meanwhile, and goes on from the ledger's head once two people signed", async () => {
  const world = await new World().open();
  const [early, idle] = [await world.desk.task(), await world.desk.task()];
  await world.waits(early);
  await world.waits(idle);
  await world.delivered();
  const back = world.remember();

  // The lost span: a task goes on and acts, one opens and acts, one acts and never hears of it, and something is stopped.
  const { signal } = await import("../../executors/signalling.ts");
  const signalOf = (task: string) => ({ task, name: "on", id: "s1", payload: {}, by: "key_app" });
  must(await signal(world.desk.shard, signalOf(early)));
  await vi.waitFor(() => expect(world.phase(early, "c")).toBe("applied"));
  const inside = await world.desk.command({}, taskOn(0));
  must(await intake.submit(world.desk.shard, inside));
  await world.waits(inside.task);
  world.answer = null;
  const unanswered = await world.desk.task();
  await vi.waitFor(() => expect(world.phase(unanswered, "a")).toBe("applying"));
  const stop = {
    kind: "agent",
    target: "somebody",
    mode: "stop-all",
    stop: `stp_${"b".repeat(26)}`,
    by: "key_op",
    reason: "x",
  };
  must(await stopping.stop(world.desk.shard, stop));
  await world.delivered();
  world.answer = { kind: "applied", result: {}, replayed: false };
  const ledgerHead = world.desk.shard.journal.head;
  const done = [...world.calls];

  back();
  expect(world.desk.shard.journal.head.seq).toBeLessThan(ledgerHead.seq);
  // A task that the rewound object takes before anybody knows is kept.
  world.online = false;
  const since = await world.desk.task();
  await world.waits(since);
  expect(world.calls.splice(done.length)).toHaveLength(1);
  world.online = true;
  await vi.waitFor(async () => {
    await world.desk.shard.tend();
    expect(world.desk.shard.watch.alarm?.problem.code).toBe("chain-fork");
  });
  expect(await intake.submit(world.desk.shard, await world.desk.command())).toMatchObject({
    problem: { code: "chain-fork" },
  });
  // What it did already, as the ledger knows, it would do again now.
  must(await signal(world.desk.shard, signalOf(early)));
  await vi.waitFor(() => expect(world.phase(early, "c")).toBe("retrying"));
  expect(world.calls).toEqual(done);

  const [grace, joan] = await admins();
  expect(await acceptRewind(world.desk.shard, await world.rewound([grace!]))).toMatchObject({
    problem: { code: "epoch-unsigned" },
  });
  const elsewhere = await world.rewound([grace!, joan!], { kept: { seq: 1, hash: "0".repeat(64) } });
  expect(await acceptRewind(world.desk.shard, elsewhere)).toMatchObject({ problem: { code: "chain-fork" } });
  const signed = await world.rewound([grace!, joan!]);
  const applied = must(await acceptRewind(world.desk.shard, signed));
  expect(applied).toMatchObject({ executor: EXECUTOR, tasks: 2 });
  expect(must(await acceptRewind(world.desk.shard, signed))).toEqual(applied);

  const { shard } = world.desk;
  expect(shard.journal.hashAt(ledgerHead.seq)).toBe(ledgerHead.hash);
  expect(shard.watch.alarm).toBeNull();
  expect(shard.trusted.claimsStoppedBy("agent", "somebody")).toBe(stop.stop);
  // What was done stays done; what cannot go on says so; what nobody knows waits for a person.
  expect(shard.tasks.get(early)!.settled).toMatchObject({ status: "succeeded" });
  await world.desk.settled(inside.task);
  expect(shard.tasks.get(inside.task)!.settled).toEqual({ status: "failed", why: "restored" });
  expect(world.phase(inside.task, "b")).toBe("failed");
  await vi.waitFor(() =>
    expect(shard.tasks.get(unanswered)!.steps.get("a")!.phase).toMatchObject({
      at: "in_doubt",
      code: "restored",
      askAtMs: null,
    }),
  );
  expect(await intake.submit(shard, inside)).toMatchObject({ problem: { code: "restored" } });
  // Tasks that the lost span did not touch go on, and new ones are taken.
  for (const task of [idle, since]) {
    must(await signal(shard, signalOf(task)));
    await world.desk.settled(task);
  }
  const fresh = await world.desk.task();
  await world.waits(fresh);
  await world.delivered();
  expect(world.calls.slice(done.length)).toHaveLength(3);
  expect(new Set(world.calls).size).toBe(world.calls.length);

  const report = await world.verify();
  expect(report.checks.flatMap(({ findings }) => findings)).toEqual([]);
  expect(report.verified).toBe(true);
  expect(report.rewinds).toMatchObject([
    { executor: EXECUTOR, members: ["grace", "joan"], to: ledgerHead.seq, tasks: 2 },
  ]);
  expect(report.alarms).toMatchObject([{ code: "chain-fork" }]);
});
