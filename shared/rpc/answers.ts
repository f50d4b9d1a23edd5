/** What the ledger is asked for answers: the run log, and what touched a record. */
import type { Result } from "../result.ts";
import type { LogPart, Scope } from "../evidence/index.ts";
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

/** An action that the log knows: claimed at least once. */
export type KnownAction = {
  readonly action: string;
  readonly task: string;
  readonly step: string;
  readonly capability: string;
  readonly region: string;
  readonly status: string;
  /** It was applied, whatever became of it since. */
  readonly applied: boolean;
  readonly delivery: string | null;
  readonly endedMs: number | null;
};

export type CompletenessFound = {
  readonly region: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly effects: number;
  readonly actions: number;
  readonly missing: number;
  readonly extra: number;
  readonly whole: boolean;
  readonly report: string;
  readonly by: string;
};

export interface AnswersRpc {
  /** The actions of tasks, at most LIMITS.pageRuns of them; `asOf` is the entry up to which the run log has come. */
  actionsOf(
    tenant: string,
    tasks: readonly string[],
  ): Promise<Result<{ readonly actions: readonly KnownAction[]; readonly asOf: number }>>;
  /** A page of the actions of the tasks that were opened in a span, newest task first. */
  actionsOpened(
    query: RunQuery,
  ): Promise<Result<{ readonly actions: readonly KnownAction[]; readonly next: string | null }>>;
  /** The run log, newest first. */
  runs(query: RunQuery): Promise<Result<{ readonly runs: readonly RunView[]; readonly next: string | null }>>;
  /** Where a list goes on behind so many runs; null where it has no more. */
  runsAfter(query: RunQuery, runs: number): Promise<Result<string | null>>;
  /** The evidence of a task or a period: at most LIMITS.evidenceAnswerEntries of the log, with proofs towards its newest checkpoint. */
  evidence(tenant: string, scope: Scope): Promise<Result<LogPart>>;
  impact(query: ImpactQuery): Promise<Result<ImpactAnswer>>;
}
