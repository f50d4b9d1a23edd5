/**
 * Training: labelled examples in, the classifier of a release out. Pure; done where a release is made, never in a request.
 *
 * T1  The same examples give the same classifier, byte for byte, in any order and on any machine: they are sorted by a hash of what they say, the
 *     arithmetic is exact, and the weights are rounded to whole numbers.
 * T2  Confidence is fitted on held-out answers only: five models, each asked about the fifth that it had not seen. Examples of the same input stay in
 *     the same fifth, and so do those of the same `group`: what is new then is as new as what will come in.
 */
import { canonicalize } from "../canonical.ts";
import { utf8 } from "../bytes.ts";
import type { Json } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256Hex } from "../sha256.ts";
import { boundsOf, featuresOf, valueAt, withCodes } from "./features.ts";
import { fit } from "./fit.ts";
import { base64Of, calibrationError, FOLDS, heldOutAnswers, quantised, rounded } from "./held-out.ts";
import { fitPlatt } from "./platt.ts";
import { trainReading } from "./reading/confidence.ts";
import { READERS, readIn } from "./reading/readers.ts";
import { confidenceOf } from "./score.ts";
import type { Classifier, ClassifierSettings, Example } from "./schema.ts";

/** Errors: classifier-invalid. */
export function trainClassifier(settings: ClassifierSettings, examples: readonly Example[]): Result<Classifier> {
  const labels = [...new Set(examples.map(({ label }) => label))].toSorted();
  const wrong = wrongExamples(labels, examples, settings.reads);
  if (wrong !== null) return err(problem("classifier-invalid", wrong));
  const sorted = byHash(examples);
  const { fields, threshold } = settings;
  const bounds = fields.map(({ field, as }) =>
    as === "number" ? boundsOf(sorted.flatMap(({ input }) => numberAt(input, field))) : [],
  );
  const { reads } = settings;
  const points = sorted.map(({ input, label }) => {
    const words = featuresOf(input, fields, bounds);
    const features = reads === undefined ? words : withCodes(words, readIn(reads, input as Json).about);
    return { features, label: labels.indexOf(label) };
  });
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
      ...(settings.reads === undefined ? {} : { reading: trainReading(settings.reads, sorted, foldsOf(sorted)) }),
    },
  });
}

function wrongExamples(
  labels: readonly string[],
  examples: readonly Example[],
  reads: ClassifierSettings["reads"],
): string | null {
  if (examples.length > LIMITS.classifierExamples)
    return `at most ${LIMITS.classifierExamples} examples are trained from`;
  if (labels.length < 2 || labels.length > LIMITS.classifierLabels)
    return `examples have 2 to ${LIMITS.classifierLabels} labels, these have ${labels.length}`;
  if (reads !== undefined) {
    const unknown = reads.labels.find((label) => !labels.includes(label));
    if (unknown !== undefined) return `no example has the label ${unknown}, whose fields are read`;
    const said = examples.filter(({ fields }) => fields !== undefined);
    const wrong = said.find(({ fields }) => READERS[reads.as].deciding.some((name) => !Object.hasOwn(fields!, name)));
    if (wrong !== undefined) return `an example of ${wrong.label} does not say all fields that decide`;
    if (said.length < LIMITS.classifierLeast) return `fewer than ${LIMITS.classifierLeast} examples say their fields`;
  }
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
  const places = new Map<string, number>();
  return sorted.map(({ input, group }) => {
    const key = group === undefined ? canonicalize(input as Json) : `group ${group}`;
    let place = places.get(key);
    if (place === undefined) places.set(key, (place = places.size));
    return place % FOLDS;
  });
}

const numberAt = (input: Json, field: string): number[] => {
  const value = valueAt(input, field);
  return typeof value === "number" ? [value] : [];
};
