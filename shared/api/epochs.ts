/** Epochs: people let the log go on from an earlier checkpoint. */
import * as z from "zod";
import { Incomplete } from "./common.ts";

/** `accepted` by these executors; `refused` by those, with why; `incomplete`: no answer. Repeat the request until nobody is missing. */
export const EpochApplied = z.object({
  epoch: z.string(),
  /** 1 for the log's first epoch. */
  number: z.int(),
  /** Index of its entry in the log. */
  index: z.int(),
  accepted: z.array(z.string()),
  refused: z.array(z.object({ executor: z.string(), code: z.string(), detail: z.string() })),
  incomplete: Incomplete,
});
export type EpochApplied = z.infer<typeof EpochApplied>;
