/** How much may come in, for an automation (in its release) or for a tenant (in the deployment's configuration). */
import * as z from "zod";

export const IntakeLimits = z
  .strictObject({
    /** Tasks opened in any window of `perMs`. */
    rate: z
      .strictObject({
        intents: z.int().min(1).max(100_000),
        perMs: z
          .int()
          .min(1_000)
          .max(24 * 3_600_000),
      })
      .optional(),
    /** Tasks that are open at a time, whatever they wait for. */
    open: z.int().min(1).max(10_000).optional(),
  })
  .refine((limits) => Object.keys(limits).length > 0, { error: "has at least one limit" });
export type IntakeLimits = z.infer<typeof IntakeLimits>;

/** Tenant → its limits; `*` for tenants without a line. */
export const TenantIntakeLimits = z.record(z.string().max(40), IntakeLimits);
export type TenantIntakeLimits = z.infer<typeof TenantIntakeLimits>;
