/**
 * The ledger's entrypoint: what other Workers may ask of it. Stateless; deliveries are checked here and ordered by the tenant's sequencer,
 * reads go to the database. Every method takes the tenant as its own argument and answers `not-found` for one that the ledger does not know.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import * as z from "zod";
import { TaskStatus } from "../shared/events.ts";
import { AutomationName, ExecutorName, RegionId, StepId, TaskId, TenantId } from "../shared/ids.ts";
import type { SignedEpoch } from "../shared/epoch.ts";
import { LIMITS } from "../shared/limits.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type {
  AppendAnswer,
  AppendCommand,
  ChainPart,
  ChainQuery,
  Dependent,
  EntryRow,
  EpochAnswer,
  InclusionAnswer,
  LedgerHealth,
  LedgerState,
  LedgerRpc,
  TaskQuery,
  TaskRow,
} from "../shared/rpc/ledger.ts";
import type { RecordedEntry } from "../shared/trace/source.ts";
import type { Figures } from "../shared/figures/names.ts";
import type { TraceExportState } from "../shared/trace/export-state.ts";
import type { LogPart, Scope } from "../shared/evidence/index.ts";
import type { ImpactAnswer } from "../shared/api/impact.ts";
import type { RunView } from "../shared/api/runs.ts";
import type { ImpactQuery, KnownAction, RunQuery } from "../shared/rpc/answers.ts";
import { arrive } from "./arrival.ts";
import type { Head } from "./batch.ts";
import { keyId } from "../shared/keys.ts";
import { configOf } from "./config.ts";
import { checkEpoch } from "./epochs.ts";
import { workersPlatform } from "./platform.ts";
import { keepingOf } from "./keeping.ts";
import { dependentsOf, takenBackOf } from "./queries/dependents.ts";
import { actionsOf, actionsOpened } from "./queries/actions.ts";
import { EvidenceQuery, ImpactsQuery, RunsQuery, TasksNamed } from "./queries/answer-shapes.ts";
import { impactOf } from "./queries/impact.ts";
import { runCursorAfter, runPage } from "./queries/runs.ts";
import { chainPart } from "./queries/chain.ts";
import { evidencePart } from "./queries/evidence.ts";
import { entryPage } from "./queries/entries.ts";
import { figuresOf } from "./queries/figures.ts";
import { healthOf } from "./queries/health.ts";
import { recordedOf } from "./queries/recorded.ts";
import { stateOf } from "./queries/state.ts";
import { taskPage } from "./queries/tasks.ts";
import { tileByPath } from "./queries/tiles.ts";
import type { Sequencer } from "./sequencer-object.ts";
import { readTiles, type LogStore } from "./outside/log-store.ts";
import { readHead } from "./store.ts";
import { consistencyOf, inclusionOf, type FetchTiles } from "./tree/proofs.ts";

const Count = z.int().min(0);
const Tenant = z.strictObject({ tenant: TenantId });
const TasksQuery = z.strictObject({
  tenant: TenantId,
  automation: AutomationName.optional(),
  status: TaskStatus.optional(),
  region: RegionId.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.int().min(1).max(LIMITS.pageTasks),
});
const EntriesQuery = z.strictObject({
  tenant: TenantId,
  from: Count,
  limit: z.int().min(1).max(LIMITS.pageEntries),
  task: TaskId.optional(),
});
const ChainAsked = z.strictObject({ tenant: TenantId, executor: ExecutorName, after: Count });
const DependentsQuery = z.strictObject({ tenant: TenantId, task: TaskId, step: StepId });
const FiguresQuery = z.strictObject({ tenant: TenantId, fromMs: Count.nullable() });
const RecordedQuery = z.strictObject({ tenant: TenantId, task: TaskId });
const InclusionQuery = z.strictObject({ tenant: TenantId, index: Count, size: z.int().min(1).optional() });
const ConsistencyQuery = z.strictObject({ tenant: TenantId, from: Count, to: Count });
const TileQuery = z.strictObject({ tenant: TenantId, path: z.string().max(100) });
const RebuildQuery = z.strictObject({ tenant: TenantId, projection: z.string().max(60) });

export class LedgerEntrypoint extends WorkerEntrypoint<Env> implements LedgerRpc {
  /** See `arrive` and the sequencer for its refusals. A call that throws or answers `not-running` may have been written: deliver again. */
  async append(command: AppendCommand): Promise<Result<AppendAnswer>> {
    const config = await configOf(this.env);
    if (!config.ok) return config;
    const arrival = await arrive(command, config.value);
    if (!arrival.ok) return arrival;
    return answered(async () => plain(await this.#sequencer(arrival.value.tenant).append(arrival.value)));
  }

  /** Newest first. */
  tasks(query: TaskQuery): Promise<Result<{ readonly tasks: readonly TaskRow[]; readonly next: string | null }>> {
    return this.#read(TasksQuery, query, (q) => taskPage(this.env.LEDGER_DB, q as TaskQuery));
  }

  entries(query: {
    tenant: string;
    from: number;
    limit: number;
    task?: string;
  }): Promise<Result<{ readonly entries: readonly EntryRow[]; readonly next: number | null }>> {
    return this.#read(EntriesQuery, query, async (q) => ok(await entryPage(this.#store, q)));
  }

  chain(query: ChainQuery): Promise<Result<ChainPart>> {
    return this.#read(ChainAsked, query, async (q) => chainPart(this.#store, q));
  }

  figures(query: { tenant: string; fromMs: number | null }): Promise<Result<Figures>> {
    return this.#read(FiguresQuery, query, async ({ tenant, fromMs }) =>
      ok(await figuresOf(this.env.LEDGER_DB, tenant, fromMs)),
    );
  }

  recorded(query: {
    tenant: string;
    task: string;
  }): Promise<Result<{ readonly entries: readonly RecordedEntry[]; readonly more: boolean }>> {
    return this.#read(RecordedQuery, query, async ({ tenant, task }) =>
      ok(await recordedOf(this.#store, tenant, task)),
    );
  }

  dependents(query: {
    tenant: string;
    task: string;
    step: string;
  }): Promise<Result<{ readonly dependents: readonly Dependent[]; readonly takenBack: readonly Dependent[] }>> {
    return this.#read(DependentsQuery, query, async (q) => {
      const db = this.env.LEDGER_DB;
      const [dependents, takenBack] = await Promise.all([dependentsOf(db, q), takenBackOf(db, q)]);
      return ok({ dependents, takenBack });
    });
  }

  runs(query: RunQuery): Promise<Result<{ readonly runs: readonly RunView[]; readonly next: string | null }>> {
    return this.#read(RunsQuery, query, (q) => runPage(this.env.LEDGER_DB, q as RunQuery));
  }

  runsAfter(query: RunQuery, runs: number): Promise<Result<string | null>> {
    const count = z.int().min(1).max(LIMITS.exportRuns).parse(runs);
    return this.#read(RunsQuery, query, (q) => runCursorAfter(this.env.LEDGER_DB, q as RunQuery, count));
  }

  evidence(tenant: string, scope: Scope): Promise<Result<LogPart>> {
    return this.#read(EvidenceQuery, { tenant, scope }, async () => {
      const head = await this.#head(tenant);
      return head.ok ? evidencePart(this.#store, tenant, head.value, scope, this.#tiles(tenant)) : head;
    });
  }

  actionsOf(
    tenant: string,
    tasks: readonly string[],
  ): Promise<Result<{ readonly actions: readonly KnownAction[]; readonly asOf: number }>> {
    return this.#read(TasksNamed, { tenant, tasks }, async (q) =>
      ok(await actionsOf(this.env.LEDGER_DB, q.tenant, q.tasks)),
    );
  }

  actionsOpened(
    query: RunQuery,
  ): Promise<Result<{ readonly actions: readonly KnownAction[]; readonly next: string | null }>> {
    return this.#read(RunsQuery, query, (q) => actionsOpened(this.env.LEDGER_DB, q as RunQuery));
  }

  impact(query: ImpactQuery): Promise<Result<ImpactAnswer>> {
    return this.#read(ImpactsQuery, query, async (q) => {
      const read = await impactOf(this.env.LEDGER_DB, q as ImpactQuery);
      return read.ok ? ok(read.value.answer) : read;
    });
  }

  /** Towards the newest checkpoint, or towards the checkpoint of exactly `size`, which must be one that the ledger signed. */
  inclusion(query: { tenant: string; index: number; size?: number }): Promise<Result<InclusionAnswer>> {
    return this.#read(InclusionQuery, query, async ({ tenant, index, size }) => {
      const head = size === undefined ? await this.#head(tenant) : await this.#checkpointAt(tenant, size);
      if (!head.ok) return head;
      if (index >= head.value.size) return err(problem("not-found", "The log has no such entry."));
      const { leafHash, proof } = await inclusionOf(index, head.value.size, this.#tiles(tenant));
      return ok({ index, size: head.value.size, leafHash, proof, checkpoint: head.value.note });
    });
  }

  consistency(query: {
    tenant: string;
    from: number;
    to: number;
  }): Promise<Result<{ readonly proof: readonly string[] }>> {
    return this.#read(ConsistencyQuery, query, async ({ tenant, from, to }) => {
      const head = await this.#head(tenant);
      if (!head.ok) return head;
      if (from > to) return err(problem("invalid-request", "The older size comes first.", { paths: ["/from"] }));
      if (to > head.value.size) return err(problem("not-found", "The log does not reach this size."));
      return ok({ proof: await consistencyOf(from, to, this.#tiles(tenant)) });
    });
  }

  checkpoint(tenant: string): Promise<Result<string>> {
    return this.#read(Tenant, { tenant }, async () => {
      const head = await this.#head(tenant);
      return head.ok ? ok(head.value.note) : head;
    });
  }

  tile(tenant: string, path: string): Promise<Result<Uint8Array>> {
    return this.#read(TileQuery, { tenant, path }, async () => {
      const head = await this.#head(tenant);
      return head.ok ? tileByPath(this.#store, tenant, head.value.size, path) : head;
    });
  }

  health(tenant: string): Promise<Result<LedgerHealth>> {
    return this.#read(Tenant, { tenant }, async () => {
      const head = await this.#head(tenant);
      if (!head.ok) return head;
      const [health, traces] = await Promise.all([
        healthOf(this.env.LEDGER_DB, tenant, head.value),
        this.#traceExport(tenant),
      ]);
      const config = await configOf(this.env);
      if (!config.ok) return config;
      const { trust, signing } = config.value;
      const trusts = [...trust.receiptKeys, ...trust.checkpointKeys].map(keyId);
      return ok({ ...health, traces, keys: { signs: signing, trusts } });
    });
  }

  state(tenant: string): Promise<Result<LedgerState>> {
    return this.#read(Tenant, { tenant }, async () => {
      const [keeping, head] = [keepingOf(this.env.LOG_KEEPING), await this.#head(tenant)];
      if (!keeping.ok) return keeping;
      return head.ok ? ok(await stateOf(this.env.LEDGER_DB, tenant, head.value, keeping.value)) : head;
    });
  }

  async epoch(tenant: string, signed: SignedEpoch): Promise<Result<EpochAnswer>> {
    const config = await configOf(this.env);
    if (!config.ok) return config;
    const checked = await checkEpoch(tenant, signed, config.value, workersPlatform.nowMs());
    if (!checked.ok) return checked;
    return answered(async () => plain(await this.#sequencer(tenant).epoch(checked.value)));
  }

  /** Answers once the read model is empty; `health` tells how far it has come again. */
  rebuild(tenant: string, projection: string): Promise<Result<null>> {
    return this.#read(RebuildQuery, { tenant, projection }, async () =>
      plain(await this.#sequencer(tenant).rebuild(projection)),
    );
  }

  /** Parses a query, makes sure of its tenant, and answers; a database that does not is a problem, not an exception. */
  async #read<Schema extends z.ZodType<{ tenant: string }>, T>(
    schema: Schema,
    query: unknown,
    answer: (query: z.output<Schema>) => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const config = await configOf(this.env);
    if (!config.ok) return config;
    const parsed = schema.safeParse(query);
    if (!parsed.success)
      return err(
        problem("invalid-request", "The query does not have its documented shape.", {
          paths: parsed.error.issues.slice(0, 5).map((issue) => `/${issue.path.join("/")}`),
        }),
      );
    if (!Object.hasOwn(config.value.trust.tenants, parsed.data.tenant))
      return err(problem("not-found", "The ledger knows no such tenant."));
    return answered(() => answer(parsed.data));
  }

  /** The head of a log; the sequencer begins one that has none. */
  async #head(tenant: string): Promise<Result<Head>> {
    const head = await readHead(this.env.LEDGER_DB, tenant);
    if (head !== null) return ok(head);
    const opened = await this.#sequencer(tenant).open();
    return opened.ok ? ok((await readHead(this.env.LEDGER_DB, tenant))!) : opened;
  }

  async #checkpointAt(tenant: string, size: number): Promise<Result<Head>> {
    const head = await this.env.LEDGER_DB.prepare(
      "SELECT seq, hash, size, root, note FROM batches WHERE tenant = ? AND size = ?",
    )
      .bind(tenant, size)
      .first<Head>();
    return head === null ? err(problem("not-found", "The ledger signed no checkpoint of this size.")) : ok(head);
  }

  get #store(): LogStore {
    return { db: this.env.LEDGER_DB, archive: this.env.LOG_ARCHIVE };
  }

  #tiles(tenant: string): FetchTiles {
    return async (tiles) => (await readTiles(this.#store, tenant, tiles)).get;
  }

  /** How the export of traces stands; null where none is configured. */
  async #traceExport(tenant: string): Promise<TraceExportState | null> {
    if ((this.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "") === "") return null;
    try {
      // A copy: answers of another object are handed back when this call ends.
      return structuredClone(await this.env.TRACE_EXPORT.getByName(tenant).state()) as TraceExportState;
    } catch {
      return UNANSWERED;
    }
  }

  #sequencer(tenant: string): DurableObjectStub<Sequencer> {
    return this.env.SEQUENCER.getByName(tenant);
  }
}

/** The log's own health does not hang on the export's. */
const UNANSWERED: TraceExportState = {
  endpoint: null,
  lag: 0,
  pending: 0,
  oldestAt: null,
  sentSpans: 0,
  sentTraces: 0,
  retries: 0,
  dropped: { expired: 0, refused: 0, rejected: 0, unsampled: 0, unreadable: 0 },
  lastSentAt: null,
  failing: null,
  lastError: null,
};

/** An answer of another object as our own: handed on as it came, our caller would have to dispose of it. */
const plain = <T>(result: Result<T>): Result<T> => (result.ok ? ok(result.value) : err(result.problem));

async function answered<T>(call: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await call();
  } catch (cause) {
    console.error(JSON.stringify({ at: "ledger", error: cause instanceof Error ? cause.message : "unknown" }));
    return err(problem("not-running", "The ledger did not answer; it is safe to ask again."));
  }
}
