/** Stops that stand, and what giving or lifting one is answered. */
import * as z from "zod";
import { StopKind, StopMode } from "../events.ts";
import { At, Incomplete } from "./common.ts";

/** A stop that stands. Lifting it takes a signed restore that names its id. */
export const StopView = z.object({
  stop: z.string(),
  mode: StopMode,
  by: z.string(),
  reason: z.string(),
  at: At,
});
export const Stopped = z.object({
  stop: z.string(),
  /** What the executors had already claimed when they were told: it may still happen. */
  alreadyClaimed: z.array(
    z.object({ task: z.string(), step: z.string(), capability: z.string(), action: z.string(), since: At }),
  ),
  /** More was claimed than is listed. */
  more: z.boolean(),
  /** Every executor has confirmed: nothing is claimed any more. False while `incomplete` names any; they are told for some time more. */
  done: z.boolean(),
  incomplete: Incomplete,
});
export type Stopped = z.infer<typeof Stopped>;
/** Every stop that stands. */
export const StopPage = z.object({ stops: z.array(StopView.extend({ kind: StopKind, target: z.string() })) });
export type StopPage = z.infer<typeof StopPage>;
export const Restored = z.object({ stop: z.string(), incomplete: Incomplete });
export type Restored = z.infer<typeof Restored>;
