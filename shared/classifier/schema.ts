/**
 * The local classifier as it stands in a release: which fields of the input it looks at, the labels that it chooses from, and the weights that
 * training gave. All of it is under the release's digest, so a promotion signs the weights like every rule.
 */
import * as z from "zod";
import { Digest } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { Reviewers } from "../policy/schema.ts";
import { ReaderSettings, ReadFields, TrainedReading } from "./reading/schema.ts";

/** A label stands in plans and in the log for good: a short code of the release, no text of anybody. */
export const Label = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** `text`: words and parts of words. `category`: one value among few. `number`: by the spans that training found. */
export const ClassifierField = z.strictObject({
  /** JSON pointer to a declared field of the input. */
  field: z.string().startsWith("/").max(200),
  as: z.enum(["text", "category", "number"]),
});
export type ClassifierField = z.infer<typeof ClassifierField>;

const Count = z.int().min(0).max(LIMITS.classifierExamples);

/** What training gave. Numbers are whole or the examples' own, so that the form is the same to the byte wherever it is made. */
export const TrainedWeights = z.strictObject({
  /** How many examples it was trained from, and the digest of all of them (of their sorted canonical JSON): with them anybody trains it again. */
  examples: Count,
  digest: Digest,
  /** For each field that is a number the bounds of its spans, for the others none. */
  bounds: z.array(z.array(z.number()).max(LIMITS.classifierBounds)).min(1).max(LIMITS.classifierFields),
  /** Hashes of the features that count, ascending: 32-bit, big endian, base64. */
  features: z.base64().max(Math.ceil((LIMITS.classifierWeights * 4) / 3) * 4),
  /** For each label its bias and then the weight of each feature, in 1/1024: 16-bit, signed, big endian, base64. */
  weights: z.base64().max(Math.ceil((LIMITS.classifierWeights * 2) / 3) * 4),
  /** Platt scaling of the margin to the chance that the label is right, in 1/1024. */
  slope: z.int().min(0).max(1_000_000),
  intercept: z.int().min(-1_000_000).max(1_000_000),
  /**
   * How it did on examples that it had not seen (five folds). `sure`: those with at least the threshold's confidence. `calibrationError`: mean
   * difference of confidence and share of right answers over ten spans, in ten-thousandths.
   */
  heldOut: z.strictObject({
    correct: Count,
    sure: Count,
    sureCorrect: Count,
    calibrationError: z.int().min(0).max(10_000),
  }),
  /** Where the release reads a text in fields: how sure a reading is. */
  reading: TrainedReading.optional(),
});
export type TrainedWeights = z.infer<typeof TrainedWeights>;

const settings = {
  fields: z.array(ClassifierField).min(1).max(LIMITS.classifierFields),
  /** Below this a label of any tier is a suggestion: the next tier is asked, and at the end each write waits for `reviewers`. */
  threshold: z.number().gt(0).lt(1),
  reviewers: Reviewers,
  /** A text that is also read in fields. */
  reads: ReaderSettings.optional(),
};
export const ClassifierSettings = z.strictObject(settings);
export type ClassifierSettings = z.infer<typeof ClassifierSettings>;

export const Classifier = z.strictObject({
  ...settings,
  labels: z.array(Label).min(2).max(LIMITS.classifierLabels),
  trained: TrainedWeights,
});
export type Classifier = z.infer<typeof Classifier>;

/** One line of the file of examples. */
export const Example = z.strictObject({
  input: z.record(z.string(), z.json()),
  label: Label,
  /** What the text says in fields, where the release reads it. */
  fields: ReadFields.optional(),
  /** What it has in common with others that is not in what will come in, such as whose template it is. */
  group: z.string().min(1).max(100).optional(),
});
export type Example = z.infer<typeof Example>;
