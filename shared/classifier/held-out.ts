/** What training labels and training how sure a reading is have in common: answers on what was held out, whole weights, and how far off they were. */
import { toBase64 } from "../bytes.ts";
import { fit, type Point, type Weights } from "./fit.ts";
import { scoresOf, topOf, WEIGHT_UNIT, type Scoring } from "./score.ts";

export const FOLDS = 5;

/** Each point's answer by a model that had not seen its fold. */
export function heldOutAnswers(points: readonly Point[], folds: readonly number[], labels: number) {
  return Array.from({ length: FOLDS }, (_, fold) => {
    const scoring = scoringOf(
      fit(
        points.filter((_point, i) => folds[i] !== fold),
        labels,
      ),
    );
    return points
      .filter((_point, i) => folds[i] === fold)
      .map(({ features, label }) => {
        const scores = scoresOf(scoring, features);
        const { top, margin } = topOf(scores);
        return { label, scores, margin, right: top === label };
      });
  }).flat();
}

export const rounded = (value: number): number => Math.floor(value * WEIGHT_UNIT + 0.5);

export const quantised = ({ byLabel }: Weights): number[][] =>
  byLabel.map((weights) => [...weights].map((weight) => Math.min(32_767, Math.max(-32_768, rounded(weight)))));

/** Held-out answers are scored with rounded weights too: it is these that a release has. */
const scoringOf = (weights: Weights): Scoring => ({ placeOf: weights.placeOf, byLabel: quantised(weights) });

/** Whole numbers of so many bytes each, big endian. */
export function base64Of(values: readonly number[], bytes: 2 | 4): string {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  for (const [i, value] of values.entries())
    if (bytes === 2) view.setInt16(i * 2, value);
    else view.setUint32(i * 4, value);
  return toBase64(new Uint8Array(view.buffer));
}

/** Mean difference of confidence and share of right answers over ten equal spans of confidence, in ten-thousandths. */
export function calibrationError(answers: readonly { readonly confidence: number; readonly right: boolean }[]): number {
  const spans = Array.from({ length: 10 }, () => ({ n: 0, right: 0, confidence: 0 }));
  for (const { confidence, right } of answers) {
    const span = spans[Math.min(9, Math.floor(confidence * 10))]!;
    span.n++;
    span.confidence += confidence;
    if (right) span.right++;
  }
  const off = spans.reduce((sum, span) => sum + Math.abs(span.confidence - span.right), 0);
  return answers.length === 0 ? 0 : Math.floor((off / answers.length) * 10_000 + 0.5);
}
