/**
 * Multinomial logistic regression, fitted by gradient steps over the examples in the order given; the weights of the second half of the passes are
 * averaged. Only exact arithmetic (exact.ts) in a fixed order: the same examples in the same order give the same weights, bit for bit.
 */
import { LIMITS } from "../limits.ts";
import { exp } from "./exact.ts";
import type { Features } from "./features.ts";

/** `label` is its place in the list of labels. */
export type Point = { readonly features: Features; readonly label: number };

export type Weights = {
  /** Hashes of the features that count, ascending. */
  readonly features: readonly number[];
  readonly placeOf: ReadonlyMap<number, number>;
  /** For each label its bias, then a weight for each feature. */
  readonly byLabel: readonly Float64Array[];
};

const RATE = 2;
const DECAY = 0.002;
const SHRINK = 0.0005;
/** Steps over all passes: a few examples are seen often, many are seen a few times. */
const STEPS = 60_000;
const PASSES = { least: 6, most: 30 };

export function fit(points: readonly Point[], labels: number): Weights {
  const features = chosenFeatures(points, labels);
  const placeOf = new Map(features.map((feature, i) => [feature, i + 1]));
  const rows = points.map(({ features: all, label }) => rowOf(all, label, placeOf));
  // By feature, the labels of one side by side: that is how they are looked at.
  const current = new Float64Array((features.length + 1) * labels);
  const summed = new Float64Array((features.length + 1) * labels);
  const passes = Math.min(PASSES.most, Math.max(PASSES.least, Math.floor(STEPS / Math.max(1, points.length))));
  const half = Math.floor(passes / 2);
  const scores = new Float64Array(labels);
  let step = 0;
  for (let pass = 0; pass < passes; pass++) {
    for (const row of rows) {
      const { label, places, values } = row;
      const rate = RATE / (1 + DECAY * step++);
      chances(current, row, scores);
      for (let l = 0; l < labels; l++) {
        scores[l] = rate * ((l === label ? 1 : 0) - scores[l]!);
        current[l]! += scores[l]!;
      }
      for (let i = 0; i < places.length; i++) {
        const at = places[i]! * labels;
        const value = values[i]!;
        for (let l = 0; l < labels; l++) current[at + l]! += scores[l]! * value;
      }
    }
    for (let i = labels; i < current.length; i++) current[i]! *= 1 - SHRINK;
    if (pass >= half) for (let i = 0; i < summed.length; i++) summed[i]! += current[i]!;
  }
  const byLabel = Array.from({ length: labels }, (_, l) =>
    Float64Array.from(
      { length: features.length + 1 },
      (_place, place) => summed[place * labels + l]! / (passes - half),
    ),
  );
  return { features, placeOf, byLabel };
}

/** The features of one point that count, side by side: the loop over them is where training spends its time. */
type Row = { readonly label: number; readonly places: Int32Array; readonly values: Float64Array };
function rowOf(features: Features, label: number, placeOf: ReadonlyMap<number, number>): Row {
  const places = new Int32Array(features.size);
  const values = new Float64Array(features.size);
  let count = 0;
  for (const [feature, value] of features) {
    const place = placeOf.get(feature);
    if (place === undefined) continue;
    places[count] = place;
    values[count++] = value;
  }
  return { label, places: places.subarray(0, count), values: values.subarray(0, count) };
}

/** Softmax of the scores, into `into`. */
function chances(weights: Float64Array, { places, values }: Row, into: Float64Array): void {
  const labels = into.length;
  for (let l = 0; l < labels; l++) into[l] = weights[l]!;
  for (let i = 0; i < places.length; i++) {
    const at = places[i]! * labels;
    const value = values[i]!;
    for (let l = 0; l < labels; l++) into[l]! += weights[at + l]! * value;
  }
  let largest = -1e300;
  for (let l = 0; l < labels; l++) if (into[l]! > largest) largest = into[l]!;
  let sum = 0;
  for (let l = 0; l < labels; l++) sum += into[l] = exp(into[l]! - largest);
  for (let l = 0; l < labels; l++) into[l]! /= sum;
}

/** The features whose share differs most between labels, as many as the limit of weights leaves room for; ties by hash. */
function chosenFeatures(points: readonly Point[], labels: number): number[] {
  const room = Math.floor(LIMITS.classifierWeights / labels) - 1;
  const totals = Array.from({ length: labels }, () => 0);
  const counts = new Map<number, number[]>();
  for (const { features, label } of points) {
    totals[label]!++;
    for (const feature of features.keys()) {
      let count = counts.get(feature);
      if (count === undefined) counts.set(feature, (count = Array.from({ length: labels }, () => 0)));
      count[label]!++;
    }
  }
  const rated = [...counts].flatMap(([feature, count]) => {
    const seen = count.reduce((sum, n) => sum + n, 0);
    // What one example alone has says nothing of others.
    if (seen < 2) return [];
    const share = seen / points.length;
    const differs = count.reduce((sum, n, l) => sum + Math.abs(n - totals[l]! * share), 0);
    return [{ feature, differs }];
  });
  return rated
    .toSorted((a, b) => b.differs - a.differs || a.feature - b.feature)
    .slice(0, room)
    .map(({ feature }) => feature)
    .toSorted((a, b) => a - b);
}
