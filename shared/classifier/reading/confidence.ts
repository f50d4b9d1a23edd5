/**
 * How sure a reading is: what the reader noticed is weighed as features are (fit.ts), on readings of examples whose fields are known, and Platt scaling
 * says what the margin is worth, from readings that were held out. Right is a reading in which every field that decides is right.
 */
import type { Json } from "../../json.ts";
import { codesOf } from "../features.ts";
import { fit } from "../fit.ts";
import { base64Of, calibrationError, heldOutAnswers, quantised, rounded } from "../held-out.ts";
import { fitPlatt } from "../platt.ts";
import { confidenceOf, scoresOf, type Scoring } from "../score.ts";
import type { Example } from "../schema.ts";
import type { Reading } from "./reader.ts";
import { READERS, readIn } from "./readers.ts";
import type { ReaderSettings, TrainedReading } from "./schema.ts";

const [WRONG, RIGHT] = [0, 1];

/** `folds`: of each example the fold that it is held out in. Examples that say no fields teach nothing here. */
export function trainReading(
  reads: ReaderSettings,
  examples: readonly Example[],
  folds: readonly number[],
): TrainedReading {
  const reader = READERS[reads.as];
  const known = examples.flatMap(({ input, fields }, i) => {
    if (fields === undefined) return [];
    const read = readIn(reads, input as Json);
    const right = reader.deciding.every((name) => read.fields[name] === fields[name]);
    return [{ features: codesOf(read.evidence), label: right ? RIGHT : WRONG, fold: folds[i]! }];
  });
  const held = heldOutAnswers(
    known,
    known.map(({ fold }) => fold),
    2,
  ).map(({ scores, label }) => ({ score: scores[RIGHT]! - scores[WRONG]!, right: label === RIGHT }));
  const curve = fitPlatt(held);
  const platt = { slope: Math.max(0, rounded(curve.slope)), intercept: rounded(curve.intercept) };
  const weights = fit(known, 2);
  return {
    examples: known.length,
    features: base64Of(weights.features, 4),
    weights: base64Of(quantised(weights).flat(), 2),
    ...platt,
    heldOut: {
      correct: held.filter(({ right }) => right).length,
      calibrationError: calibrationError(
        held.map(({ score, right }) => ({ right, confidence: confidenceOf(platt, score) })),
      ),
    },
  };
}

/** The calibrated chance that every field that decides is right. */
export function sureOf(trained: TrainedReading, scoring: Scoring, { evidence }: Reading): number {
  const scores = scoresOf(scoring, codesOf(evidence));
  return confidenceOf(trained, scores[RIGHT]! - scores[WRONG]!);
}
