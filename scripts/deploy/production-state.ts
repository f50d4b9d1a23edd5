/**
 * The keys of a deployment, made at the first one and kept in `.countersign/production.json` (mode 600) on the machine that deploys.
 * Whoever has this file has every key; the root key belongs on a device of its own once the first people are enrolled.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { newTenantKeys, newWorkerKeys, type TenantKeys, type WorkerKeys } from "../lib/keys.ts";
import { inRoot } from "../lib/project.ts";

export const PRODUCTION_FILE = ".countersign/production.json";
export type ProductionState = { readonly tenant: TenantKeys; readonly workers: WorkerKeys };

export function productionState(tenant: string): ProductionState {
  const path = inRoot(PRODUCTION_FILE);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as ProductionState;
  const state = { tenant: newTenantKeys(tenant), workers: newWorkerKeys() };
  mkdirSync(inRoot(".countersign"), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  return state;
}
