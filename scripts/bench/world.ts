/**
 * What is measured, running: the three Workers as shipped under one Miniflare, and the platform's own cost under another.
 * Each has a workerd process of its own, so CPU is told apart; requests reach the Workers' own sockets, not Miniflare's entry Worker.
 * Local observability is off. Data is written to a temporary folder on disk.
 */
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { bundle, migrationStatements } from "./bundle.ts";
import { ownWorkerds } from "./processes.ts";
import { controlSql } from "../lib/control-seed.ts";
import { newTenantKeys, newWorkerKeys, secretsOf, trustOf, type TenantKeys } from "../lib/keys.ts";
import { DATABASES, inRoot } from "../lib/project.ts";
import { publishAll } from "../publish-automations.ts";

const COMPATIBILITY_DATE = "2026-10-01";
const TENANT = "bench";
const SHARDS = 4;
const REGION = "eu";
/** Customers whose addresses are changed: enough that two tasks under way rarely meet. */
const FIRST_CUSTOMER = 1_000;
const LAST_CUSTOMER = 9_999;
const BATCH_STATEMENTS = 100;

export type Running = {
  readonly host: string;
  readonly port: number;
  /** Its workerd process; null where /proc does not tell. */
  readonly pid: number | null;
  readonly stop: () => Promise<void>;
};

export type Rows = { readonly object: number; readonly businessDatabase: number; readonly ledgerDatabase: number };

export type Door = Pick<Running, "host" | "port">;

export type Governed = Running & {
  /** Where further intent-managers listen, by the names of `doors`. */
  readonly doors: Readonly<Record<string, Door>>;
  readonly keys: TenantKeys;
  /** Rows written since the start. */
  readonly rows: () => Promise<Rows>;
  /** How long the records committed in [fromMs, untilMs) waited for a signed checkpoint, as far as they have one; null for no record. */
  readonly lags: (fromMs: number, untilMs: number) => Promise<Lags | null>;
};

/** Milliseconds from a record's commit to the checkpoint over its batch, of all records. */
export type Lags = { readonly p50: number; readonly p99: number; readonly longest: number };

/** From the stored times of both, so that no queue that a question would wait in is part of it. */
const LAGS = `WITH lags AS (
    SELECT (SELECT at_ms FROM batches AS b WHERE b.tenant = e.tenant AND b.size > e.idx ORDER BY b.size LIMIT 1) - json_extract(r.value, '$.atMs') AS ms
      FROM entries AS e, json_each(e.body, '$.data.records') AS r
     WHERE e.tenant = ?1 AND e.type <> 'countersign.executor.statement.v1' AND json_extract(r.value, '$.atMs') >= ?2 AND json_extract(r.value, '$.atMs') < ?3),
  ranked AS (SELECT ms, row_number() OVER (ORDER BY ms) AS place, count(*) OVER () AS total FROM lags)
  SELECT min(CASE WHEN place * 2 >= total THEN ms END) AS p50, min(CASE WHEN place * 100 >= total * 99 THEN ms END) AS p99, max(ms) AS longest FROM ranked`;

type WorkerOptions = { readonly name: string; readonly [option: string]: unknown };

async function boot(
  workers: readonly WorkerOptions[],
  inspectorPort?: number,
): Promise<{ miniflare: Miniflare; pid: number | null }> {
  const before = ownWorkerds();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.WARN),
      cf: false,
      unsafeObservability: false,
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      workers: workers.map(({ contents, ...options }) => ({
        // Its own name, so that profiles tell the Workers apart.
        modules: [{ type: "ESModule", path: `${options.name}.mjs`, contents: contents as string }],
        compatibilityDate: COMPATIBILITY_DATE,
        ...options,
      })),
    }),
  );
  await miniflare.ready;
  return { miniflare, pid: [...ownWorkerds()].find((pid) => !before.has(pid)) ?? null };
}

const direct = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };

export async function startBaseline(): Promise<Running> {
  const { miniflare, pid } = await boot([
    {
      name: "baseline",
      contents: await bundle("scripts/bench/workers/baseline.mjs"),
      durableObjects: { FLOOR: { className: "Floor", useSQLite: true } },
      d1Databases: { DB: "bench-baseline" },
      ...direct,
    },
  ]);
  const database = await miniflare.getD1Database("DB", "baseline");
  await database.exec("CREATE TABLE written (id TEXT PRIMARY KEY, step INTEGER, text TEXT) WITHOUT ROWID");
  const url = await miniflare.unsafeGetDirectURL("baseline");
  return { host: url.hostname, port: Number(url.port), pid, stop: () => miniflare.dispose() };
}

