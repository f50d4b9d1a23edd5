/**
 * The three Workers on data that outlives them: the runtime's process can be killed with SIGKILL, at any moment, and started again on the
 * same files. What a kill leaves is what the disk has; nothing is told to end, and nothing gets to clean up.
 *
 * Each Worker has the bindings of its own wrangler.toml, so that what a configuration gains is here too.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { bundle, migrationStatements } from "../../scripts/bench/bundle.ts";
import { ownWorkerds } from "../../scripts/bench/processes.ts";
import { controlSql } from "../../scripts/lib/control-seed.ts";
import {
  newTenantKeys,
  newWorkerKeys,
  secretsOf,
  trustOf,
  TRUSTING_WORKERS,
  type TenantKeys,
} from "../../scripts/lib/keys.ts";
import { DATABASES, inRoot, WORKERS, wranglerEnvironment } from "../../scripts/lib/project.ts";
import { callerOf, type Reached } from "../e2e/harness.ts";
import { publishAll } from "../../scripts/publish-automations.ts";

export type Binding = (typeof DATABASES)[number]["binding"];
export type Mortal = Reached & {
  readonly tenant: TenantKeys;
  /** Ends the runtime's process at once (no handler runs, no connection is closed in order). Resolves when it answers again, over what the disk has. */
  readonly kill: () => Promise<void>;
  readonly rows: (binding: Binding, statement: string) => Promise<Record<string, string | number | null>[]>;
  /** Runs statements in atomic batches. */
  readonly write: (binding: Binding, statements: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Options = { readonly bindings?: object; readonly [option: string]: unknown };

const BATCH_STATEMENTS = 100;
/** Time in which a start must be done. */
const START_MS = 30_000;

/** Stands in the environment of the runtime's process: several may run at a time. */
const MARK = "COUNTERSIGN_MORTAL";

export type MortalOptions = {
  /** Vars of the executors Worker. */
  readonly vars?: { readonly [name: string]: string };
  /** Named credentials for outside systems. */
  readonly credentials?: { readonly [name: string]: unknown };
};

/** Boots the Workers on a folder of their own, with the shipped automations promoted. */
export async function startMortal({ vars = {}, credentials = {} }: MortalOptions = {}): Promise<Mortal> {
  const tenantName = "dev";
  // Secrets come from here, not from files: wrangler's warnings about missing ones would be noise.
  Object.assign(process.env, wranglerEnvironment(), { WRANGLER_LOG: "error" });
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-mortal-"));
  const tenant = newTenantKeys(tenantName, { regions: ["eu", "us"], shards: 2 });
  const workerKeys = { ...newWorkerKeys(), credentials };
  const secrets = secretsOf(workerKeys);
  const trust = trustOf(workerKeys, [tenant]);
  const workers = await Promise.all(
    WORKERS.map(async ({ name, config, folder: plane }) => {
      const { workerOptions } = unstable_getMiniflareWorkerOptions(inRoot(config));
      const { assets: _page, modulesRules: _rules, rootPath: _root, ...options } = workerOptions as Options;
      return {
        ...options,
        name,
        modules: [{ type: "ESModule" as const, path: "index.mjs", contents: await bundle(`${plane}/index.ts`) }],
        bindings: {
          ...options.bindings,
          ...secrets[name],
          ...(TRUSTING_WORKERS.includes(name) ? { TRUST: JSON.stringify(trust) } : {}),
          ...(plane === "executors" ? vars : {}),
        },
        ...(plane === "intent-manager" ? { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] } : {}),
      };
    }),
  );
  const miniflare = new Miniflare({
    ...(convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      cf: false,
      unsafeObservability: false,
      unsafeRuntimeEnv: { [MARK]: folder },
      // What the runtime says while it dies is noise.
      handleStructuredLogs: () => {},
      workers: workers as never,
    }) as ConstructorParameters<typeof Miniflare>[0]),
    resourcePersistencePath: folder,
  });
  const address = async () => (await miniflare.unsafeGetDirectURL("countersign")).href.replace(/\/$/, "");
  await miniflare.ready;
  let url = await address();
  const pidOf = (): number | null => [...ownWorkerds()].find((pid) => environmentOf(pid).includes(folder)) ?? null;

  const kill = async (): Promise<void> => {
    const pid = pidOf();
    if (pid === null) throw new Error("the runtime's process was not found");
    process.kill(pid, "SIGKILL");
    // Miniflare starts the runtime again by itself.
    for (const end = Date.now() + START_MS; ;) {
      const next = pidOf();
      if (next !== null && next !== pid) break;
      if (Date.now() > end) throw new Error("the runtime was not started again");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const end = Date.now() + START_MS; ;) {
      try {
        url = await address();
        if ((await fetch(`${url}/.well-known/jwks.json`)).ok) return;
      } catch {
        if (Date.now() > end) throw new Error("the runtime does not answer after its start");
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const databaseOf = (binding: Binding) => {
    const { worker } = DATABASES.find((database) => database.binding === binding)!;
    return miniflare.getD1Database(binding, worker);
  };
  const write: Mortal["write"] = async (binding, statements) => {
    const database = await databaseOf(binding);
    for (let at = 0; at < statements.length; at += BATCH_STATEMENTS)
      await database.batch(statements.slice(at, at + BATCH_STATEMENTS).map((text) => database.prepare(text)));
  };

  for (const { binding, migrations } of DATABASES) await write(binding, migrationStatements(migrations));
  await write("CONTROL_DB", controlSql(tenant, Date.now()));
  await publishAll({ url: url, dev: tenant, log: () => {} });
  const fetchPath: Reached["fetch"] = (to, init) => fetch(`${url}${to}`, init);
  return {
    fetch: fetchPath,
    call: callerOf(fetchPath),
    tenants: { [tenantName]: tenant },
    trust,
    tenant,
    kill,
    rows: async (binding, statement) => {
      const { results } = await (
        await databaseOf(binding)
      )
        .prepare(statement)
        .all<Record<string, string | number | null>>();
      return results;
    },
    write,
    stop: async () => {
      await miniflare.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}
