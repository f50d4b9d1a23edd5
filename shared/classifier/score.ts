/** From features to scores, and from the margin between the best two to a confidence. What training and classifying share. */
import { logSumExp } from "./exact.ts";
import type { Features } from "./features.ts";
import { chanceOf } from "./platt.ts";

/** Weights are whole numbers of this part of one. */
export const WEIGHT_UNIT = 1024;
/** Confidence is given in whole steps of this part of one, rounded down: more digits would claim what nobody knows. */
const CONFIDENCE_STEPS = 10_000;

export type Scoring = {
  /** Feature → its place in a label's weights; place 0 is the bias. */
  readonly placeOf: ReadonlyMap<number, number>;
  /** For each label whole weights. */
  readonly byLabel: readonly ArrayLike<number>[];
};

export function scoresOf({ placeOf, byLabel }: Scoring, features: Features): number[] {
  const scores = byLabel.map((weights) => weights[0]!);
  for (const [feature, value] of features) {
    const place = placeOf.get(feature);
    if (place !== undefined) for (let l = 0; l < scores.length; l++) scores[l]! += byLabel[l]![place]! * value;
  }
  return scores.map((score) => score / WEIGHT_UNIT);
}

/** The best label (the first of equals) and the log odds of it against all others. */
export function topOf(scores: readonly number[]): { readonly top: number; readonly margin: number } {
  const top = scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
  return { top, margin: scores[top]! - logSumExp(scores.filter((_, i) => i !== top)) };
}

/** `platt` in 1/1024. The chance that the label is right, from 0 to below 1. */
export const confidenceOf = (platt: { readonly slope: number; readonly intercept: number }, margin: number): number => {
  const curve = { slope: platt.slope / WEIGHT_UNIT, intercept: platt.intercept / WEIGHT_UNIT };
  return stepped(chanceOf(curve, margin));
};
export const stepped = (chance: number): number => Math.floor(chance * CONFIDENCE_STEPS) / CONFIDENCE_STEPS;
