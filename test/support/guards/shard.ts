/** A whole executor object in memory, over node:sqlite, with a clock of its own, no ledger that answers, and ways to wait for a person. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { contracts as deployed, registry as registryOf } from "../../../executors/capabilities/index.ts";
import type { Capability, CapabilityRegistry, Outcome } from "../../../executors/adapters/types.ts";
import { note } from "../../../executors/capabilities/journal.ts";
import type { ExecutorsConfig } from "../../../executors/config.ts";
import * as intake from "../../../executors/intake.ts";
import { review } from "../../../executors/reviewing.ts";
import { Shard, type ShardParts } from "../../../executors/shard.ts";
import type { CapabilityContract } from "../../../shared/capability.ts";
import { importSigner, keyId } from "../../../shared/keys.ts";
import type { ObjectStorage, Platform } from "../../../shared/platform.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import type { Result } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import type { Envelope } from "../../../shared/signing.ts";
import type { ReviewView } from "../../../shared/views.ts";
import { newPrivateKey, publicPart } from "../../../scripts/lib/keys.ts";
import { enrol, newTask, promote, release, submission, type TestRelease } from "../manager.ts";

export const TENANT = "acme";
export const SHARDS = 2;
export const keys = { root: newPrivateKey(), proposal: newPrivateKey(), receipt: newPrivateKey() };

export function memoryStorage(sqlite = new DatabaseSync(":memory:")): ObjectStorage {
  const exec = (text: string, ...params: SQLInputValue[]) => {
    let rows: Record<string, unknown>[] = [];
    if (params.length === 0 && text.includes(";")) sqlite.exec(text);
    else rows = sqlite.prepare(text).all(...params);
    return { toArray: () => rows, one: () => rows[0]!, [Symbol.iterator]: () => rows[Symbol.iterator]() };
  };
  return {
    sql: { exec },
    transactionSync: <T>(work: () => T): T => {
      sqlite.exec("SAVEPOINT step");
      try {
        const result = work();
        sqlite.exec("RELEASE step");
        return result;
      } catch (cause) {
        sqlite.exec("ROLLBACK TO step; RELEASE step");
        throw cause;
      }
    },
    sync: () => Promise.resolve(),
    getAlarm: () => Promise.resolve(null),
    setAlarm: () => Promise.resolve(),
    deleteAlarm: () => Promise.resolve(),
  } as unknown as ObjectStorage;
}

export function platform(clock: { aheadMs: number }): Platform {
  return {
    nowMs: () => Date.now() + clock.aheadMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    setTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms).unref();
      return () => clearTimeout(timer);
    },
    log: () => {},
  };
}

const external = (name: string, delivery: CapabilityContract["delivery"], answer: Outcome): Capability => ({
  contract: { ...note.contract, name, delivery },
  kind: "external",
  prepare: null,
  apply: () => Promise.resolve(answer),
  reconcile: null,
});
const doubt: Outcome = { kind: "in-doubt", problem: { code: "effect-in-doubt", detail: "lost" } };
/** Beside what is deployed: targets whose answer is lost, one that nobody can ask and one that is asked again. */
const others = [external("test.lost", "at-most-once", doubt), external("test.asked", "idempotent", doubt)];
export const registry: CapabilityRegistry = registryOf(
  { databaseOf: () => null, newNonce: () => "", setTimer: () => () => {} },
  others,
);
export const contracts: ReadonlyMap<string, CapabilityContract> = new Map([
  ...deployed,
  ...others.map(({ contract }) => [contract.name, contract] as const),
]);

export const config: ExecutorsConfig = {
  trust: {
    proposalKeys: [publicPart(keys.proposal)],
    receiptKeys: [publicPart(keys.receipt)],
    checkpointKeys: [],
    logOrigin: "countersign.local",
    tenants: { [TENANT]: { rootKey: publicPart(keys.root), regions: ["eu"], shards: SHARDS } },
  },
  proposalKeys: new Map([[keyId(keys.proposal), publicPart(keys.proposal)]]),
  samplingKey: new Uint8Array(32),
  receiptSigner: () => importSigner(keys.receipt),
};

export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail}`);
  return result.value;
};

export type Person = { readonly member: string; readonly key: typeof keys.root; readonly chain: readonly Envelope[] };
export async function person(member: string, roles: string[]): Promise<Person> {
  const key = newPrivateKey();
  return { member, key, chain: [await enrol(keys.root, TENANT, member, key, roles)] };
}

/** A shard that holds one promoted release. */
export class Desk {
  readonly clock = { aheadMs: 0 };
  readonly release: TestRelease;
  readonly shard: Shard;

  /** @param parts what of the object is another than usual: a storage that an earlier one left, other targets */
  constructor(change: Partial<ReleaseBundle>, parts: Partial<ShardParts> = {}) {
    this.release = release(contracts, change);
    this.shard = new Shard({
      name: `${TENANT}/eu/0`,
      platform: platform(this.clock),
      storage: memoryStorage(),
      config,
      registry,
      ledger: { append: () => new Promise(() => {}) } as never,
      gateOf: () => ({ exchange: () => new Promise(() => {}) }),
      limitOf: () => ({}) as never,
      ...parts,
    });
  }

  static async open(change: Partial<ReleaseBundle>, parts: Partial<ShardParts> = {}): Promise<Desk> {
    const desk = new Desk(change, parts);
    must(await intake.learn(desk.shard, await promote(keys.root, TENANT, desk.release)));
    return desk;
  }

  command(change: Partial<SubmitCommand> = {}, task: string = taskOn(0), input = {}): Promise<SubmitCommand> {
    const options = { tenant: TENANT, task, release: this.release, proposalKey: keys.proposal, change };
    return submission({ ...options, input: { text: "x", ...input } });
  }

  /** Opens a task; its id. */
  async task(change: Partial<SubmitCommand> = {}, input = {}): Promise<string> {
    const command = await this.command(change, taskOn(0), input);
    must(await intake.submit(this.shard, command));
    return command.task;
  }

  /** The phase of a task's step once nothing moves it any more without a person, a time or a target. */
  async phase(task: string, step: string) {
    for (let i = 0; i < 200; i++) {
      const at = this.shard.tasks.get(task)!.steps.get(step)?.phase.at;
      if (at !== undefined && at !== "proposed" && at !== "applying" && at !== "approved") break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.shard.tasks.get(task)!.steps.get(step)!.phase;
  }

  /** What became of a step: `ok` where it was applied, otherwise its code or where it stands. */
  async outcome(task: string, step: string): Promise<string> {
    const phase = await this.phase(task, step);
    return phase.at === "applied" ? "ok" : phase.at === "failed" ? phase.code : phase.at;
  }

  /** Resolves once the task has ended. */
  async settled(task: string): Promise<true> {
    while (this.shard.tasks.get(task)!.settled === null) await new Promise((resolve) => setImmediate(resolve));
    return true;
  }

  async review(task: string, step = "a"): Promise<ReviewView> {
    await this.phase(task, step);
    return must(review(this.shard, this.shard.tasks.get(task)!.steps.get(step)!.review!.id));
  }
}

export function taskOn(shard: number): string {
  for (;;) {
    const task = newTask("eu", SHARDS);
    if (task.shard === shard) return task.id;
  }
}
