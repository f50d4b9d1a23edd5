/**
 * Reading a text in fields, beside its label: what a release says about it, and what training adds. The reader itself is code (readers.ts); how sure
 * one of its readings is follows from the same examples as the labels (confidence.ts).
 */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";

/** Text, or whole minor units. Each field of a reader is there; an empty text or 0 where nothing was found. */
export const ReadFields = z
  .record(
    z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/),
    z.union([z.string().max(LIMITS.readFieldChars), z.int().min(0).max(LIMITS.readFieldMost)]),
  )
  .refine((fields) => Object.keys(fields).length <= LIMITS.readFields, `at most ${LIMITS.readFields}`);
export type ReadFields = z.infer<typeof ReadFields>;

export const ReaderSettings = z.strictObject({
  /** JSON pointer to the text in the input. It is nobody's personal value: the fields stand in the record. */
  field: z.string().startsWith("/").max(200),
  as: z.enum(["invoice"]),
  /** Labels whose plan needs the fields: only with these does the reading count for how sure a decision is. */
  labels: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/))
    .min(1)
    .max(LIMITS.classifierLabels),
  /** How the reader's own orders are numbered, `#` for a digit: `PO-######`. */
  orders: z
    .string()
    .regex(/^[A-Z#/-]{4,24}$/)
    .optional(),
  /** VAT ids and accounts that are the reader's own, never a supplier's. */
  own: z
    .array(z.string().regex(/^[A-Z]{2}[A-Z0-9]{6,32}$/))
    .max(16)
    .optional(),
});
export type ReaderSettings = z.infer<typeof ReaderSettings>;

const Count = z.int().min(0).max(LIMITS.classifierExamples);

/** From what a reader noticed while it read to the chance that every field that counts is right. Forms as in TrainedWeights. */
export const TrainedReading = z.strictObject({
  /** Examples that say their fields. */
  examples: Count,
  features: z.base64().max(Math.ceil((LIMITS.classifierWeights * 4) / 3) * 4),
  weights: z.base64().max(Math.ceil((LIMITS.classifierWeights * 2) / 3) * 4),
  slope: z.int().min(0).max(1_000_000),
  intercept: z.int().min(-1_000_000).max(1_000_000),
  heldOut: z.strictObject({ correct: Count, calibrationError: z.int().min(0).max(10_000) }),
});
export type TrainedReading = z.infer<typeof TrainedReading>;
