/**
 * Durable Objects as the platform promises them. One name has one storage and, normally, one instance.
 *
 *  - What is written is durable after a while, in order, all of a moment together; `sync` resolves then. A crash before loses it.
 *  - Answers and calls of an instance wait until everything that it wrote before is durable.
 *  - Where the platform takes an instance for gone it starts another: the old one still runs, may call others and reads what it has, but
 *    nothing that it writes is ever durable, and its first attempt ends it.
 *  - A write that fails ends the instance. The alarm is part of the storage; a handler that did not come to its end runs again.
 */
import type { ObjectStorage, Platform } from "../../../shared/platform.ts";
import { aboutText, type DatabasePool, type MemoryDatabase, type Value } from "./databases.ts";
import type { PointFault } from "./faults.ts";
import { Random } from "./random.ts";
import type { Caller } from "./network.ts";
import { never, type Run } from "./run.ts";

const SYNC_FAULTS: readonly PointFault[] = [
  "crash-before",
  "crash-after",
  "error-not-applied",
  "error-applied",
  "delay",
];
const isWrite = aboutText((text) => /^\s*(?:insert|update|delete|replace)/i.test(text));
const isSchema = aboutText((text) => /^\s*create/i.test(text));

/** How an object of some class is made and woken. */
export type ObjectKind<Part> = {
  readonly build: (instance: Instance<Part>) => Part;
  readonly alarm: (part: Part) => Promise<void>;
  /** Whether its alarms alone keep a run going. */
  readonly background: boolean;
  /** Somebody who asks what there is to see while what was written is not durable yet. */
  readonly look?: (part: Part) => void;
};

/** How often somebody looks while something is being made durable. */
const LOOKS = 0.1;

/** The storage of one name, as far as one instance sees it. */
class Disk {
  readonly database: MemoryDatabase;
  alarmMs: number | null = null;
  durableAlarmMs: number | null = null;
  isDirty = false;
  /** Another instance has taken over: nothing written here counts. */
  isFenced = false;
  waiting: { resolve: () => void; reject: (cause: Error) => void }[] = [];
  cancelFlush: (() => void) | null = null;

  constructor(database: MemoryDatabase) {
    this.database = database;
  }
}

export class Instance<Part> implements Caller {
  readonly host: ObjectHost<Part>;
  readonly disk: Disk;
  readonly skewMs: number;
  readonly platform: Platform;
  readonly storage: ObjectStorage;
  readonly callers = new Set<(cause: Error) => void>();
  readonly part: Part;
  alive = true;
  isBroken = false;

  constructor(host: ObjectHost<Part>, disk: Disk, skewMs: number) {
    this.host = host;
    this.disk = disk;
    this.skewMs = skewMs;
    const { run } = host;
    const random = new Random(run.random.int(0, 0x7fffffff));
    this.platform = {
      nowMs: () => run.loop.nowMs + this.skewMs,
      randomBytes: (count) => random.bytes(count),
      setTimer: (ms, fire) => run.loop.after(ms, () => this.alive && fire(), host.kind.background),
      log: (message, fields) => run.note(`${this.name} says: ${message} ${JSON.stringify(fields)}`),
    };
    this.storage = storageOf(this);
    this.part = host.kind.build(this);
  }

  get name(): string {
    return this.host.name;
  }

  readonly crash = (): void => {
    if (!this.alive) return;
    this.alive = false;
    this.host.died(this);
    const { run } = this.host;
    for (const tell of this.callers) run.loop.after(run.latencyMs(), () => tell(new Error("the object was reset")));
    this.callers.clear();
  };

  /** Resolves when everything that was written until now is durable; never, where it will not be. */
  gate(): Promise<void> {
    if (!this.alive || this.isBroken) return never();
    if (!this.disk.isDirty) return Promise.resolve();
    return new Promise((resolve) => this.disk.waiting.push({ resolve, reject: () => {} }));
  }

