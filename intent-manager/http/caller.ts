/**
 * Who is calling: an API key, found by its SHA-256. The key itself is stored nowhere and logged nowhere.
 */
import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { PublicJwk } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import type { Bindings } from "../bindings.ts";
import { apiKeys, tenants, type ROLES } from "../schema.ts";
import { FreshCache, type Background } from "./fresh-cache.ts";

export type Role = (typeof ROLES)[number];

export type Tenant = {
  readonly id: string;
  readonly regions: readonly string[];
  readonly shards: number;
  /** As published in the control database; executors trust their own copy. */
  readonly rootKey: PublicJwk;
};

export type Caller = {
  /** `key_…`: what records and logs name. */
  readonly key: string;
  readonly role: Role;
  readonly member: string | null;
  readonly tenant: Tenant;
};

const BEARER = /^Bearer ([\x21-\x7e]{16,200})$/i;

/** Also holds absent keys, so that guessing costs one read a second and not one each; bounded like the rest. */
const callerByHash = new FreshCache<Caller | null>(LIMITS.cachedKeys, LIMITS.cacheMs);
const tenantById = new FreshCache<Tenant | null>(LIMITS.cachedKeys, LIMITS.cacheMs);

/** Refuses with unauthenticated; an absent, revoked and malformed key look the same. */
export async function authenticate(
  env: Bindings,
  authorization: string | null,
  nowMs: number,
  background: Background,
): Promise<Result<Caller>> {
  const key = BEARER.exec(authorization ?? "")?.[1];
  if (key === undefined) return err(UNAUTHENTICATED);
  const hash = sha256Hex(key);
  const caller = await callerByHash.get(hash, nowMs, background, () => readCaller(env, hash));
  return caller === null ? err(UNAUTHENTICATED) : ok(caller);
}
const UNAUTHENTICATED = problem("unauthenticated", "Send `Authorization: Bearer KEY` with a valid API key.");

async function readCaller(env: Bindings, hash: string): Promise<Caller | null> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ key: apiKeys.id, role: apiKeys.role, member: apiKeys.member, tenant: TENANT })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenant))
    .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)));
  return rows[0] ?? null;
}

/** A tenant that a public route names; null where there is none. */
export const findTenant = (env: Bindings, id: string, nowMs: number, background: Background): Promise<Tenant | null> =>
  tenantById.get(id, nowMs, background, async () => {
    const rows = await drizzle(env.CONTROL_DB).select(TENANT).from(tenants).where(eq(tenants.id, id));
    return rows[0] ?? null;
  });

const TENANT = {
  id: tenants.id,
  regions: tenants.regions,
  shards: tenants.shards,
  rootKey: tenants.rootKey,
};
