/**
 * Which label a plan follows, who gave it and how sure that is: part of the signed plan. What the local classifier says the executor computes
 * again; a model's label is the model's word, and its own number a claim.
 */
import * as z from "zod";
import { PROBLEMS, type ProblemCode } from "../problems.ts";
import { ModelTier } from "../model.ts";
import { confidenceOf } from "./score.ts";
import { logit } from "./exact.ts";
import { ReadFields } from "./reading/schema.ts";
import { Label } from "./schema.ts";

export const LabelTier = z.enum(["local", ...ModelTier.options]);
export type LabelTier = z.infer<typeof LabelTier>;

const Chance = z.number().min(0).max(1);

export const Classification = z.strictObject({
  label: Label,
  by: LabelTier,
  /** What the text says in fields, where the release reads it; by whoever gave the label. A model may only point at what stands in the text. */
  fields: ReadFields.optional(),
  /** The calibrated chance that the label is right, and the fields where they count; 0 where the release does not say what a claim of this tier is worth. */
  confidence: Chance,
  /** The model's own number. A claim, never a confidence. */
  claimed: Chance.nullable(),
  /** Who was asked before, in this order, and why that was not enough. `confidence` is null where there was no label. */
  escalated: z
    .array(
      z.strictObject({
        by: LabelTier,
        code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
        confidence: Chance.nullable(),
      }),
    )
    .max(LabelTier.options.length),
});
export type Classification = z.infer<typeof Classification>;

/** Platt scaling of claims, in 1/1024, over the log odds of the claim. */
const ClaimCurve = z.strictObject({
  slope: z.int().min(0).max(1_000_000),
  intercept: z.int().min(-1_000_000).max(1_000_000),
});
export type ClaimCurve = z.infer<typeof ClaimCurve>;

/**
 * What claims are worth, by who makes them, as calibration found it and a promotion signed it. Without an entry a claim is worth nothing: the
 * confidence is 0.
 */
export const ClaimCurves = z.strictObject({
  small: ClaimCurve.optional(),
  large: ClaimCurve.optional(),
  agent: ClaimCurve.optional(),
});
export type ClaimCurves = z.infer<typeof ClaimCurves>;

export const worthOf = (curve: ClaimCurve | undefined, claim: number | null): number =>
  curve === undefined || claim === null ? 0 : confidenceOf(curve, logit(claim));

/** What a record says of a tier whose label was not sure enough. */
export const unsureOf = ({ by, confidence }: Classification): Classification["escalated"][number] => ({
  by,
  code: "model-unsure" satisfies ProblemCode,
  confidence,
});
