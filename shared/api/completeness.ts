/** Completeness: the effect rows of the regions' own databases compared with the log, both ways, over a span of time. */
import * as z from "zod";

const Count = z.int().min(0);
const Effect = z.object({
  action: z.string(),
  task: z.string(),
  step: z.string(),
  at: z.iso.datetime().nullable(),
  why: z.string(),
});

export const RegionCompleteness = z.object({
  region: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Rows and actions that were compared. */
  effects: Count,
  actions: Count,
  /** Of these, what the database holds and the log does not, and the other way round. The lists are bounded, the counts are not. */
  extraCount: Count,
  extra: z.array(Effect),
  missingCount: Count,
  missing: z.array(Effect),
  /** Rows whose executor has not delivered everything yet: they are no finding. */
  pending: Count,
  /** It was compared to the end; false where the time was up. */
  whole: z.boolean(),
});
export type RegionCompleteness = z.infer<typeof RegionCompleteness>;

export const CompletenessAnswer = z.object({
  complete: z.boolean(),
  regions: z.array(RegionCompleteness.extend({ report: z.string(), recorded: z.boolean() })),
  /** Executors and regions that did not answer. */
  incomplete: z.array(z.string()),
});
export type CompletenessAnswer = z.infer<typeof CompletenessAnswer>;
