/**
 * exp and log from additions, multiplications and divisions alone. Those are exact to the bit on every machine (IEEE 754), and what engines ship
 * as Math.exp and Math.log is not: the same examples must give the same weights, and the same input the same confidence, wherever it is computed.
 *
 * exp is within 1e-14, log within 1e-13 of the true value (relative), which is more than enough here; that it is the same everywhere is the point.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LN2 = 0.6931471805599453;

/** e^x; beyond ±700 as at ±700, which a double can hold. */
export function exp(x: number): number {
  const bounded = x > 700 ? 700 : x < -700 ? -700 : x;
  const k = Math.floor(bounded / LN2 + 0.5);
  const r = bounded - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let i = 14; i >= 1; i--) sum = 1 + (sum * r) / i;
  return k >= 0 ? sum * powerOfTwo(k) : sum / powerOfTwo(-k);
}

/** The natural logarithm of a positive number; of anything else that of 1e-300. */
export function log(x: number): number {
  let rest = x > 1e-300 ? (x < 1e300 ? x : 1e300) : 1e-300;
  let k = 0;
  while (rest > 1.4142135623730951) {
    rest /= 2;
    k++;
  }
  while (rest < 0.7071067811865476) {
    rest *= 2;
    k--;
  }
  const s = (rest - 1) / (rest + 1);
  const square = s * s;
  let sum = 0;
  for (let i = 25; i >= 1; i -= 2) sum = sum * square + 1 / i;
  return k * LN2_HIGH + (k * LN2_LOW + 2 * s * sum);
}

/** 1 / (1 + e^-x). */
export const sigmoid = (x: number): number => 1 / (1 + exp(-x));

/** log(p / (1 - p)), with p kept a millionth away from 0 and 1. */
export const logit = (p: number): number => {
  const inside = p < 1e-6 ? 1e-6 : p > 1 - 1e-6 ? 1 - 1e-6 : p;
  return log(inside / (1 - inside));
};

/** log of the sum of e^z, by the largest, so that nothing overflows. */
export function logSumExp(values: readonly number[]): number {
  const largest = values.reduce((most, value) => (value > most ? value : most), -1e300);
  return largest + log(values.reduce((sum, value) => sum + exp(value - largest), 0));
}

/** The whole square root of a whole number, rounded down. */
export function wholeRoot(n: number): number {
  let root = n;
  let next = Math.floor((n + 1) / 2);
  while (next < root) {
    root = next;
    next = Math.floor((root + Math.floor(n / root)) / 2);
  }
  return root;
}

/** Exact for 0 <= k <= 1023. */
function powerOfTwo(k: number): number {
  let power = 1;
  let base = 2;
  for (let rest = k; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= base;
    base *= base;
  }
  return power;
}