  written(): void {
    const { disk } = this;
    const { run } = this.host;
    if (disk.isDirty) return;
    disk.isDirty = true;
    disk.cancelFlush = run.loop.after(run.random.int(0, 6), () => this.#flush(true), this.host.kind.background);
    const { look } = this.host.kind;
    if (look !== undefined && run.random.chance(LOOKS))
      run.loop.after(0, () => this.alive && !this.isBroken && look(this.part), true);
  }

  #flush(mayBeLate: boolean): void {
    const { disk } = this;
    const { run } = this.host;
    if (disk.isFenced) return this.#broken("another instance has taken over");
    const fault = mayBeLate ? run.fault(`${this.name} sync`, SYNC_FAULTS) : null;
    if (fault === "delay") {
      disk.cancelFlush = run.loop.after(run.random.int(1_000, 20_000), () => this.#flush(false));
      return;
    }
    if (fault === "crash-before") return this.crash();
    if (fault === "error-not-applied") return this.#broken("the write failed");
    disk.database.sync();
    disk.durableAlarmMs = disk.alarmMs;
    if (fault === "error-applied") return this.#broken("the write was not confirmed");
    disk.isDirty = false;
    if (fault === "crash-after") return this.crash();
    this.host.rearm();
    for (const { resolve } of disk.waiting.splice(0)) resolve();
  }

  /** What is not durable now never will be. */
  #broken(why: string): void {
    const { run } = this.host;
    this.isBroken = true;
    run.note(`${this.name} is broken: ${why}`);
    for (const { reject } of this.disk.waiting.splice(0)) reject(new Error(why));
    run.loop.after(run.random.int(0, 30), this.crash);
  }
}

function storageOf(instance: Pick<Instance<never>, "alive" | "isBroken" | "disk" | "written">): ObjectStorage {
  const { disk } = instance;
  const check = () => {
    if (!instance.alive || instance.isBroken) throw new Error("the object's storage is gone");
  };
  const exec = (text: string, ...params: Value[]) => {
    check();
    // Every database has its schema from its start.
    if (isSchema(text)) return { toArray: () => [], one: () => ({}), [Symbol.iterator]: () => [][Symbol.iterator]() };
    const rows = disk.database.all(text, params);
    if (isWrite(text)) instance.written();
    return {
      toArray: () => rows,
      one: () => {
        if (rows.length !== 1) throw new Error(`expected one row, found ${rows.length}`);
        return rows[0]!;
      },
      [Symbol.iterator]: () => rows[Symbol.iterator](),
    };
  };
  const setAlarm = async (at: number | Date) => {
    check();
    disk.alarmMs = Number(at);
    instance.written();
  };
  return {
    sql: { exec },
    transactionSync: <T>(work: () => T): T => {
      check();
      return disk.database.atomically(work);
    },
    sync: () => {
      check();
      return disk.isDirty
        ? new Promise<void>((resolve, reject) => disk.waiting.push({ resolve, reject }))
        : Promise.resolve();
    },
    getAlarm: async () => disk.alarmMs,
    setAlarm,
    deleteAlarm: async () => {
      check();
      disk.alarmMs = null;
      instance.written();
    },
  } as unknown as ObjectStorage;
}

export class ObjectHost<Part> {
  readonly run: Run;
  readonly name: string;
  readonly kind: ObjectKind<Part>;
  readonly #pool: DatabasePool;
  readonly #skew: () => number;
  disk: Disk;
  current: Instance<Part> | null = null;
  stale: Instance<Part> | null = null;
  isRewound = false;
  #rememberedAlarmMs: number | null = null;
  #cancelAlarm: (() => void) | null = null;
  #isFiring = false;
  #skewMs: number;

  constructor(run: Run, name: string, kind: ObjectKind<Part>, pool: DatabasePool, skew: () => number) {
    this.run = run;
    this.name = name;
    this.kind = kind;
    this.#pool = pool;
    this.#skew = skew;
    this.#skewMs = skew();
    this.disk = new Disk(pool.take());
  }

