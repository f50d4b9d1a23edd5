/** What became of predictions: counted, and the newest actions that left something else than was predicted. */
import * as z from "zod";
import { At } from "./common.ts";

/** `automation` and `capability` are `*` where one executor has counted more pairs than it keeps apart. */
export const OutcomeCount = z.object({
  automation: z.string(),
  capability: z.string(),
  matched: z.int(),
  mismatched: z.int(),
  unobserved: z.int(),
});
export type OutcomeCount = z.infer<typeof OutcomeCount>;

export const Mismatch = z.object({
  task: z.string(),
  step: z.string(),
  capability: z.string(),
  /** Names of the fields that differ. */
  fields: z.array(z.string()),
  at: At,
});

export const OutcomesView = z.object({ counts: z.array(OutcomeCount), newest: z.array(Mismatch) });
export type OutcomesView = z.infer<typeof OutcomesView>;
