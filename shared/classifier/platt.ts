/**
 * Platt scaling: from a score to the chance that the answer is right, as a logistic curve with two parameters, fitted by Newton's method on answers
 * that the score's model had not seen. Exact arithmetic, so the same scores give the same curve everywhere.
 *
 * Pl1  The curve never falls: a greater score is never less sure.
 * Pl2  At a score of zero an answer is held to be a coin toss until the data say otherwise. Without errors in the data there would else be no
 *      curve, and what is unlike all of it would count as sure.
 */
import { log, sigmoid } from "./exact.ts";

export type Scored = {
  readonly score: number;
  readonly right: boolean;
  /** How many like it this one stands for; 1 without. */
  readonly weight?: number;
};
export type Curve = { readonly slope: number; readonly intercept: number };

/** Pl2: as many of each, at a score of zero. */
const COIN_TOSSES = 2;
const ROUNDS = 50;
const RIDGE = 1e-9;

export const chanceOf = ({ slope, intercept }: Curve, score: number): number => sigmoid(slope * score + intercept);

export function fitPlatt(scored: readonly Scored[]): Curve {
  const points = [
    ...scored.map(({ score, right, weight = 1 }) => ({ score, right, weight })),
    { score: 0, right: true, weight: COIN_TOSSES },
    { score: 0, right: false, weight: COIN_TOSSES },
  ];
  const total = (right: boolean) => points.reduce((sum, point) => sum + (point.right === right ? point.weight : 0), 0);
  const targets = { right: (total(true) + 1) / (total(true) + 2), wrong: 1 / (total(false) + 2) };
  const aims = points.map((point) => ({ ...point, target: point.right ? targets.right : targets.wrong }));
  let curve: Curve = { slope: 0, intercept: log((total(true) + 1) / (total(false) + 1)) };
  let loss = lossOf(aims, curve);
  for (let round = 0; round < ROUNDS; round++) {
    const step = newtonStep(aims, curve);
    let size = 1;
    let next = moved(curve, step, size);
    let nextLoss = lossOf(aims, next);
    while (nextLoss > loss && size > 1e-6) {
      size /= 2;
      next = moved(curve, step, size);
      nextLoss = lossOf(aims, next);
    }
    if (nextLoss >= loss) break;
    const gain = loss - nextLoss;
    curve = next;
    loss = nextLoss;
    if (gain < 1e-10) break;
  }
  if (curve.slope >= 0) return curve;
  // Pl1
  return { slope: 0, intercept: log((total(true) + 1) / (total(false) + 1)) };
}

type Aim = Required<Scored> & { readonly target: number };

const moved = (curve: Curve, step: Curve, size: number): Curve => ({
  slope: curve.slope + size * step.slope,
  intercept: curve.intercept + size * step.intercept,
});

function lossOf(aims: readonly Aim[], curve: Curve): number {
  return aims.reduce((sum, { score, target, weight }) => {
    const chance = chanceOf(curve, score);
    return sum - weight * (target * log(chance) + (1 - target) * log(1 - chance));
  }, 0);
}

function newtonStep(aims: readonly Aim[], curve: Curve): Curve {
  let [ss, s1, one, bySlope, byIntercept] = [RIDGE, 0, RIDGE, 0, 0];
  for (const { score, target, weight } of aims) {
    const chance = chanceOf(curve, score);
    const bend = weight * chance * (1 - chance);
    const miss = weight * (target - chance);
    ss += score * score * bend;
    s1 += score * bend;
    one += bend;
    bySlope += score * miss;
    byIntercept += miss;
  }
  const determinant = ss * one - s1 * s1;
  if (!(determinant > 1e-12)) return { slope: 0, intercept: byIntercept / one };
  return {
    slope: (one * bySlope - s1 * byIntercept) / determinant,
    intercept: (ss * byIntercept - s1 * bySlope) / determinant,
  };
}
