/** Feature toggles: what holds, and who set it when and why. */
import * as z from "zod";
import { AutomationName } from "../ids.ts";
import { ToggleValue } from "../toggles.ts";
import { At } from "./common.ts";

export const ToggleBody = z.strictObject({
  value: ToggleValue,
  /** For this automation alone; for all of the tenant's where absent. */
  automation: AutomationName.optional(),
  reason: z.string().min(1).max(500),
  /** The version that this one follows, 0 for the first; whoever else has set it meanwhile is not overwritten. */
  after: z.int().min(0),
});

export type ToggleBody = z.input<typeof ToggleBody>;

export const ToggleView = z.object({
  name: z.string(),
  automation: z.string().nullable(),
  version: z.int(),
  value: ToggleValue,
  by: z.string(),
  reason: z.string(),
  at: At,
});
export type ToggleView = z.infer<typeof ToggleView>;

/** `history`: every version of the newest changes, the newest first. */
export const TogglePage = z.object({ toggles: z.array(ToggleView), history: z.array(ToggleView) });
export type TogglePage = z.infer<typeof TogglePage>;
