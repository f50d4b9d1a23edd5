/** How sure an automation's decisions were, against what came out. Shares come with the ends of their 95 % interval. */
import * as z from "zod";

const Count = z.int().min(0);
const Chance = z.number().min(0).max(1);
const Share = z.object({ share: Chance, low: Chance, high: Chance });
const Tally = z.object({ answers: Count, right: Count });

export const CalibrationTable = z.object({
  release: z.string(),
  /** Who decided: the tier of a label, a model's tier, an agent, or a playbook without a classifier. */
  by: z.enum(["local", "small", "large", "agent", "playbook"]),
  /** What is held against what came out: the calibrated confidence, or the planner's own number, which is only a claim. */
  value: z.enum(["confidence", "claim"]),
  /** Steps that people decided: approved counts as right, rejected as wrong. */
  reviewed: Tally,
  /** Judged actions of the audit sample, and how many actions they stand for. */
  sampled: Tally.extend({ standFor: z.number().min(0), waiting: Count }),
  /** Tasks of which somebody reported an outcome. Nobody drew them at random, so they are in no estimate. */
  reported: Tally,
  /** From reviews and samples, each counted as many times as it stands for. */
  error: Share.nullable(),
  bins: z.array(Share.extend({ from: Chance, to: Chance, answers: Count, standsFor: z.number().min(0), said: Chance })),
  /** Mean difference between what was said and what came out; null where nothing came out yet. */
  calibrationError: Chance.nullable(),
  threshold: z.object({
    state: z.enum(["suggested", "not-enough-data", "too-many-errors"]),
    value: Chance.nullable(),
    error: Share.nullable(),
    /** Right answers without any wrong one that the wanted error rate takes at the least. */
    needed: Count,
  }),
  /** Of claims: what they are worth, as `confidence` of a release takes it. */
  worth: z
    .discriminatedUnion("state", [
      z.object({ state: z.literal("suggested"), slope: z.int(), intercept: z.int() }),
      z.object({ state: z.literal("not-enough-data"), answers: Count, needed: Count }),
    ])
    .nullable(),
});
export type CalibrationTable = z.infer<typeof CalibrationTable>;

export const CalibrationView = z.object({
  automation: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  wantedError: Chance,
  runs: Count,
  /** There were more runs than one answer counts: these are the newest. */
  cut: z.boolean(),
  tables: z.array(CalibrationTable),
});
export type CalibrationView = z.infer<typeof CalibrationView>;
