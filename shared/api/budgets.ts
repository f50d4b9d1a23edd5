/** What models have cost a tenant today, and what they may. */
import * as z from "zod";
import { AutomationName } from "../ids.ts";
import { ModelBudget } from "../model.ts";

/** Money is in micro-cents. `spent` holds what is reserved for calls under way. */
const Spending = { spent: ModelBudget, limit: ModelBudget };

export const BudgetsView = z.object({
  /** The day in UTC. */
  day: z.iso.date(),
  /** Whether a model endpoint is configured; without one no model is asked. */
  configured: z.boolean(),
  tenant: z.object(Spending),
  /** Automations whose release in force names models. */
  automations: z.array(z.object({ automation: AutomationName, ...Spending })),
});
export type BudgetsView = z.infer<typeof BudgetsView>;
