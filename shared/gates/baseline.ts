/**
 * A rolling baseline of one number: mean and variance in which an input counts less the older it is. Pure; its state is four numbers,
 * however many inputs there were.
 *
 * N1  Until `after` inputs have been seen nothing is unusual.
 * N2  What is unusual moves the baseline no further than the bound that it broke: one wild value changes little, a lasting change is learned.
 */
export type Baseline = { readonly count: number; readonly mean: number; readonly variance: number };
export const NO_BASELINE: Baseline = { count: 0, mean: 0, variance: 0 };

export type Bounds = {
  /** Inputs that count: the weight of one falls to a third after so many more. */
  readonly window: number;
  /** Inputs before the baseline says anything. */
  readonly after: number;
  /** Standard deviations from the mean. */
  readonly deviations: number;
};

/** A spread is taken to be at least this part of the mean: what was always the same may change a little. */
const LEAST_SPREAD = 0.01;

/** Whether a value is unusual, and the baseline with it. */
export function observed(before: Baseline, value: number, { window, after, deviations }: Bounds) {
  const spread = Math.max(Math.sqrt(before.variance), LEAST_SPREAD * Math.abs(before.mean), Number.MIN_VALUE);
  const room = deviations * spread;
  const unusual = before.count >= after && Math.abs(value - before.mean) > room;
  const counted = unusual ? before.mean + Math.sign(value - before.mean) * room : value;
  const count = Math.min(before.count + 1, window);
  const weight = 1 / count;
  const step = counted - before.mean;
  const next: Baseline = {
    count,
    mean: before.mean + weight * step,
    variance: (1 - weight) * (before.variance + weight * step * step),
  };
  // What a double cannot hold leaves the baseline as it was.
  return { unusual, baseline: Number.isFinite(next.mean) && Number.isFinite(next.variance) ? next : before };
}
