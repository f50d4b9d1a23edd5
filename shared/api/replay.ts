/** A task's decisions taken again from what was recorded, without effects: under its own release, or under another one. */
import * as z from "zod";
import { StepDecision } from "../events.ts";

export const ReplayedDecision = z.object({
  step: z.string(),
  capability: z.string(),
  /** When it was taken: with the plan, or on resolved values just before the act. */
  taken: z.enum(["at-admission", "before-act"]),
  /** Position in the executor's chain. */
  seq: z.int(),
  /** `same`: bit for bit the recorded one. `erased`: its facts were destroyed. `incomplete`: a fact that policy asks for was not recorded. */
  outcome: z.enum(["same", "different", "erased", "incomplete"]),
  recorded: StepDecision,
  /** Null where it could not be taken again. */
  replayed: StepDecision.nullable(),
  /** SHA-256 over the canonical facts that policy was given. */
  facts: z.string().nullable(),
  /** What differs, and the words of the rules that make the difference. */
  words: z.array(z.string()),
});
export type ReplayedDecision = z.infer<typeof ReplayedDecision>;

export const ReplayAnswer = z.object({
  task: z.string(),
  /** The release that the task ran under, and the one that decided now. */
  release: z.string(),
  under: z.string(),
  /** Every decision is the same, and so is the plan where a playbook makes it. */
  same: z.boolean(),
  decisions: z.array(ReplayedDecision),
  /** What the playbook derives from the recorded input, against the plan that was signed; null where there is no playbook, or its input was erased. */
  plan: z.object({ same: z.boolean(), words: z.array(z.string()) }).nullable(),
});
export type ReplayAnswer = z.infer<typeof ReplayAnswer>;
