/** What an executor and a gate say to each other. One call does both: it tells how earlier permits ended and asks for new ones. */
import type { GateSettings } from "../../shared/gate-settings.ts";

export type GateCode = "breaker-open" | "rate-exceeded" | "concurrency-full";

/** How permits of one lease ended. `ended` is the total so far, so that a repeated report changes nothing; the other two are new ones. */
export type LeaseReport = {
  readonly lease: string;
  readonly ended: number;
  readonly succeeded: number;
  readonly failed: number;
};

export type GateAsk = {
  readonly settings: GateSettings;
  /** Time after which a permit whose end nobody reported is taken back, counted from the end of its lease. */
  readonly holdMs: number;
  /** Permits wanted; 0 only reports. */
  readonly want: number;
  readonly reports: readonly LeaseReport[];
};

export type GateAnswer = {
  readonly lease: string;
  /** Permits of the lease, 0 … `want`; more where nothing but a breaker is asked for. */
  readonly granted: number;
  /** The lease may be used for so long after it was asked for. */
  readonly validMs: number;
  /** Why fewer were granted than wanted, and when asking again makes sense. */
  readonly refused: { readonly code: GateCode; readonly retryAfterMs: number } | null;
};

/** One gate object, named `tenant/region/capability`. */
export type GateRpc = { exchange(ask: GateAsk): Promise<GateAnswer> };
