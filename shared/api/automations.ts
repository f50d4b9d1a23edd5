/** Automations and their releases. */
import * as z from "zod";
import { At } from "./common.ts";
import { StopView } from "./stops.ts";

export const ReleaseView = z.object({
  release: z.string(),
  createdAt: At,
  /** Serial of its newest promotion; null where it was never promoted. */
  serial: z.int().nullable(),
});
export const AutomationView = z.object({
  name: z.string(),
  /** The release in force; null where none is promoted. */
  release: z.string().nullable(),
  serial: z.int(),
  promotedAt: At.nullable(),
  summary: z.string().nullable(),
  owner: z.string().nullable(),
  tier: z.int().nullable(),
  planner: z.string().nullable(),
  /** Set while the automation is paused. */
  stop: StopView.nullable(),
  releases: z.array(ReleaseView),
});
export type AutomationView = z.infer<typeof AutomationView>;
export const AutomationPage = z.object({ automations: z.array(AutomationView) });
export type AutomationPage = z.infer<typeof AutomationPage>;
export const ReleasePublished = z.object({
  automation: z.string(),
  release: z.string(),
  /** Smallest serial that a promotion may carry now. */
  nextSerial: z.int(),
  /** What breaks whoever relies on the contracts in force, in words: only under a greater major version. */
  breaking: z.array(z.string()),
});
export type ReleasePublished = z.infer<typeof ReleasePublished>;
export const ReleasePromoted = z.object({
  automation: z.string(),
  release: z.string(),
  serial: z.int(),
});
export type ReleasePromoted = z.infer<typeof ReleasePromoted>;
