/** Alerts that are raised now. */
import * as z from "zod";
import { At } from "./common.ts";

export const AlertView = z.object({
  id: z.string(),
  title: z.string(),
  /** `page`: wakes somebody. `ticket`: on the next working day. */
  severity: z.enum(["page", "ticket"]),
  owner: z.string(),
  /** Null for an alert about the system as a whole. */
  automation: z.string().nullable(),
  region: z.string().nullable(),
  value: z.number(),
  raiseAt: z.number(),
  unit: z.enum(["seconds", "ratio", "count"]),
  /** Where in the repository it stands what to do. */
  runbook: z.string(),
});
export type AlertView = z.infer<typeof AlertView>;
export const AlertPage = z.object({ at: At, alerts: z.array(AlertView) });
export type AlertPage = z.infer<typeof AlertPage>;
