/** Shares with their uncertainty: Wilson's interval, also for weighted answers through their effective number (Kish). */

/** 95 % of such intervals hold the true share. */
const Z = 1.959963984540054;

export type Share = { readonly share: number; readonly low: number; readonly high: number };

/** `n` may be an effective number. Of nothing nothing is known. */
export function wilson(share: number, n: number): Share {
  if (!(n > 0)) return { share: 0, low: 0, high: 1 };
  const square = Z * Z;
  const middle = (share + square / (2 * n)) / (1 + square / n);
  const half = (Z / (1 + square / n)) * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** So many right answers without any wrong one are needed before an error rate of `wanted` can be held to be reached. */
export const needed = (wanted: number): number => Math.ceil((Z * Z * (1 - wanted)) / wanted);

export type Weighed = { readonly right: boolean; readonly weight: number };

/** The number of equally weighted answers that say as much: (sum of weights)² / sum of squares. */
export function effective(all: readonly Weighed[]): number {
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  const squares = all.reduce((total, { weight }) => total + weight * weight, 0);
  return squares === 0 ? 0 : (sum * sum) / squares;
}

/** The share of right answers, each counted as many times as it stands for. */
export function shareRight(all: readonly Weighed[]): Share {
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  const right = all.reduce((total, one) => total + (one.right ? one.weight : 0), 0);
  return wilson(sum === 0 ? 0 : right / sum, effective(all));
}
