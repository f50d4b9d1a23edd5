/**
 * Models in a release: which ones may be called, by their exact names, what they cost, how long and how often, and what follows when they do
 * not help. And the record of one call. Money is counted in micro-cents: a price in cents per million tokens times tokens is exact.
 */
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { ToggleName } from "./toggles.ts";

/** A small model is asked first where a release lists one. */
export const ModelTier = z.enum(["small", "large"]);
export type ModelTier = z.infer<typeof ModelTier>;

/** An exact version: a name that moves (`latest`) would change what a reviewed release does. */
export const ModelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/)
  .refine((name) => !/(^|[^a-z])latest$/i.test(name), "name the exact version, not `latest`");

/** Cents per million tokens, a whole number. */
const Price = z.int().min(0).max(1_000_000);

export const ModelPin = z.strictObject({
  name: ModelName,
  inputCents: Price,
  outputCents: Price,
  maxOutputTokens: z.int().min(16).max(LIMITS.modelOutputTokens),
  /** Time that one call may take. */
  timeoutMs: z.int().min(100).max(LIMITS.modelTimeoutMs),
});
export type ModelPin = z.infer<typeof ModelPin>;

/** What may be spent. A call is let through while all three hold for it. */
export const ModelBudget = z.strictObject({
  calls: z.int().min(0).max(1_000_000_000),
  tokens: z.int().min(0).max(1_000_000_000_000),
  microCents: z.int().min(0).max(1_000_000_000_000_000),
});
export type ModelBudget = z.infer<typeof ModelBudget>;

/** Who plans, in this order: each one is asked when the one before gave nothing usable. */
export const Fallback = z.enum(["small", "large", "playbook", "person"]);
export type Fallback = z.infer<typeof Fallback>;

export const ModelSpec = z
  .strictObject({
    /** What the models are told about their task, by the owner of the automation. */
    prompt: z.string().min(1).max(LIMITS.promptChars),
    small: ModelPin.optional(),
    large: ModelPin.optional(),
    fallback: z.array(Fallback).min(1).max(4),
    /** Below this a plan counts as unsure, and the next of the list is asked: the model's own number, which can only make it more careful. */
    minConfidence: z.number().min(0).max(1).optional(),
    /** Models are asked only while this feature toggle is true; otherwise whoever follows them in the list is, as when they are out of reach. */
    toggle: ToggleName.optional(),
    /** Of one task, and of all tasks of the automation in a day (UTC). */
    budget: z.strictObject({ run: ModelBudget, day: ModelBudget }),
    /** How long a plan, a loop's first round or a label stands for every further task with the same input. */
    cache: z
      .strictObject({
        ttlSeconds: z
          .int()
          .min(1)
          .max(LIMITS.decisionTtlMs / 1_000),
      })
      .optional(),
    /**
     * Beside a classifier: inputs that wait for the same model go into one call, up to `most` of them and no longer than `waitMs`. Without
     * `acrossPeople` only inputs about nobody do; with it, words of different people stand in one prompt.
     */
    batch: z
      .strictObject({
        most: z.int().min(2).max(LIMITS.modelBatch),
        waitMs: z.int().min(1).max(LIMITS.modelBatchWaitMs),
        acrossPeople: z.literal(true).optional(),
      })
      .optional(),
    /** Of the planner `loop`: rounds of planning, and time over all of them. */
    loop: z
      .strictObject({ rounds: z.int().min(1).max(LIMITS.taskRounds), seconds: z.int().min(1).max(86_400) })
      .optional(),
  })
  .refine(({ fallback }) => new Set(fallback).size === fallback.length, "`fallback` names each once")
  .refine(
    (spec) => spec.fallback.every((who) => (who === "small" || who === "large" ? spec[who] !== undefined : true)),
    "`fallback` names a model that is not given",
  )
  .refine(({ fallback }) => !fallback.slice(0, -1).includes("person"), "after a person nobody follows");
export type ModelSpec = z.infer<typeof ModelSpec>;

/** How a call ended: `ok`, or why what came of it was not used. */
export const ModelOutcome = z.enum([
  "ok",
  "model-answer-invalid",
  "model-unsure",
  "terms-violated",
  "model-unavailable",
  "model-timeout",
]);
export type ModelOutcome = z.infer<typeof ModelOutcome>;

/** One call of a model as the plan records it. Figures that the provider gave no usable number for are the reserved ones. */
export const ModelCall = z.strictObject({
  purpose: z.enum(["plan", "repair", "classify", "embed", "write"]),
  tier: ModelTier,
  model: ModelName,
  startMs: z.int().min(0),
  endMs: z.int().min(0),
  inputTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  microCents: z.int().min(0),
  /** Whether the figures are the provider's; where it gave none that can be, they are what was reserved. */
  usage: z.enum(["reported", "reserved"]),
  outcome: ModelOutcome,
  /** Commitment to the transcript: what was asked, and what was answered. Null where nothing was sent. */
  transcript: z.strictObject({ $commit: z.string() }).nullable(),
  /**
   * Of a call that answered several tasks: its name, and which of its parts this is. Figures and transcript are this part's alone; the figures
   * of all parts add up to the call's.
   */
  shared: z
    .strictObject({
      call: z.string().regex(/^[a-z0-9]{16,40}$/),
      part: z.int().min(1).max(LIMITS.modelBatch),
      of: z.int().min(2).max(LIMITS.modelBatch),
    })
    .refine(({ part, of }) => part <= of, "a call has no such part")
    .optional(),
});
export type ModelCall = z.infer<typeof ModelCall>;

export const ModelCalls = z.array(ModelCall).max(LIMITS.modelCallsRecorded);

/** Whether a record counts as a call: of one that several tasks shared the first part does, so that counts over all tasks are those of calls. */
export const countsAsCall = ({ shared }: Pick<ModelCall, "shared">): boolean =>
  shared === undefined || shared.part === 1;

/** What a call costs at most or in fact: exact, because a price is a whole number of cents per million tokens. */
export const microCentsOf = (
  pin: Pick<ModelPin, "inputCents" | "outputCents">,
  input: number,
  output: number,
): number => input * pin.inputCents + output * pin.outputCents;
