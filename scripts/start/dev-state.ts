/**
 * The development keys. Made once, kept in `.countersign/` (mode 600) and in the Workers' `.dev.vars`; neither is ever committed.
 *
 *   .countersign/dev.json      what a person or program of the tenant needs: address, API keys, root key, approver, admin
 *   .countersign/workers.json  what the three Workers hold; `.dev.vars` files are written from it
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import {
  newTenantKeys,
  newWorkerKeys,
  secretsOf,
  trustOf,
  TRUSTING_WORKERS,
  type TenantKeys,
  type TrustConfig,
  type WorkerKeys,
} from "../lib/keys.ts";
import { inRoot, WORKERS } from "../lib/project.ts";
import { StartFailure } from "./failure.ts";

/** What stands in `.countersign/dev.json`. */
export type DevFile = TenantKeys & {
  /** Where the public Worker answers. */
  readonly url: string;
  /** The public keys that verify everything: what `countersign verify` needs. */
  readonly trust: TrustConfig;
};

export const DEV_FOLDER = ".countersign";
export const DEV_FILE = `${DEV_FOLDER}/dev.json`;
export const WORKER_FILE = `${DEV_FOLDER}/workers.json`;

/** Reads the development keys, or makes them. Writes the `.dev.vars` of each Worker. */
export function developmentState(url: string): DevFile {
  mkdirSync(inRoot(DEV_FOLDER), { recursive: true, mode: 0o700 });
  const tenant = readJson<DevFile>(DEV_FILE) ?? newTenantKeys("dev");
  const workers = readJson<WorkerKeys>(WORKER_FILE) ?? newWorkerKeys();
  const trust = trustOf(workers, [tenant]);
  const dev: DevFile = { ...tenant, url, trust };
  writePrivate(WORKER_FILE, `${JSON.stringify(workers, null, 2)}\n`);
  writePrivate(DEV_FILE, `${JSON.stringify(dev, null, 2)}\n`);
  const secrets = secretsOf(workers);
  for (const worker of WORKERS) {
    const isChanged = writeDevVars(worker.devVars, {
      ...secrets[worker.name],
      ...(TRUSTING_WORKERS.includes(worker.name) ? { TRUST: JSON.stringify(trust) } : {}),
    });
    if (isChanged) takeUp(worker.config);
  }
  return dev;
}

/** `wrangler dev` watches its configuration and not the `.dev.vars` beside it: with a new time on the one it reads both again. */
function takeUp(config: string): void {
  const now = new Date();
  utimesSync(inRoot(config), now, now);
}

/** Sets the given names in a `.dev.vars` file and leaves every other line as it is. Says whether that changed it. */
function writeDevVars(file: string, values: { readonly [name: string]: string }): boolean {
  const path = inRoot(file);
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const kept = lines.filter((line) => line !== "" && !Object.keys(values).some((name) => line.startsWith(`${name}=`)));
  const ours = Object.entries(values).map(([name, value]) => `${name}='${value}'`);
  return writePrivate(file, `${[...kept, ...ours].join("\n")}\n`);
}

/** Writes only what changed: a Worker whose values are new is started anew. Says whether it did. */
function writePrivate(file: string, text: string): boolean {
  const path = inRoot(file);
  const isChanged = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (isChanged) writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
  return isChanged;
}

function readJson<T>(file: string): T | null {
  if (!existsSync(inRoot(file))) return null;
  try {
    return JSON.parse(readFileSync(inRoot(file), "utf8")) as T;
  } catch {
    throw new StartFailure(
      `${file} is not JSON; repair it, or remove ${DEV_FOLDER} and .wrangler/state to begin anew.`,
    );
  }
}
