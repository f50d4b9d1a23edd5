/**
 * Which fault happens where. Everything an object awaits goes through a point: a storage sync, a call to a database, a callee or another
 * object. At each point the run's plan of faults is asked once.
 */
import type { Random } from "./random.ts";

export const POINT_FAULTS = [
  "crash-before",
  "crash-after",
  "error-not-applied",
  "error-applied",
  "delay",
  "duplicate",
] as const;
export type PointFault = (typeof POINT_FAULTS)[number] | "drop" | "drop-answer";

/** Faults that do not happen at a point. */
export type WorldFault =
  | "crash"
  | "stale-instance"
  | "rewind"
  | "clock-skew"
  | "late-alarm"
  | "key-rotated"
  | "key-revoked"
  | "reorder"
  | "storage-error";

export type Fault = PointFault | WorldFault;

export interface FaultPlan {
  /** The fault at this point, or null. `can` says which make sense there. */
  at(point: string, can: readonly PointFault[]): PointFault | null;
  /** Whether an alarm fires late. */
  lateAlarm(): boolean;
}

/** How big the world of a seed is: most are small and see one or two kinds of trouble often, some see everything at once. */
export type Size = "small" | "medium" | "large";
/** Faults at points: a world where nothing works for a quarter of an hour costs as much as twenty others and shows no more. */
const MOST: { readonly [size in Size]: readonly number[] } = {
  small: [2, 4, 8, 16],
  medium: [8, 16, 40],
  large: [20, 60, 1_000],
};

/** Faults by chance; each run has its own mood: some see one kind often, some everything, some nothing at all. */
export class RandomFaults implements FaultPlan {
  readonly #random: Random;
  readonly #rate: number;
  readonly #lateAlarms: number;
  readonly #weightByFault = new Map<PointFault, number>();
  /** After so many faults at points nothing fails any more. */
  #left: number;
  calm = false;

  constructor(random: Random, size: Size) {
    this.#random = random;
    const isConcentrated = size === "small";
    this.#left = random.pick(MOST[size]);
    this.#rate = random.pick(isConcentrated ? [0.04, 0.12, 0.25, 0.35] : [0, 0.02, 0.06, 0.12, 0.25]);
    this.#lateAlarms = random.pick(isConcentrated ? [0, 0, 0, 0.5] : [0, 0, 0.1, 0.4]);
    const all = [...POINT_FAULTS, "drop", "drop-answer"] as const;
    const chosen = new Set([random.pick(all), random.pick(all)]);
    const only = random.chance(0.3);
    for (const fault of all) {
      const isLeftOut = isConcentrated ? !chosen.has(fault) : only && random.chance(0.6);
      this.#weightByFault.set(fault, isLeftOut ? 0 : random.next());
    }
  }

  lateAlarm(): boolean {
    return !this.calm && this.#random.chance(this.#lateAlarms);
  }

  at(_point: string, can: readonly PointFault[]): PointFault | null {
    if (this.calm || !this.#random.chance(this.#rate)) return null;
    const weights = can.map((fault) => this.#weightByFault.get(fault)!);
    let left = this.#random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, weight] of weights.entries()) {
      left -= weight;
      if (left >= 0) continue;
      if (--this.#left === 0) this.calm = true;
      return can[i]!;
    }
    return null;
  }
}

/** Given faults at given points, counted from 0; notes which points there are. */
export class ScriptedFaults implements FaultPlan {
  readonly points: string[] = [];
  readonly #faultByIndex: ReadonlyMap<number, PointFault>;

  constructor(faultByIndex: ReadonlyMap<number, PointFault>) {
    this.#faultByIndex = faultByIndex;
  }

  lateAlarm(): boolean {
    return false;
  }

  at(point: string, can: readonly PointFault[]): PointFault | null {
    const fault = this.#faultByIndex.get(this.points.length) ?? null;
    this.points.push(point);
    return fault !== null && can.includes(fault) ? fault : null;
  }
}
