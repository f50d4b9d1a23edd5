/** The calls of the ledger, from the executors and the intent-manager. What shared/rpc.ts says of calls holds here too. */
import type { AnswersRpc } from "./answers.ts";
import type { Result } from "../result.ts";
import type { SignedEpoch } from "../epoch.ts";
import type { Figures } from "../figures/names.ts";
import type { TraceExportState } from "../trace/export-state.ts";
import type { RecordedEntry } from "../trace/source.ts";

/** A delivery of chain records `from…to` of one executor, as canonical entry texts; the last entry is the statement over `to`. */
export type AppendCommand = {
  readonly tenant: string;
  readonly executor: string;
  readonly from: number;
  readonly to: number;
  readonly entries: readonly string[];
  /** Size of the newest checkpoint that the executor verified, 0 for none: the answer proves consistency from there. */
  readonly seenSize: number;
};
export type AppendAnswer = {
  /** The ledger holds this executor's chain up to here. */
  readonly cursor: number;
  /** Newest signed checkpoint and the RFC 6962 consistency proof from `seenSize` (base64). */
  readonly checkpoint: string;
  readonly consistency: readonly string[];
};

export type EntryRow = { readonly index: number; readonly body: string };
export type TaskRow = {
  readonly task: string;
  readonly automation: string;
  readonly status: string;
  readonly region: string;
  readonly executor: string;
  readonly openedAt: string;
  readonly updatedAt: string;
  readonly firstIndex: number;
  readonly lastIndex: number;
};
export type TaskQuery = {
  readonly tenant: string;
  readonly automation?: string;
  readonly status?: string;
  readonly region?: string;
  readonly cursor?: string;
  readonly limit: number;
};
/** An action that touched, after another and without being taken back, what that one had touched. */
export type Dependent = {
  readonly task: string;
  readonly step: string;
  readonly action: string;
  readonly at: string;
  readonly tags: readonly string[];
};
export type InclusionAnswer = {
  readonly index: number;
  readonly size: number;
  readonly leafHash: string;
  readonly proof: readonly string[];
  readonly checkpoint: string;
};
export type LedgerHealth = {
  readonly size: number;
  readonly root: string;
  readonly executors: readonly { readonly executor: string; readonly cursor: number }[];
  readonly projections: readonly {
    readonly name: string;
    readonly cursor: number;
    readonly lag: number;
    readonly quarantined: number;
  }[];
  /** How the export of traces stands; null where no collector is configured. */
  readonly traces: TraceExportState | null;
  /** Ids of the keys that sign checkpoints, and of those that it believes. */
  readonly keys?: { readonly signs: readonly string[]; readonly trusts: readonly string[] };
};

/** What of a log stands outside its database, and how far behind that is. Sizes and positions are counts of entries. */
export type LedgerState = {
  readonly size: number;
  readonly root: string;
  /** The whole database, all tenants in it; beyond the limit nothing is appended. */
  readonly database: { readonly bytes: number; readonly limitBytes: number };
  readonly archive: {
    /** Entries from the first on that the archive holds; entries of full bundles that wait to go there; entries whose bodies are only there. */
    readonly entries: number;
    readonly waiting: number;
    readonly onlyThere: number;
    readonly movedAt: string | null;
    /** Failed runs in a row, and what the newest one said. */
    readonly failures: number;
    readonly lastError: string | null;
  };
  /** The newest checkpoint that each place has taken: the archive, and addresses. */
  readonly published: readonly {
    readonly place: string;
    readonly size: number;
    readonly at: string | null;
    readonly behind: number;
    readonly failures: number;
    readonly lastError: string | null;
  }[];
  /** Objects outside that contradict this log. While there is one, nothing more is written outside. */
  readonly alarms: readonly {
    readonly object: string;
    readonly code: string;
    readonly detail: string;
    readonly at: string;
  }[];
  /** The newest first. */
  readonly epochs: readonly {
    readonly number: number;
    readonly epoch: string;
    readonly index: number;
    readonly oldSize: number;
    readonly newSize: number;
    readonly at: string;
  }[];
};

/** Records of one executor's chain in the log after a position, as canonical texts in their order, and the head of its chain there. */
export type ChainPart = {
  readonly head: { readonly seq: number; readonly hash: string };
  readonly records: readonly string[];
};
export type ChainQuery = { readonly tenant: string; readonly executor: string; readonly after: number };

/** An epoch in the log: its number among the tenant's, and the index of its entry. */
export type EpochAnswer = { readonly epoch: string; readonly number: number; readonly index: number };

/** The ledger Worker's entrypoint. */
export interface LedgerRpc extends Rpc.WorkerEntrypointBranded, AnswersRpc {
  append(command: AppendCommand): Promise<Result<AppendAnswer>>;
  tasks(query: TaskQuery): Promise<Result<{ readonly tasks: readonly TaskRow[]; readonly next: string | null }>>;
  /** Entries by index, or those of one task. At most 500 and about 4 MB a call. */
  entries(query: {
    readonly tenant: string;
    readonly from: number;
    readonly limit: number;
    readonly task?: string;
  }): Promise<Result<{ readonly entries: readonly EntryRow[]; readonly next: number | null }>>;
  /** What follows a position of an executor's chain, at most the rest of one delivery. */
  chain(query: ChainQuery): Promise<Result<ChainPart>>;
  /** Figures from a moment on, in steps of FIGURE_BUCKET_MS, or since the first entry (null). */
  figures(query: { readonly tenant: string; readonly fromMs: number | null }): Promise<Result<Figures>>;
  /** Entries of a task with the times at which they were written, at most LIMITS.traceEntries. */
  recorded(query: {
    readonly tenant: string;
    readonly task: string;
  }): Promise<Result<{ readonly entries: readonly RecordedEntry[]; readonly more: boolean }>>;
  /** What depends on an action, at most LIMITS.dependentsListed, and what did and was taken back, at most LIMITS.reversalReceipts; both newest first, as far as the read model has come. */
  dependents(query: {
    readonly tenant: string;
    readonly task: string;
    readonly step: string;
  }): Promise<Result<{ readonly dependents: readonly Dependent[]; readonly takenBack: readonly Dependent[] }>>;
  inclusion(query: {
    readonly tenant: string;
    readonly index: number;
    readonly size?: number;
  }): Promise<Result<InclusionAnswer>>;
  consistency(query: {
    readonly tenant: string;
    readonly from: number;
    readonly to: number;
  }): Promise<Result<{ readonly proof: readonly string[] }>>;
  checkpoint(tenant: string): Promise<Result<string>>;
  /** A C2SP tile by its path below `/log/{tenant}/`, such as `tile/0/x001/067.p/5`. */
  tile(tenant: string, path: string): Promise<Result<Uint8Array>>;
  health(tenant: string): Promise<Result<LedgerHealth>>;
  state(tenant: string): Promise<Result<LedgerState>>;
  /** Writes an epoch into the log; the same one again answers the same. */
  epoch(tenant: string, signed: SignedEpoch): Promise<Result<EpochAnswer>>;
  /** Throws the read models away and builds them again from the entries. */
  rebuild(tenant: string, projection: string): Promise<Result<null>>;
}
