/** What the ledger is asked for answers: the run log, and what touched a record. */
import type { Result } from "../result.ts";
import type { ImpactAnswer } from "../api/impact.ts";
import type { RunView } from "../api/runs.ts";

export type RunQuery = {
  readonly tenant: string;
  readonly task?: string;
  readonly automation?: string;
  readonly capability?: string;
  readonly status?: string;
  /** Opened from (inclusive) and to (exclusive), milliseconds. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly cursor?: string;
  readonly limit: number;
};

export type ImpactQuery = {
  readonly tenant: string;
  readonly resource: string;
  readonly direction: "back" | "forward";
  /** Forward: what came after this time; the first action on the record where it is left out. */
  readonly sinceMs?: number;
  /** Forward: over so many records. */
  readonly depth?: number;
  readonly cursor?: string;
  readonly limit: number;
};

export interface AnswersRpc {
  /** The run log, newest first. */
  runs(query: RunQuery): Promise<Result<{ readonly runs: readonly RunView[]; readonly next: string | null }>>;
  /** Where a list goes on behind so many runs; null where it has no more. */
  runsAfter(query: RunQuery, runs: number): Promise<Result<string | null>>;
  impact(query: ImpactQuery): Promise<Result<ImpactAnswer>>;
}
