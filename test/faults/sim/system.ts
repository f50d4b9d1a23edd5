/** The system of one run: two shards, the tenant's sequencer, their databases, a callee; and the ways in which others call them. */
import { Gate } from "../../../executors/gate/gate.ts";
import { AggregateLimit } from "../../../executors/limits/limit.ts";
import { Shard } from "../../../executors/shard.ts";
import { arrive } from "../../../ledger/arrival.ts";
import { configOf } from "../../../ledger/config.ts";
import { TenantSequencer } from "../../../ledger/sequencer.ts";
import { problem } from "../../../shared/problems.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { AppendAnswer, AppendCommand } from "../../../shared/rpc.ts";
import { Callee, capabilitiesOf } from "./capabilities.ts";
import { d1Over } from "./d1.ts";
import type { MemoryDatabase } from "./databases.ts";
import { executorConfigs, ledgerSettings, REGION, SHARDS, TENANT } from "./keys.ts";
import { call, type Caller } from "./network.ts";
import { ObjectHost, type Instance } from "./objects.ts";
import type { Run } from "./run.ts";

export class System {
  readonly run: Run;
  readonly business: MemoryDatabase;
  readonly ledger: MemoryDatabase;
  readonly callee = new Callee();
  readonly shards: readonly ObjectHost<Shard>[];
  readonly sequencer: ObjectHost<TenantSequencer>;
  /** Gates and limits, by name, as soon as somebody asks them. */
  readonly #counters = new Map<string, ObjectHost<Gate> | ObjectHost<AggregateLimit>>();
  readonly #skew: () => number;
  /** 0 before, 1 after the keys were rotated. */
  executorKeys = 0;
  ledgerKeys = 0;
  proposalKey = 0;

  constructor(run: Run, skew: () => number) {
    this.run = run;
    this.#skew = skew;
    this.business = run.pools.business.take();
    this.ledger = run.pools.ledger.take();
    const shards = Array.from({ length: SHARDS }, (_, number) => `${TENANT}/${REGION}/${number}`);
    this.shards = shards.map((name) => new ObjectHost(run, name, this.#shardKind(name), run.pools.shards, skew));
    this.sequencer = new ObjectHost<TenantSequencer>(
      run,
      "sequencer",
      {
        build: (instance) =>
          new TenantSequencer({
            tenant: TENANT,
            platform: instance.platform,
            // Its alarm only looks after the read models, which are not part of this.
            storage: { ...instance.storage, getAlarm: async () => 0 },
            database: () => d1Over(run, this.ledger, instance, "sequencer ledger"),
            settings: ledgerSettings[this.ledgerKeys]!,
            waitUntil: () => {},
          }),
        alarm: (part) => part.alarm(),
        background: true,
      },
      run.pools.shards,
      skew,
    );
  }

  #shardKind(name: string): ConstructorParameters<typeof ObjectHost<Shard>>[2] {
    return {
      build: (instance) =>
        new Shard({
          name,
          platform: instance.platform,
          storage: instance.storage,
          config: executorConfigs[this.executorKeys]!,
          registry: capabilitiesOf(this.run, instance, instance.platform, this.business, this.callee),
          ledger: {
            append: (command: AppendCommand) => call(this.run, instance, `${name} append`, () => this.#append(command)),
          } as unknown as ConstructorParameters<typeof Shard>[0]["ledger"],
          gateOf: (gate) => ({
            exchange: (ask) =>
              call(this.run, instance, `${name} gate`, () => this.#gate(gate).invoke((g) => g.exchange(ask))),
          }),
          limitOf: (limit) => ({
            reserve: (ask) =>
              call(this.run, instance, `${name} reserve`, () => this.#limit(limit).invoke((l) => l.reserve(ask))),
            end: (action, turn, to) =>
              call(this.run, instance, `${name} ${to}`, () =>
                this.#limit(limit).invoke((l) => l.end(action, turn, to)),
              ),
          }),
        }),
      alarm: (shard) => shard.tend(),
      background: false,
    };
  }

  #gate(name: string): ObjectHost<Gate> {
    return this.#counter(`gate ${name}`, ({ platform, storage }) => new Gate({ platform, storage }));
  }

  #limit(name: string): ObjectHost<AggregateLimit> {
    return this.#counter(`limit ${name}`, ({ platform, storage }) => new AggregateLimit({ platform, storage }));
  }

  #counter<Part extends Gate | AggregateLimit>(
    name: string,
    build: (instance: Instance<Part>) => Part,
  ): ObjectHost<Part> {
    let host = this.#counters.get(name) as ObjectHost<Part> | undefined;
    if (host === undefined) {
      const kind = { build, alarm: () => Promise.resolve(), background: false };
      host = new ObjectHost<Part>(this.run, name, kind, this.run.pools.counters, this.#skew);
      this.#counters.set(name, host as unknown as ObjectHost<Gate>);
    }
    return host;
  }

  /** Every object that there is by now. */
  get hosts(): readonly AnyHost[] {
    return [...this.shards, this.sequencer, ...this.#counters.values()];
  }

  /** What the ledger's stateless entrypoint does with a delivery. */
  async #append(command: AppendCommand): Promise<Result<AppendAnswer>> {
    const config = await configOf(ledgerSettings[this.ledgerKeys]!);
    if (!config.ok) return config;
    const arrival = await arrive(command, config.value);
    if (!arrival.ok) return arrival;
    try {
      return await this.sequencer.invoke((sequencer) => sequencer.append(arrival.value));
    } catch {
      return err(problem("not-running", "The ledger did not answer; it is safe to ask again."));
    }
  }

  /** A call from outside to a shard. */
  ask<T>(from: Caller, what: string, number: number, method: (shard: Shard) => Promise<T>): Promise<T> {
    const host = this.shards[number]!;
    return call(this.run, from, `${from.name} ${what} ${host.name}`, () => host.invoke(method));
  }
}

type Running = { alive: boolean; readonly crash: () => void } | null;
export type AnyHost = { readonly name: string; readonly current: Running; readonly stale: Running; takeOver(): void };

/** Somebody who calls from outside and does not crash. */
export const outsider = (name: string): Caller => ({ name, alive: true, crash: null, gate: () => Promise.resolve() });
