/**
 * The whole of Countersign in one process: the three Workers from their wrangler.toml, with fresh keys and migrated databases.
 *
 * H1  Every start is a world of its own: nothing persists, keys are new, ports are free ones.
 * H2  Values of `.dev.vars` never reach the Workers: each one that a Worker reads is set here.
 */
import { createTestHarness, type TestHarness } from "wrangler";
import { controlSql } from "../../scripts/lib/control-seed.ts";
import {
  newTenantKeys,
  newWorkerKeys,
  secretsOf,
  trustOf,
  TRUSTING_WORKERS,
  type TenantKeys,
  type TenantShape,
  type TrustConfig,
  type WorkerKeys,
} from "../../scripts/lib/keys.ts";
import { inRoot, ROOT, WORKERS, wranglerEnvironment } from "../../scripts/lib/project.ts";
import { bundledWorkers } from "../support/bundled-workers.ts";
import { askSql, migrate, sqlWorker, type SqlValue } from "../support/sql.ts";

export type Row = Record<string, SqlValue>;

export type CountersignOptions = {
  /** Tenants by name; `dev` with regions eu and us and four shards where nothing is said. */
  readonly tenants?: { readonly [name: string]: TenantShape };
  /** Vars by the Worker's name, on top of its own configuration. */
  readonly vars?: { readonly [worker: string]: { readonly [name: string]: string } };
  /** Named credentials for outside systems. */
  readonly credentials?: { readonly [name: string]: unknown };
  /** Folders of other bundles of Workers, by the Worker's name. */
  readonly prebuilt?: { readonly [worker: string]: string };
};

export type Countersign = {
  /** Address of the public Worker, without a slash at the end. */
  readonly url: string;
  /** A request to the public Worker; the path starts with a slash. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  /** A JSON request with an API key. `body` makes it a POST unless `method` says otherwise. */
  readonly call: (
    key: string,
    path: string,
    options?: {
      readonly method?: string;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    },
  ) => Promise<{ readonly status: number; readonly headers: Headers; readonly body: any }>;
  readonly tenants: { readonly [name: string]: TenantKeys };
  readonly workerKeys: WorkerKeys;
  readonly trust: TrustConfig;
  /** Rows of a statement against one of the databases, by binding. */
  readonly sql: (binding: DatabaseBinding, statement: string, ...values: readonly SqlValue[]) => Promise<Row[]>;
  /** Runs many statements in atomic batches. */
  readonly sqlBatch: (binding: DatabaseBinding, statements: readonly string[]) => Promise<void>;
  /** The Workers' console output since the start or the last clearLogs(). */
  readonly logs: () => readonly { readonly level: string; readonly message: string }[];
  readonly clearLogs: () => void;
  /** wrangler's own handle: eviction of objects, SQL inside an object, scheduled events. */
  readonly harness: TestHarness;
  /** Deploys the Workers again, with these keys and the trust over them; what they have stored stays. */
  readonly rekey: (keys: WorkerKeys) => Promise<void>;
  readonly stop: () => Promise<void>;
};
/** What a client of a running Countersign needs, wherever it runs. */
export type Reached = Pick<Countersign, "fetch" | "call" | "tenants" | "trust">;
export type DatabaseBinding = "CONTROL_DB" | "BUSINESS_EU" | "BUSINESS_US" | "LEDGER_DB";

/** Statements in one D1 batch. */
const BATCH_STATEMENTS = 200;

/** Boots the three Workers; `stop` releases them. Takes one to three seconds. */
export async function startCountersign(options: CountersignOptions = {}): Promise<Countersign> {
  Object.assign(process.env, wranglerEnvironment());
  const tenants = Object.entries(options.tenants ?? { dev: {} }).map(([name, shape]) => newTenantKeys(name, shape));
  const workerKeys = { ...newWorkerKeys(), credentials: options.credentials ?? {} };
  const trust = trustOf(workerKeys, tenants);
  const folders = { ...(await bundledWorkers()), ...options.prebuilt };
  const workersOf = (keys: WorkerKeys) => {
    const [secrets, trusted] = [secretsOf(keys), trustOf(keys, tenants)];
    return {
      root: ROOT,
      workers: [
        ...WORKERS.map(({ name, config }) => ({
          configPath: inRoot(config),
          secrets: { ...secrets[name] },
          vars: {
            ...(TRUSTING_WORKERS.includes(name) ? { TRUST: JSON.stringify(trusted) } : {}),
            ...options.vars?.[name],
          },
          prebuiltWorkerDir: folders[name]!,
        })),
        sqlWorker(),
      ],
    };
  };
  const harness = createTestHarness(workersOf(workerKeys));
  const { url } = await harness.listen();
  const address = url.href.replace(/\/$/, "");
  await migrate(harness);

  const sqlBatch: Countersign["sqlBatch"] = async (binding, texts) => {
    const statements = texts.map((text) => ({ text }));
    for (let at = 0; at < statements.length; at += BATCH_STATEMENTS)
      await askSql(harness, { binding, statements: statements.slice(at, at + BATCH_STATEMENTS) });
  };
  for (const tenant of tenants) await sqlBatch("CONTROL_DB", controlSql(tenant, Date.now()));

  const fetchPath: Countersign["fetch"] = (path, init) => fetch(`${address}${path}`, init);
  return {
    url: address,
    fetch: fetchPath,
    call: callerOf(fetchPath),
    tenants: Object.fromEntries(tenants.map((keys) => [keys.tenant, keys])),
    workerKeys,
    trust,
    sql: (binding, text, ...values) => askSql(harness, { binding, statements: [{ text, values }] }),
    sqlBatch,
    logs: () => harness.getLogs(),
    clearLogs: () => harness.clearLogs(),
    harness,
    rekey: (keys) => harness.update(workersOf(keys)),
    stop: () => harness.close(),
  };
}

/** JSON requests with an API key, over any way to fetch a path. */
export const callerOf =
  (fetchPath: Countersign["fetch"]): Countersign["call"] =>
  async (key, path, { method, body, headers } = {}) => {
    const response = await fetchPath(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
