/**
 * What was said against what came out: the reliability table, a threshold for a wanted error rate, and what a planner's claims are worth.
 *
 * R1  Each answer counts as many times as it stands for: a reviewed decision for itself, a sampled one for 1 / rate.
 * R2  A threshold is suggested only where the upper end of the error's 95 % interval is at most what is wanted. Otherwise the answer says why there is
 *     none, and how many right answers it takes at the least.
 */
import { logit } from "../classifier/exact.ts";
import { fitPlatt } from "../classifier/platt.ts";
import { WEIGHT_UNIT } from "../classifier/score.ts";
import { effective, needed, shareRight, wilson, type Share, type Weighed } from "./intervals.ts";

/** `value`: the confidence, or the claim. */
export type Evidence = Weighed & { readonly value: number };

export type Bin = Share & {
  readonly from: number;
  readonly to: number;
  readonly answers: number;
  readonly standsFor: number;
  /** Mean of what was said. */
  readonly said: number;
};

/** Ten equal spans of what was said; empty ones are left out. */
export function reliability(all: readonly Evidence[]): Bin[] {
  return Array.from({ length: 10 }, (_, i) => i).flatMap((i) => {
    const inside = all.filter(({ value }) => Math.min(9, Math.floor(value * 10)) === i);
    if (inside.length === 0) return [];
    const standsFor = sumOf(inside);
    const said = inside.reduce((sum, { value, weight }) => sum + value * weight, 0) / standsFor;
    return [{ from: i / 10, to: (i + 1) / 10, answers: inside.length, standsFor, said, ...shareRight(inside) }];
  });
}

/** Mean difference between what was said and what came out, over the spans; null of nothing. */
export function calibrationError(bins: readonly Bin[]): number | null {
  const all = bins.reduce((sum, { standsFor }) => sum + standsFor, 0);
  if (all === 0) return null;
  return bins.reduce((sum, { standsFor, said, share }) => sum + standsFor * Math.abs(said - share), 0) / all;
}

export type Threshold = {
  readonly state: "suggested" | "not-enough-data" | "too-many-errors";
  readonly value: number | null;
  /** The error at it and above, with its interval. */
  readonly error: Share | null;
  /** Right answers without any wrong one that it takes at the least. */
  readonly needed: number;
};

const CANDIDATES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99];

/** Effective answers below which nothing is called too many errors: one wrong answer is no verdict. */
const LEAST_TO_REFUSE = 20;

/** R2. The smallest threshold from which on everything is as good as wanted. */
export function suggestThreshold(all: readonly Evidence[], wanted: number): Threshold {
  const least = needed(wanted);
  let suggested: { readonly value: number; readonly error: Share } | null = null;
  let isBad = false;
  for (const value of CANDIDATES.toReversed()) {
    const above = all.filter((one) => one.value >= value);
    const n = effective(above);
    if (n === 0) continue;
    const error = errorOf(above);
    if (error.high <= wanted) suggested = { value, error };
    // Enough is known at this one, and it is not good enough: a smaller one, which takes these in, is no answer to that.
    else if (n >= LEAST_TO_REFUSE && error.low > wanted) {
      isBad = suggested === null;
      break;
    }
  }
  if (suggested !== null) return { state: "suggested", ...suggested, needed: least };
  return { state: isBad ? "too-many-errors" : "not-enough-data", value: null, error: null, needed: least };
}

export const errorOf = (all: readonly Weighed[]): Share => {
  const { share } = shareRight(all);
  return wilson(all.length === 0 ? 0 : 1 - share, effective(all));
};

export type Worth =
  | { readonly state: "suggested"; readonly slope: number; readonly intercept: number }
  | { readonly state: "not-enough-data"; readonly answers: number; readonly needed: number };

/** Effective answers, and of each kind, below which no curve is suggested. */
const LEAST = { answers: 50, ofEach: 5 };

/** What claims are worth, as `confidence` of a release takes it. */
export function suggestWorth(all: readonly Evidence[]): Worth {
  const n = effective(all);
  const rights = all.filter(({ right }) => right).length;
  if (n < LEAST.answers || rights < LEAST.ofEach || all.length - rights < LEAST.ofEach)
    return { state: "not-enough-data", answers: all.length, needed: LEAST.answers };
  const scale = n / sumOf(all);
  const curve = fitPlatt(
    all.map(({ value, right, weight }) => ({ score: logit(value), right, weight: weight * scale })),
  );
  return { state: "suggested", slope: rounded(curve.slope), intercept: rounded(curve.intercept) };
}

const rounded = (value: number): number => Math.floor(value * WEIGHT_UNIT + 0.5);
const sumOf = (all: readonly Weighed[]): number => all.reduce((sum, { weight }) => sum + weight, 0);
