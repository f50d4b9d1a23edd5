/** Alerts as the last evaluation left them. */
import * as z from "zod";
import { At } from "./common.ts";

export const AlertView = z.object({
  /** Names it for an acknowledgement: the rule, and the automation and region that it is about. */
  id: z.string(),
  rule: z.string(),
  title: z.string(),
  /** `page`: wakes somebody. `ticket`: on the next working day. */
  severity: z.enum(["page", "ticket"]),
  owner: z.string(),
  /** Null for an alert about the system as a whole. */
  automation: z.string().nullable(),
  region: z.string().nullable(),
  /** As it was seen last. */
  value: z.number(),
  raiseAt: z.number(),
  unit: z.enum(["seconds", "ratio", "count"]),
  /** Where in the repository it stands what to do. */
  runbook: z.string(),
  /** `pending`: seen, not often enough in a row. `cleared`: gone, and shown for a day. */
  state: z.enum(["pending", "raised", "cleared"]),
  firstSeenAt: At,
  lastSeenAt: At,
  raisedAt: At.nullable(),
  clearedAt: At.nullable(),
  acknowledged: z.object({ by: z.string(), at: At }).nullable(),
  /** Whether somebody was told. `failed`: it was tried too often, or cannot be; `error` says why. `off`: nobody is to be told. */
  notification: z.object({
    state: z.enum(["off", "told", "waiting", "failed"]),
    at: At.nullable(),
    error: z.string().nullable(),
  }),
});
export type AlertView = z.infer<typeof AlertView>;
export const AlertPage = z.object({
  /** When the rules were last evaluated; null: never. */
  at: At.nullable(),
  /** It is longer ago than it should be: what is listed may be over, and more may have happened. */
  stale: z.boolean(),
  /** Where notifications go, without user, path and query; null: nowhere. */
  notifies: z.string().nullable(),
  alerts: z.array(AlertView),
});
export type AlertPage = z.infer<typeof AlertPage>;
