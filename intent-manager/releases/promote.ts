/**
 * Publishing and promoting. A bundle is stored under the digest of its exact bytes; a promotion is a person's signature that names it.
 * The signature is checked against the tenant's published root so that a mistake is found here; the executors check it against their own.
 *
 * The serial of an automation only rises: the row's key refuses a second promotion of a serial, and the insert refuses a smaller one.
 */
import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { canonicalize } from "../../shared/canonical.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import type { JsonObject } from "../../shared/json.ts";
import { hasRole, openSignedByMember } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { Promotion, type SignedPromotion } from "../../shared/release.ts";
import { followsOn } from "../../shared/release-contracts.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import type { Tenant } from "../http/caller.ts";
import { anchorOf, revokedIn } from "../members/enrolments.ts";
import { promotions, releases } from "../schema.ts";
import { forgetTriggers, triggerNote } from "./trigger-index.ts";
import { forgetInForce, loadRelease, readBundle, readInForce } from "./in-force.ts";

/**
 * Stores a bundle. Refuses with invalid-request (another automation), contract-breaking and what compiling it refuses. What is stored
 * already is not compared again: going back to it is a promotion, and an operator's to decide.
 */
export async function publish(
  env: Bindings,
  tenant: string,
  automation: string,
  bundle: JsonObject,
  nowMs: number,
): Promise<Result<{ release: string; nextSerial: number; breaking: readonly string[] }>> {
  const text = canonicalize(bundle);
  const compiled = compileRelease(text);
  if (!compiled.ok) return compiled;
  if (compiled.value.bundle.automation !== automation)
    return err(problem("invalid-request", `The bundle is of the automation ${compiled.value.bundle.automation}.`));
  const release = compiled.value.digest;
  const [inForce, stored] = await Promise.all([readInForce(env, tenant, automation), readBundle(env, tenant, release)]);
  const before = inForce === null || stored !== null ? null : await loadRelease(env, tenant, inForce.release);
  // What is in force and does not compile any more binds nobody.
  const follows = before?.ok === true ? followsOn(before.value.bundle, compiled.value.bundle) : ok([]);
  if (!follows.ok) return follows;
  await drizzle(env.CONTROL_DB)
    .insert(releases)
    .values({
      tenant,
      digest: release,
      automation,
      bundle: text,
      triggers: triggerNote(compiled.value.bundle),
      createdAt: nowMs,
    })
    .onConflictDoNothing();
  return ok({ release, nextSerial: (inForce?.serial ?? 0) + 1, breaking: follows.value });
}

/**
 * Puts a release in force. The same promotion again is the same answer; another one under a used or smaller serial is release-superseded.
 * Refuses with not-found, release-mismatch (the signature names something else), expired, role-missing and the codes of signatures.
 */
export async function promote(
  env: Bindings,
  tenant: Tenant,
  automation: string,
  release: string,
  signed: SignedPromotion,
  nowMs: number,
): Promise<Result<{ serial: number }>> {
  const bundle = await readBundle(env, tenant.id, release);
  if (bundle === null || (JSON.parse(bundle) as { automation: string }).automation !== automation)
    return err(problem("not-found", "There is no such release of this automation."));
  const opened = await openSignedByMember(
    signed.envelope,
    signed.chain,
    Promotion,
    PAYLOAD_TYPES.promotion,
    anchorOf(tenant),
    nowMs,
    await revokedIn(env, tenant.id),
  );
  if (!opened.ok) return opened;
  const { payload, member } = opened.value;
  if (!hasRole(member, "operator") && !hasRole(member, "admin"))
    return err(problem("role-missing", "Operators, admins and the root promote releases."));
  if (payload.tenant !== tenant.id || payload.automation !== automation || payload.release !== release)
    return err(problem("release-mismatch", "The promotion names another tenant, automation or release."));
  if (nowMs >= payload.expiresMs) return err(problem("expired", "The promotion has expired."));

  const { serial } = payload;
  const db = drizzle(env.CONTROL_DB);
  // One statement decides: nothing is inserted where this serial or a greater one stands.
  await db.run(sql`
    INSERT INTO promotions (tenant, automation, serial, release, envelope, at)
    SELECT ${tenant.id}, ${automation}, ${serial}, ${release}, ${JSON.stringify(signed)}, ${nowMs}
    WHERE NOT EXISTS (SELECT 1 FROM promotions WHERE tenant = ${tenant.id} AND automation = ${automation} AND serial >= ${serial})`);
  forgetInForce(tenant.id, automation);
  forgetTriggers(tenant.id);
  const stored = await db
    .select({ envelope: promotions.envelope })
    .from(promotions)
    .where(and(eq(promotions.tenant, tenant.id), eq(promotions.automation, automation), eq(promotions.serial, serial)));
  if (stored[0] !== undefined && canonicalize(stored[0].envelope.envelope) === canonicalize(signed.envelope))
    return ok({ serial });
  const newest = await readInForce(env, tenant.id, automation);
  return err(
    problem("release-superseded", `Serial ${serial} is not greater than the newest one.`, {
      newest: newest?.serial ?? 0,
    }),
  );
}
