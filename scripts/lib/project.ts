/**
 * Where things stand in the repository, and which Workers and databases there are. Every script takes them from here.
 */
import { join } from "node:path";

/** The repository's root. */
export const ROOT = join(import.meta.dirname, "..", "..");

export const inRoot = (...parts: readonly string[]): string => join(ROOT, ...parts);

/** What a tool of node_modules is started with. */
export const binary = (name: string): string => inRoot("node_modules", ".bin", name);

export type WorkerProject = {
  /** The Worker's name, as in its configuration. */
  readonly name: string;
  /** The folder of its plane. */
  readonly folder: "intent-manager" | "executors" | "ledger";
  /** Its configuration, relative to the root. */
  readonly config: string;
  /** Where its `.dev.vars` stands: beside its configuration. */
  readonly devVars: string;
};

/** In the order in which `wrangler dev` takes them: the first gets the port. */
export const WORKERS: readonly WorkerProject[] = [
  { name: "countersign", folder: "intent-manager", config: "wrangler.toml", devVars: ".dev.vars" },
  {
    name: "countersign-executors",
    folder: "executors",
    config: "executors/wrangler.toml",
    devVars: "executors/.dev.vars",
  },
  {
    name: "countersign-ledger",
    folder: "ledger",
    config: "ledger/wrangler.toml",
    devVars: "ledger/.dev.vars",
  },
];

export type Database = {
  readonly binding: string;
  readonly name: string;
  /** Name of the Worker that binds it: exactly one. */
  readonly worker: string;
  /** Its migrations, relative to the root. */
  readonly migrations: string;
};

export const DATABASES: readonly Database[] = [
  {
    binding: "CONTROL_DB",
    name: "countersign-control",
    worker: "countersign",
    migrations: "migrations/control",
  },
  {
    binding: "BUSINESS_EU",
    name: "countersign-business-eu",
    worker: "countersign-executors",
    migrations: "migrations/business",
  },
  {
    binding: "BUSINESS_US",
    name: "countersign-business-us",
    worker: "countersign-executors",
    migrations: "migrations/business",
  },
  {
    binding: "LEDGER_DB",
    name: "countersign-ledger",
    worker: "countersign-ledger",
    migrations: "migrations/ledger",
  },
];

export const workerByName = (name: string): WorkerProject => WORKERS.find((worker) => worker.name === name)!;

/** What wrangler is started with everywhere: no questions, no colours, no look-ups outside, no local tracing (it costs a write per request). */
export const wranglerEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  NO_COLOR: "1",
  FORCE_COLOR: "0",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  X_LOCAL_OBSERVABILITY: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
});
