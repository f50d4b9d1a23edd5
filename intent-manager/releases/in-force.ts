/**
 * Which release decides: the newest promotion of an automation, and its bundle compiled once per isolate.
 * The promotion is trusted for LIMITS.cacheMs; a compiled release is addressed by its digest and never goes stale.
 */
import { and, desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { compileRelease, type CompiledRelease } from "../../shared/compiled-release.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import type { ReleaseDelivery, SignedPromotion } from "../../shared/release.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { FreshCache, type Background } from "../http/fresh-cache.ts";
import { automations, promotions, releases } from "../schema.ts";

export type InForce = { readonly release: string; readonly serial: number };

const inForceByAutomation = new FreshCache<InForce | null>(LIMITS.cachedReleases, LIMITS.cacheMs);
const cacheKey = (tenant: string, automation: string): string => `${tenant}/${automation}`;

/** The release in force of an automation. Refuses with unknown-automation or no-release. */
export async function releaseInForce(
  env: Bindings,
  tenant: string,
  automation: string,
  nowMs: number,
  background: Background,
): Promise<Result<CompiledRelease>> {
  const found = await inForceByAutomation.get(cacheKey(tenant, automation), nowMs, background, () =>
    readInForce(env, tenant, automation),
  );
  return found === null ? err(await whyNone(env, tenant, automation)) : loadRelease(env, tenant, found.release);
}

/** The next reader in this isolate asks the database; the others follow within LIMITS.cacheMs. */
export const forgetInForce = (tenant: string, automation: string): void =>
  inForceByAutomation.delete(cacheKey(tenant, automation));

export async function readInForce(env: Bindings, tenant: string, automation: string): Promise<InForce | null> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ release: promotions.release, serial: promotions.serial })
    .from(promotions)
    .where(and(eq(promotions.tenant, tenant), eq(promotions.automation, automation)))
    .orderBy(desc(promotions.serial))
    .limit(1);
  return rows[0] ?? null;
}

async function whyNone(env: Bindings, tenant: string, automation: string) {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ name: automations.name })
    .from(automations)
    .where(and(eq(automations.tenant, tenant), eq(automations.name, automation)));
  return rows.length === 0
    ? problem("unknown-automation", `There is no automation named ${automation}.`)
    : problem("no-release", `The automation ${automation} has no promoted release.`);
}

/** Compiled releases by digest, the least recently used leaving first. A digest names its bytes, so tenants may share an entry. */
const compiledByDigest = new Map<string, CompiledRelease>();

/** A release that this tenant published, ready to decide. Refuses with not-found, or what compiling refuses. */
export async function loadRelease(env: Bindings, tenant: string, digest: string): Promise<Result<CompiledRelease>> {
  const known = compiledByDigest.get(digest);
  if (known !== undefined) {
    compiledByDigest.delete(digest);
    compiledByDigest.set(digest, known);
    return ok(known);
  }
  const bundle = await readBundle(env, tenant, digest);
  if (bundle === null) return err(problem("not-found", "There is no such release."));
  const compiled = compileRelease(bundle);
  if (!compiled.ok) return compiled;
  if (compiled.value.digest !== digest)
    return err(problem("release-mismatch", "The stored bundle is not the one that its digest names."));
  if (compiledByDigest.size >= LIMITS.compiledReleases) compiledByDigest.delete(compiledByDigest.keys().next().value!);
  compiledByDigest.set(digest, compiled.value);
  return compiled;
}

export async function readBundle(env: Bindings, tenant: string, digest: string): Promise<string | null> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ bundle: releases.bundle })
    .from(releases)
    .where(and(eq(releases.tenant, tenant), eq(releases.digest, digest)));
  return rows[0]?.bundle ?? null;
}

/** What an executor asks for with `release-needed`: the bundle with its newest promotion. */
export async function deliveryOf(env: Bindings, tenant: string, digest: string): Promise<Result<ReleaseDelivery>> {
  const [bundle, promotion] = await Promise.all([readBundle(env, tenant, digest), readPromotion(env, tenant, digest)]);
  return bundle === null || promotion === null
    ? err(problem("release-not-promoted", "The release was never promoted."))
    : ok({ bundle, promotion });
}

async function readPromotion(env: Bindings, tenant: string, release: string): Promise<SignedPromotion | null> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ envelope: promotions.envelope })
    .from(promotions)
    .where(and(eq(promotions.tenant, tenant), eq(promotions.release, release)))
    .orderBy(desc(promotions.serial))
    .limit(1);
  return rows[0]?.envelope ?? null;
}
