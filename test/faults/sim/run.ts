/** What all parts of one simulated run share: its loop, its chance, its faults, and what is noted about it. */
import type { DatabasePool } from "./databases.ts";
import type { Fault, FaultPlan, PointFault } from "./faults.ts";
import { Loop } from "./loop.ts";
import { Random } from "./random.ts";

/** Where the clock of every run stands at its start. */
export const START_MS = Date.UTC(2026, 10, 21, 9, 0, 0);

export type Pools = {
  readonly shards: DatabasePool;
  readonly ledger: DatabasePool;
  readonly counters: DatabasePool;
  readonly business: DatabasePool;
};

export class Run {
  readonly loop = new Loop(START_MS);
  readonly random: Random;
  readonly plan: FaultPlan;
  readonly pools: Pools;
  readonly countByFault = new Map<Fault, number>();
  /** How often each feature was exercised. */
  readonly countByFeature = new Map<string, number>();
  readonly lines: string[] | null;
  #trace = 0x811c9dc5;

  constructor(seed: number, pools: Pools, plan: (random: Random) => FaultPlan, keepsTrace: boolean) {
    this.random = new Random(seed);
    this.pools = pools;
    this.plan = plan(new Random(seed ^ 0x5bd1e995));
    this.lines = keepsTrace ? [] : null;
  }

  /** A digest of everything that was noted: two runs of one seed have the same. */
  get trace(): string {
    return (this.#trace >>> 0).toString(16).padStart(8, "0");
  }

  note(line: string): void {
    const text = `${this.loop.nowMs - START_MS} ${line}`;
    for (let i = 0; i < text.length; i++) this.#trace = Math.imul(this.#trace ^ text.charCodeAt(i), 0x01000193);
    this.lines?.push(text);
  }

  count(fault: Fault, where: string): void {
    this.countByFault.set(fault, (this.countByFault.get(fault) ?? 0) + 1);
    this.note(`FAULT ${fault} at ${where}`);
  }

  used(feature: string): void {
    this.countByFeature.set(feature, (this.countByFeature.get(feature) ?? 0) + 1);
  }

  /** The fault of a point, counted. */
  fault(point: string, can: readonly PointFault[]): PointFault | null {
    const fault = this.plan.at(point, can);
    if (fault !== null) this.count(fault, point);
    return fault;
  }

  /** An alarm fires at its time or after it, now and then long after it. */
  lateAlarmMs(name: string): number {
    if (!this.plan.lateAlarm()) return 0;
    this.count("late-alarm", name);
    return this.random.int(1_000, 60_000);
  }

  /** How long a message travels. Now and then one is overtaken by many others. */
  latencyMs(): number {
    if (!this.random.chance(0.03)) return this.random.int(0, 12);
    this.countByFault.set("reorder", (this.countByFault.get("reorder") ?? 0) + 1);
    return this.random.int(50, 1_500);
  }
}

/** A promise that nobody answers: what a call of a dead object comes to. */
export const never = <T>(): Promise<T> => new Promise(() => {});
