/** Rewinds: an executor whose storage went back takes the lost part of its chain from the ledger. */
import * as z from "zod";

const Position = z.object({ seq: z.int(), hash: z.string() });

/** What two people would sign: `kept` is as far as both are known to agree, `ledger` the head in the log, `head` the executor's own. */
export const RewindFound = z.object({ executor: z.string(), kept: Position, ledger: Position, head: Position });
export type RewindFound = z.infer<typeof RewindFound>;

/** Counts of records and of tasks (shared/events.ts, `chain-restored`). The same rewind again answers the same. */
export const RewindApplied = z.object({
  executor: z.string(),
  rewind: z.string(),
  lost: z.int(),
  setAside: z.int(),
  tasks: z.int(),
});
export type RewindApplied = z.infer<typeof RewindApplied>;
