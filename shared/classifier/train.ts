/**
 * Training: labelled examples in, the classifier of a release out. Pure; done where a release is made, never in a request.
 *
 * T1  The same examples give the same classifier, byte for byte, in any order and on any machine: they are sorted by a hash of what they say, the
 *     arithmetic is exact, and the weights are rounded to whole numbers.
 * T2  Confidence is fitted on held-out answers only: five models, each asked about the fifth that it had not seen. Examples of the same input stay in
 *     the same fifth.
 */
import { canonicalize } from "../canonical.ts";
import { toBase64, utf8 } from "../bytes.ts";
import type { Json } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256Hex } from "../sha256.ts";
import { confidenceOf, scoresOf, topOf, WEIGHT_UNIT, type Scoring } from "./score.ts";
import { boundsOf, featuresOf, valueAt } from "./features.ts";
import { fit, type Point, type Weights } from "./fit.ts";
import { fitPlatt } from "./platt.ts";
import type { Classifier, ClassifierSettings, Example } from "./schema.ts";

const FOLDS = 5;

/** Errors: classifier-invalid. */
export function trainClassifier(settings: ClassifierSettings, examples: readonly Example[]): Result<Classifier> {
  const labels = [...new Set(examples.map(({ label }) => label))].toSorted();
  const wrong = wrongExamples(labels, examples);
  if (wrong !== null) return err(problem("classifier-invalid", wrong));
  const sorted = byHash(examples);
  const { fields, threshold } = settings;
  const bounds = fields.map(({ field, as }) =>
    as === "number" ? boundsOf(sorted.flatMap(({ input }) => numberAt(input, field))) : [],
  );
  const points = sorted.map(({ input, label }) => ({
    features: featuresOf(input, fields, bounds),
    label: labels.indexOf(label),
  }));
  const held = heldOutAnswers(points, foldsOf(sorted), labels.length);
  const curve = fitPlatt(held.map(({ margin, right }) => ({ score: margin, right })));
  const platt = { slope: Math.max(0, rounded(curve.slope)), intercept: rounded(curve.intercept) };
  const answers = held.map(({ margin, right }) => ({ right, confidence: confidenceOf(platt, margin) }));
  const sure = answers.filter(({ confidence }) => confidence >= threshold);
  const weights = fit(points, labels.length);
  return ok({
    ...settings,
    labels,
    trained: {
      examples: examples.length,
      digest: `sha256:${sha256Hex(canonicalize(sorted as unknown as Json))}`,
      bounds,
      features: base64Of(weights.features, 4),
      weights: base64Of(quantised(weights).flat(), 2),
      ...platt,
      heldOut: {
        correct: answers.filter(({ right }) => right).length,
        sure: sure.length,
        sureCorrect: sure.filter(({ right }) => right).length,
        calibrationError: calibrationError(answers),
      },
    },
  });
}

function wrongExamples(labels: readonly string[], examples: readonly Example[]): string | null {
  if (examples.length > LIMITS.classifierExamples)
    return `at most ${LIMITS.classifierExamples} examples are trained from`;
  if (labels.length < 2 || labels.length > LIMITS.classifierLabels)
    return `examples have 2 to ${LIMITS.classifierLabels} labels, these have ${labels.length}`;
  const few = labels.find((label) => examples.filter((one) => one.label === label).length < LIMITS.classifierLeast);
  return few === undefined ? null : `${few} has fewer than ${LIMITS.classifierLeast} examples`;
}

/** In an order that follows from what they say and from nothing else; those of the same input stand together. */
function byHash(examples: readonly Example[]): Example[] {
  return examples
    .map((example) => ({ example, key: `${sha256Hex(utf8(canonicalize(example.input as Json)))} ${example.label}` }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ example }) => example);
}

/** The fifth that each example is held out in (T2). */
function foldsOf(sorted: readonly Example[]): number[] {
  let group = -1;
  let before = "";
  return sorted.map(({ input }) => {
    const text = canonicalize(input as Json);
    if (text !== before) group++;
    before = text;
    return group % FOLDS;
  });
}

function heldOutAnswers(points: readonly Point[], folds: readonly number[], labels: number) {
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
        const { top, margin } = topOf(scoresOf(scoring, features));
        return { margin, right: top === label };
      });
  }).flat();
}

const numberAt = (input: Json, field: string): number[] => {
  const value = valueAt(input, field);
  return typeof value === "number" ? [value] : [];
};

const rounded = (value: number): number => Math.floor(value * WEIGHT_UNIT + 0.5);

const quantised = ({ byLabel }: Weights): number[][] =>
  byLabel.map((weights) => [...weights].map((weight) => Math.min(32_767, Math.max(-32_768, rounded(weight)))));

/** Held-out answers are scored with rounded weights too: it is these that a release has. */
const scoringOf = (weights: Weights): Scoring => ({ placeOf: weights.placeOf, byLabel: quantised(weights) });

/** Whole numbers of so many bytes each, big endian. */
function base64Of(values: readonly number[], bytes: 2 | 4): string {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  for (const [i, value] of values.entries())
    if (bytes === 2) view.setInt16(i * 2, value);
    else view.setUint32(i * 4, value);
  return toBase64(new Uint8Array(view.buffer));
}

/** Mean difference of confidence and share of right answers over ten equal spans of confidence, in ten-thousandths. */
function calibrationError(answers: readonly { readonly confidence: number; readonly right: boolean }[]): number {
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