  /** The running instance; starts one where there is none. */
  instance(): Instance<Part> {
    if (this.current !== null) return this.current;
    this.#skewMs = this.#skew();
    this.run.note(`${this.name} starts`);
    this.current = new Instance(this, this.disk, this.#skewMs);
    this.rearm();
    return this.current;
  }

  /** Runs a method of the object and hands out its answer once what it rests on is durable. */
  invoke<T>(method: (part: Part) => Promise<T>): Promise<T> {
    const stale = this.stale !== null && this.stale.alive && this.run.random.chance(0.3) ? this.stale : null;
    const instance = stale ?? this.instance();
    return new Promise<T>((resolve, reject) => {
      instance.callers.add(reject);
      const end = async (done: () => void) => {
        await instance.gate();
        instance.callers.delete(reject);
        done();
      };
      method(instance.part).then(
        (answer) => void end(() => resolve(answer)),
        (cause) => void end(() => reject(cause as Error)),
      );
    });
  }

  died(instance: Instance<Part>): void {
    const { disk } = instance;
    disk.cancelFlush?.();
    disk.cancelFlush = null;
    disk.waiting = [];
    // A write that was on its way may have arrived.
    if (disk.isDirty && !disk.isFenced && !instance.isBroken && this.run.random.chance(0.3)) {
      disk.database.sync();
      disk.durableAlarmMs = disk.alarmMs;
    }
    disk.database.lose();
    disk.alarmMs = disk.durableAlarmMs;
    disk.isDirty = false;
    this.run.note(`${this.name} is gone`);
    if (this.stale === instance) this.stale = null;
    if (this.current !== instance) return;
    this.current = null;
    this.#isFiring = false;
    this.rearm();
  }

  /** The platform takes the instance for gone and starts another beside it. */
  takeOver(): void {
    const old = this.current;
    if (old === null || old.isBroken || this.stale !== null) return;
    this.run.count("stale-instance", this.name);
    if (old.disk.isDirty) {
      // Its last write arrived, and it never hears of that.
      old.disk.database.sync();
      old.disk.durableAlarmMs = old.disk.alarmMs;
    }
    const disk = new Disk(this.#pool.take());
    disk.database.copyFrom(old.disk.database);
    disk.database.sync();
    disk.database.remember();
    disk.alarmMs = disk.durableAlarmMs = old.disk.durableAlarmMs;
    old.disk.isFenced = true;
    this.stale = old;
    this.current = null;
    this.#isFiring = false;
    this.disk = disk;
    this.run.loop.after(this.run.random.int(100, 30_000), old.crash);
    this.instance();
  }

  /** What is durable now is what a rewind brings back. */
  remember(): void {
    if (this.current?.disk.isDirty === true) return;
    this.disk.database.remember();
    this.#rememberedAlarmMs = this.disk.durableAlarmMs;
  }

  rewind(): void {
    this.run.count("rewind", this.name);
    this.current?.crash();
    this.disk.database.rewind();
    this.disk.alarmMs = this.disk.durableAlarmMs = this.#rememberedAlarmMs;
    this.isRewound = true;
    this.rearm();
  }

  rearm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    const at = this.disk.durableAlarmMs;
    if (at === null || this.#isFiring) return;
    const lateMs = this.run.lateAlarmMs(this.name);
    const ms = Math.max(0, at - this.run.loop.nowMs - this.#skewMs) + lateMs;
    this.#cancelAlarm = this.run.loop.after(ms, () => this.#fire(), this.kind.background);
  }

  #fire(): void {
    const instance = this.instance();
    const { disk } = instance;
    this.#isFiring = true;
    disk.alarmMs = null;
    // It counts as fired once what its handler wrote is durable.
    const over = async () => {
      await instance.gate();
      if (!instance.alive || this.current !== instance) return;
      this.#isFiring = false;
      if (disk.alarmMs === null) disk.durableAlarmMs = null;
      this.rearm();
    };
    this.kind.alarm(instance.part).then(over, async () => {
      this.run.note(`${this.name}: the alarm failed`);
      if (!instance.alive || instance.isBroken) return;
      disk.alarmMs ??= this.run.loop.nowMs + instance.skewMs + 2_000;
      instance.written();
      await over();
    });
  }
}
