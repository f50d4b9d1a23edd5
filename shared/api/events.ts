/** What an event from outside is answered. */
import * as z from "zod";

const Set = { automation: z.string(), trigger: z.string() };

export const EventAnswer = z.object({
  source: z.string(),
  id: z.string(),
  /** It was here before, and has done nothing again. */
  duplicate: z.boolean(),
  /** `unmatched`: it has no correlation key, and no trigger of a release in force asks for it. It is not kept. */
  status: z.enum(["matched", "unmatched"]),
  /** Steps that waited for it; while it is kept, steps that begin to wait take it too. */
  taken: z.int(),
  /** Tasks that triggers opened for it, now or when it first came. */
  opened: z.array(z.object({ ...Set, task: z.string() })),
  /** Triggers that matched and opened nothing; sending it again tries again. */
  refused: z.array(z.object({ ...Set, code: z.string(), detail: z.string() })),
});
export type EventAnswer = z.infer<typeof EventAnswer>;

/** Of a batch, in its order: each event's own answer, or the problem with it. */
export const EventBatchAnswer = z.object({
  events: z.array(
    z.union([
      EventAnswer,
      z.object({ problem: z.object({ code: z.string(), detail: z.string(), retryable: z.boolean() }) }),
    ]),
  ),
});
export type EventBatchAnswer = z.infer<typeof EventBatchAnswer>;
