/**
 * Enrolments as this Worker keeps them: to find a chain by its key id, and to show. They make nothing valid here; an executor follows every
 * chain to its own copy of the root key.
 */
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { RevokedKeys, TenantAnchor } from "../../shared/members.ts";
import type { Envelope } from "../../shared/signing.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { enrolments, revokedKeys } from "../schema.ts";

export const anchorOf = (tenant: Tenant): TenantAnchor => ({ tenant: tenant.id, rootKey: tenant.rootKey });

export async function revokedIn(env: Bindings, tenant: string): Promise<RevokedKeys> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ kid: revokedKeys.kid })
    .from(revokedKeys)
    .where(eq(revokedKeys.tenant, tenant));
  return new Set(rows.map((row) => row.kid));
}

/** The enrolments that lead from a key to the root, leaf first; empty where the key is not enrolled (or is the root's). */
export async function chainOf(env: Bindings, tenant: string, kid: string): Promise<readonly Envelope[]> {
  const rows = await drizzle(env.CONTROL_DB)
    .select({ envelope: enrolments.envelope, chain: enrolments.chain })
    .from(enrolments)
    .where(and(eq(enrolments.tenant, tenant), eq(enrolments.kid, kid)));
  const row = rows[0];
  return row === undefined ? [] : [row.envelope, ...row.chain];
}
