/** How the export of traces stands, as health, overview, doctor and figures show it. */
import * as z from "zod";

/** Counters run since the export began; times are RFC 3339. */
export const TraceExportState = z.object({
  /** Where traces go, without anything secret; null where no collector is configured. */
  endpoint: z.string().nullable(),
  /** Entries of the ledger that the export has not looked at. */
  lag: z.int(),
  /** Tasks with spans that wait to be sent, and since when the oldest does. */
  pending: z.int(),
  oldestAt: z.iso.datetime().nullable(),
  sentSpans: z.int(),
  sentTraces: z.int(),
  retries: z.int(),
  /**
   * What was not sent, and why. `expired`: traces that waited for a day. `refused`: spans of requests that the collector refused for good.
   * `rejected`: spans that it took out of a request which it accepted. `unsampled`: traces that the app asked not to record.
   * `unreadable`: traces that could not be made.
   */
  dropped: z.object({
    expired: z.int(),
    refused: z.int(),
    rejected: z.int(),
    unsampled: z.int(),
    unreadable: z.int(),
  }),
  lastSentAt: z.iso.datetime().nullable(),
  /** Newest failure, and until when the export waits after it; `at` is null where there was none since the last success. */
  failing: z.object({ at: z.iso.datetime(), what: z.string(), untilAt: z.iso.datetime() }).nullable(),
  /** Newest failure of all, also one that is over. */
  lastError: z.object({ at: z.iso.datetime(), what: z.string() }).nullable(),
});
export type TraceExportState = z.infer<typeof TraceExportState>;
