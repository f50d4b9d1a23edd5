/** The system of one run: two shards, the tenant's sequencer, their databases, a callee; and the ways in which others call them. */
import { ClaimBook } from "../../../executors/adapters/claim-book.ts";
import type { ClaimsRpc } from "../../../executors/adapters/claims.ts";
import { CorrelationBook } from "../../../executors/correlation-book.ts";
import { Gate } from "../../../executors/gate/gate.ts";
import { AggregateLimit } from "../../../executors/limits/limit.ts";
import { Shard } from "../../../executors/shard.ts";
import * as resolving from "../../../executors/resolving.ts";
import * as signalling from "../../../executors/signalling.ts";
import { arrive } from "../../../ledger/arrival.ts";
import { configOf } from "../../../ledger/config.ts";
import { TenantSequencer } from "../../../ledger/sequencer.ts";
import { pauseOn } from "../../../shared/platform.ts";
import { problem } from "../../../shared/problems.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { AppendAnswer, AppendCommand } from "../../../shared/rpc/ledger.ts";
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
  /** Waiting steps that an object of a correlation key has heard of, as `task step`. */
  readonly subscribed = new Set<string>();
  readonly shards: readonly ObjectHost<Shard>[];
  readonly sequencer: ObjectHost<TenantSequencer>;
  /** Gates, limits, and the objects of domain and correlation keys, by name, as soon as somebody asks them. */
  readonly #counters = new Map<string, ObjectHost<never>>();
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
          // A world of the simulator has few tasks.
          gathering: {
            from: 2,
            turn: () => {
              this.run.used("a round waited for more work");
              return pauseOn(instance.platform)(0);
            },
          },
          storage: instance.storage,
          config: executorConfigs[this.executorKeys]!,
          registry: capabilitiesOf(this.run, instance, instance.platform, this.business, this.callee, (key) =>
            this.#claimsFrom(instance, key),
          ),
          ledger: {
            append: (command: AppendCommand) => call(this.run, instance, `${name} append`, () => this.#append(command)),
          } as unknown as ConstructorParameters<typeof Shard>[0]["ledger"],
          gateOf: (gate) => ({
            exchange: (ask) =>
              call(this.run, instance, `${name} gate`, () => this.#gate(gate).invoke((g) => g.exchange(ask))),
          }),
          subscribe: (key, subscription) =>
            call(this.run, instance, `${name} subscribe`, async () => {
              const answer = await this.correlation(key).invoke((book) => book.subscribe(key, subscription));
              // One that wakes at its task's deadline has asked too late.
              if (answer.ok && this.run.loop.nowMs < subscription.untilMs - 1_000)
                this.subscribed.add(`${subscription.task} ${subscription.step}`);
              return answer;
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
      look: (shard) => void resolving.doubts(shard),
    };
  }

  #claimsFrom(from: Caller, key: string): ClaimsRpc {
    const ask = <T>(what: string, method: (book: ClaimBook) => Promise<T>): Promise<T> =>
      call(this.run, from, `${from.name} ${what}`, () => this.claims(key).invoke(method));
    return {
      claim: (action, task, attempt) => ask("claim", (book) => book.claim(action, task, attempt)),
      settle: (action) => ask("settle", (book) => book.settle(action)),
      release: (action, attempt) => ask("release", (book) => book.release(action, attempt)),
      raise: (action) => ask("raise", (book) => book.raise(action)),
    };
  }

  /** The object of a domain key that no target holds itself. */
  claims(key: string): ObjectHost<ClaimBook> {
    return this.#counter(`claims ${key}`, ({ storage }) => new ClaimBook(storage));
  }

  /** The object of a correlation key. */
  correlation(key: string): ObjectHost<CorrelationBook> {
    return this.#counter(
      `correlation ${key}`,
      (instance) =>
        new CorrelationBook({
          storage: instance.storage,
          platform: instance.platform,
          executorOf: (name) => {
            const host = this.shards.find((shard) => shard.name === name)!;
            return {
              takeEvent: (command) =>
                call(this.run, instance, `${instance.name} takeEvent`, () =>
                  host.invoke((shard) => signalling.takeEvent(shard, command)),
                ),
            };
          },
        }),
      (book) => book.alarm(),
    );
  }

  #gate(name: string): ObjectHost<Gate> {
    return this.#counter(`gate ${name}`, ({ platform, storage }) => new Gate({ platform, storage }));
  }

  #limit(name: string): ObjectHost<AggregateLimit> {
    return this.#counter(`limit ${name}`, ({ platform, storage }) => new AggregateLimit({ platform, storage }));
  }

  #counter<Part>(
    name: string,
    build: (instance: Instance<Part>) => Part,
    alarm?: (part: Part) => Promise<void>,
  ): ObjectHost<Part> {
    let host = this.#counters.get(name) as ObjectHost<Part> | undefined;
    if (host === undefined) {
      // Where it has an alarm, whoever waits for it keeps the run going.
      const kind = { build, alarm: alarm ?? (() => Promise.resolve()), background: alarm !== undefined };
      host = new ObjectHost<Part>(this.run, name, kind, this.run.pools.counters, this.#skew);
      this.#counters.set(name, host as unknown as ObjectHost<never>);
    }
    return host;
  }

  /** The objects of domain keys that anybody has asked for, by key. */
  get claimBooks(): readonly {
    readonly key: string;
    readonly host: AnyHost & { readonly disk: ObjectHost<never>["disk"] };
  }[] {
    return [...this.#counters].flatMap(([name, host]) =>
      name.startsWith("claims ") ? [{ key: name.slice("claims ".length), host }] : [],
    );
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
