/** The keys of a Worker's test run: what its tests sign with. The Worker itself holds only its own and the public ones. */
import { env } from "cloudflare:workers";
import type { TenantKeys, TrustConfig, WorkerKeys } from "../../scripts/lib/keys.ts";

export type TestKeys = {
  readonly tenant: TenantKeys;
  /** Tenants nobody else uses: one for each test that wants a world of its own. */
  readonly spare: readonly TenantKeys[];
  readonly workers: WorkerKeys;
  readonly trust: TrustConfig;
};

export const testKeys = (env as unknown as { readonly TEST_KEYS: TestKeys }).TEST_KEYS;
