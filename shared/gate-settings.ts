/**
 * What a capability's contract may ask of its gate: how many of its actions run at a time, how many start in a window, and when a target
 * that fails is left alone. Part of the contract, so it is reviewed, promoted and signed with it. A contract without it has no gate.
 */
import * as z from "zod";

export const GateSettings = z
  .strictObject({
    /** Actions under way at a time, over all executors of a region. */
    concurrency: z.int().min(1).max(10_000).optional(),
    /** Actions claimed in any window of `perMs`, over all executors of a region. */
    rate: z.strictObject({ actions: z.int().min(1).max(100_000), perMs: z.int().min(100).max(3_600_000) }).optional(),
    /** Opens when, of at least `minCalls` calls in the window, `failurePercent` or more brought no answer; after `openMs` lets `probes` through. */
    breaker: z
      .strictObject({
        failurePercent: z.int().min(1).max(100),
        windowMs: z.int().min(1_000).max(600_000),
        minCalls: z.int().min(1).max(10_000),
        openMs: z.int().min(100).max(600_000),
        probes: z.int().min(1).max(100),
      })
      .optional(),
  })
  .refine((settings) => Object.keys(settings).length > 0, { error: "a gate has at least one setting" });
export type GateSettings = z.infer<typeof GateSettings>;