/** The D1 adapter over a business database, without the tasks around it. */
export async function startEffects(): Promise<Running> {
  const { miniflare, pid } = await boot([
    {
      name: "effects",
      contents: await bundle("scripts/bench/workers/effects.mjs"),
      bindings: { TENANT },
      d1Databases: { DB: "bench-effects" },
      ...direct,
    },
  ]);
  const database = await miniflare.getD1Database("DB", "effects");
  await database.batch(
    [...migrationStatements("migrations/business"), customersSql()].map((text) => database.prepare(text)),
  );
  const url = await miniflare.unsafeGetDirectURL("effects");
  return { host: url.hostname, port: Number(url.port), pid, stop: () => miniflare.dispose() };
}

/** The objects of memory, without anything around them. */
export async function startMemory(): Promise<Running> {
  const { miniflare, pid } = await boot([
    {
      name: "memory",
      contents: await bundle("scripts/bench/workers/memory.mjs"),
      durableObjects: { VECTORS: { className: "Vectors", useSQLite: true } },
      ...direct,
    },
  ]);
  const url = await miniflare.unsafeGetDirectURL("memory");
  return { host: url.hostname, port: Number(url.port), pid, stop: () => miniflare.dispose() };
}

export type GovernedOptions = {
  readonly inspectorPort?: number;
  readonly shards?: number;
  /** Origin of the courier that the automation `pickup` calls; without it that automation is not published. */
  readonly courier?: string;
  /** Further intent-managers before the same executors, by name, each with some limits that are others. */
  readonly doors?: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

export async function startGoverned({
  inspectorPort,
  shards = SHARDS,
  courier,
  doors = {},
}: GovernedOptions = {}): Promise<Governed> {
  const keys = newTenantKeys(TENANT, { regions: [REGION], shards });
  const credentials = {
    courier: { kind: "header", capability: "pickups.book", header: "x-api-key", value: "a-key-for-measurements" },
  };
  const workerKeys = courier === undefined ? newWorkerKeys() : { ...newWorkerKeys(), credentials };
  const targets = courier === undefined ? {} : { development: true, origins: { courier } };
  const secrets = secretsOf(workerKeys);
  const trust = { TRUST: JSON.stringify(trustOf(workerKeys, [keys])) };
  const executors = {
    REGIONAL_EXECUTOR: { className: "RegionalExecutor", scriptName: "countersign-executors", useSQLite: true },
  };
  const sequencer = { SEQUENCER: { className: "Sequencer", scriptName: "countersign-ledger", useSQLite: true } };
  const ledger = { LEDGER: { name: "countersign-ledger", entrypoint: "LedgerEntrypoint" } };
  const managers = Promise.all(
    Object.entries({ "": {}, ...doors }).map(async ([door, limits]) => ({
      name: managerName(door),
      contents: await bundle("intent-manager/index.ts", limits),
    })),
  );
  const [executor, sequencing, probe] = await Promise.all([
    bundle("scripts/bench/workers/executors.mjs"),
    bundle("scripts/bench/workers/ledger.mjs"),
    bundle("scripts/bench/workers/probe.mjs"),
  ]);
  const managerBindings = {
    bindings: { ...secrets["countersign"], ...trust, TENANT_DEFAULTS: "{}", INTAKE_LIMITS: "{}" },
    d1Databases: { CONTROL_DB: "bench-control" },
    durableObjects: {
      ...executors,
      MODEL_BUDGETS: { className: "ModelBudgets", useSQLite: true },
      MODEL_BATCHES: { className: "ModelBatches", useSQLite: true },
      PLANNING_DESK: { className: "PlanningDesk", useSQLite: true },
      MEMORY_VECTORS: { className: "MemoryVectors", useSQLite: true },
      EVENT_INBOX: { className: "EventInbox", useSQLite: true },
      INTAKE_LIMIT: { className: "IntakeLimit", useSQLite: true },
      BASELINES: { className: "Baselines", useSQLite: true },
    },
    serviceBindings: { ...ledger, EXECUTORS: { name: "countersign-executors", entrypoint: "ExecutorsEntrypoint" } },
    ...direct,
  };
  const { miniflare, pid } = await boot(
    [
      ...(await managers).map((manager) => ({ ...manager, ...managerBindings })),
      {
        name: "countersign-executors",
        contents: executor,
        bindings: { ...secrets["countersign-executors"], ...trust, HTTP_TARGETS: JSON.stringify(targets) },
        d1Databases: { BUSINESS_EU: "bench-business-eu", BUSINESS_US: "bench-business-us" },
        durableObjects: {
          ...executors,
          EFFECT_CLAIMS: { className: "EffectClaims", useSQLite: true },
          CAPABILITY_GATE: { className: "CapabilityGate", useSQLite: true },
          AGGREGATE_LIMIT: { className: "AggregateLimit", useSQLite: true },
          CORRELATION: { className: "Correlation", useSQLite: true },
        },
        serviceBindings: { ...ledger, EGRESS: { name: "countersign-executors", entrypoint: "EgressEntrypoint" } },
      },
      {
        name: "countersign-ledger",
        contents: sequencing,
        bindings: { ...secrets["countersign-ledger"], ...trust },
        d1Databases: { LEDGER_DB: "bench-ledger" },
        r2Buckets: { LOG_ARCHIVE: "bench-log-archive" },
        durableObjects: sequencer,
      },
      {
        name: "probe",
        contents: probe,
        bindings: {
          TENANT,
          EXECUTOR_NAMES: JSON.stringify(Array.from({ length: shards }, (_, shard) => `${TENANT}/${REGION}/${shard}`)),
        },
        durableObjects: { ...executors, ...sequencer },
        ...direct,
      },
    ],
    inspectorPort,
  );
  for (const { worker, binding, migrations } of DATABASES) {
    const database = await miniflare.getD1Database(binding, worker);
    const statements = migrationStatements(migrations);
    if (binding === "CONTROL_DB") statements.push(...controlSql(keys, Date.now()));
    if (binding === "BUSINESS_EU") statements.push(customersSql());
    for (let at = 0; at < statements.length; at += BATCH_STATEMENTS)
      await database.batch(statements.slice(at, at + BATCH_STATEMENTS).map((text) => database.prepare(text)));
  }
  const url = await miniflare.unsafeGetDirectURL("countersign");
  const doorUrls = await Promise.all(
    Object.keys(doors).map(async (door) => {
      const { hostname, port } = await miniflare.unsafeGetDirectURL(managerName(door));
      return [door, { host: hostname, port: Number(port) }] as const;
    }),
  );
  const probeUrl = await miniflare.unsafeGetDirectURL("probe");
  const dev = { tenant: TENANT, rootKey: keys.rootKey, apiKeys: keys.apiKeys };
  const origin = url.href.replace(/\/$/, "");
  await publishAll({ url: origin, dev, log: () => {} });
  await publishAll({ url: origin, dev, log: () => {}, load: { folder: inRoot("scripts", "bench", "automations") } });
  if (courier !== undefined)
    await publishAll({
      url: origin,
      dev,
      log: () => {},
      load: { folder: inRoot("scripts", "bench", "automations-http") },
    });
  return {
    host: url.hostname,
    port: Number(url.port),
    pid,
    doors: Object.fromEntries(doorUrls),
    keys,
    lags: async (fromMs, untilMs) => {
      const database = await miniflare.getD1Database("LEDGER_DB", "countersign-ledger");
      const lags = await database.prepare(LAGS).bind(TENANT, fromMs, untilMs).first<Lags>();
      return lags === null || lags.p99 === null ? null : lags;
    },
    rows: async () => (await (await fetch(probeUrl)).json()) as Rows,
    stop: () => miniflare.dispose(),
  };
}

const managerName = (door: string): string => (door === "" ? "countersign" : `countersign-${door}`);

const customersSql = (): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${FIRST_CUSTOMER} UNION ALL SELECT i + 1 FROM n WHERE i < ${LAST_CUSTOMER})
   INSERT INTO customers (tenant, id, first_name, last_name, email, address1, address2, city, state, country, zip)
   SELECT '${TENANT}', 'bench_customer_' || i, 'Bench', 'Customer', 'c' || i || '@example.com', 'Old Street', '', 'Delft', 'ZH', 'Netherlands', '2611' FROM n`;
