/** What a reversal of a step would meet, and what came of asking for one. */
import * as z from "zod";
import { StepStatus } from "../events.ts";
import { TaskView } from "../views.ts";

/** What a reversal of a step would meet. */
export const DependentsView = z.object({
  status: StepStatus,
  reversibleUntil: z.iso.datetime().nullable(),
  /** The newest step that takes this one back, or null. */
  undo: z.string().nullable(),
  /** Later actions that touched the same things and were not taken back, newest first. */
  dependents: z.array(
    z.object({
      task: z.string(),
      step: z.string(),
      action: z.string(),
      at: z.iso.datetime(),
      tags: z.array(z.string()),
    }),
  ),
});
export type DependentsView = z.infer<typeof DependentsView>;

/** `task` is null where an action that depends on this one is still being taken back. */
export const ReversalAnswer = z.object({
  status: StepStatus,
  undo: z.string().nullable(),
  cascaded: z.array(z.object({ task: z.string(), step: z.string(), status: z.string() })),
  task: TaskView.nullable(),
});
export type ReversalAnswer = z.infer<typeof ReversalAnswer>;
