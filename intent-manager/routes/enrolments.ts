/** People's keys: proved by whoever holds them, enrolled by an admin's signature, revoked by an admin. */
import { and, desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import * as z from "zod";
import { EnrolmentPage, EnrolmentRequestView, EnrolmentView, KeyRevoked } from "../../shared/api.ts";
import { keyId } from "../../shared/keys.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { Envelope } from "../../shared/signing.ts";
import { askAll } from "../dispatch/fan-out.ts";
import { endpoint } from "../http/endpoint.ts";
import { anchorOf, revokedIn } from "../members/enrolments.ts";
import { checkEnrolment, provePossession } from "../members/register.ts";
import { enrolmentRequests, enrolments, revokedKeys } from "../schema.ts";
import { IDEMPOTENT, Reason, SignedByPerson } from "./shapes.ts";

const at = (ms: number): string => new Date(ms).toISOString();
const PAGE = 500;

export const requestEnrolment = endpoint(
  "POST /v1/enrolments/requests",
  {
    summary: "Ask for a key to be enrolled",
    description: `\`possession\` is a statement signed by that key. Small-order, non-canonical and malformed keys are refused. ${IDEMPOTENT}`,
    tag: "people",
    body: z.strictObject({ possession: Envelope }),
    answers: { 201: { description: "It waits for an admin's signature", schema: EnrolmentRequestView } },
  },
  async ({ env, caller, body, nowMs }) => {
    const proved = await provePossession(body.possession, caller.tenant.id, nowMs);
    if (!proved.ok) return proved;
    const { possession, kid } = proved.value;
    if (caller.member !== null && caller.member !== possession.member && caller.role !== "admin")
      return err(problem("forbidden", "This key belongs to another member."));
    const row = {
      tenant: caller.tenant.id,
      kid,
      member: possession.member,
      key: possession.key,
      possession: body.possession,
      created: nowMs,
    };
    await drizzle(env.CONTROL_DB)
      .insert(enrolmentRequests)
      .values(row)
      .onConflictDoUpdate({
        target: [enrolmentRequests.tenant, enrolmentRequests.kid],
        set: { member: row.member, possession: row.possession },
      });
    return Response.json(
      { kid, member: row.member, key: row.key, createdAt: at(nowMs), possession: row.possession },
      { status: 201 },
    );
  },
);

export const listEnrolments = endpoint(
  "GET /v1/enrolments",
  {
    summary: "List enrolled keys and requests",
    tag: "people",
    answers: { 200: { description: "Enrolled keys with their chains, and keys that wait", schema: EnrolmentPage } },
  },
  async ({ env, caller }) => {
    const db = drizzle(env.CONTROL_DB);
    const tenant = caller.tenant.id;
    const [enrolled, waiting] = await Promise.all([
      db
        .select({ enrolment: enrolments, revokedAt: revokedKeys.at })
        .from(enrolments)
        .leftJoin(revokedKeys, and(eq(revokedKeys.tenant, enrolments.tenant), eq(revokedKeys.kid, enrolments.kid)))
        .where(eq(enrolments.tenant, tenant))
        .orderBy(desc(enrolments.created))
        .limit(PAGE),
      db
        .select()
        .from(enrolmentRequests)
        .where(eq(enrolmentRequests.tenant, tenant))
        .orderBy(desc(enrolmentRequests.created))
        .limit(PAGE),
    ]);
    return ok({
      enrolments: enrolled.map(({ enrolment, revokedAt }) => viewOf(enrolment, revokedAt)),
      requests: waiting.map(({ kid, member, key, created, possession }) => ({
        kid,
        member,
        key,
        createdAt: at(created),
        possession,
      })),
    });
  },
);

export const enrol = endpoint(
  "POST /v1/enrolments",
  {
    summary: "Enrol a key",
    description: `The enrolment is signed by an admin's key or the root key, and the key has proved possession before. ${IDEMPOTENT}`,
    tag: "people",
    body: SignedByPerson,
    answers: { 201: { description: "Enrolled", schema: EnrolmentView } },
  },
  async ({ env, caller, body, nowMs }) => {
    const tenant = caller.tenant.id;
    const revoked = await revokedIn(env, tenant);
    const checked = await checkEnrolment(body.envelope, body.chain, anchorOf(caller.tenant), nowMs, revoked);
    if (!checked.ok) return checked;
    const { enrolment, kid } = checked.value;
    const db = drizzle(env.CONTROL_DB);
    if (!(await isProved(db, tenant, kid, enrolment.member)))
      return err(
        problem("possession-not-proved", "No statement of possession of this key by this member has been sent.", {
          kid,
        }),
      );
    const row = {
      tenant,
      kid,
      member: enrolment.member,
      roles: enrolment.roles,
      envelope: body.envelope,
      chain: body.chain,
      expires: enrolment.expiresMs,
      created: nowMs,
    };
    const { created: _, tenant: __, kid: ___, ...renewed } = row;
    await db.batch([
      db
        .insert(enrolments)
        .values(row)
        .onConflictDoUpdate({ target: [enrolments.tenant, enrolments.kid], set: renewed }),
      db.delete(enrolmentRequests).where(and(eq(enrolmentRequests.tenant, tenant), eq(enrolmentRequests.kid, kid))),
    ]);
    return Response.json(viewOf(row, null), { status: 201 });
  },
);

/** Proved by a request that waits, or by an earlier enrolment of the same key for the same member. */
async function isProved(db: ReturnType<typeof drizzle>, tenant: string, kid: string, member: string): Promise<boolean> {
  const [waiting, enrolled] = await Promise.all([
    db
      .select({ kid: enrolmentRequests.kid })
      .from(enrolmentRequests)
      .where(
        and(eq(enrolmentRequests.tenant, tenant), eq(enrolmentRequests.kid, kid), eq(enrolmentRequests.member, member)),
      ),
    db
      .select({ kid: enrolments.kid })
      .from(enrolments)
      .where(and(eq(enrolments.tenant, tenant), eq(enrolments.kid, kid), eq(enrolments.member, member))),
  ]);
  return waiting.length + enrolled.length > 0;
}

export const revokeKey = endpoint(
  "POST /v1/keys/{kid}/revoke",
  {
    summary: "Revoke a key",
    description: `Told to every executor; from then on its signatures count for nothing. \`incomplete\` names executors that did not answer: repeat the request until it is empty. ${IDEMPOTENT}`,
    tag: "people",
    params: z.object({ kid: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
    body: Reason,
    answers: { 200: { description: "Revoked", schema: KeyRevoked } },
  },
  async ({ env, caller, params, body, nowMs }) => {
    const { kid } = params;
    const { reason } = body;
    if (kid === keyId(caller.tenant.rootKey))
      return err(problem("forbidden", "The root key is replaced in the deploy configuration of the executors."));
    await drizzle(env.CONTROL_DB)
      .insert(revokedKeys)
      .values({ tenant: caller.tenant.id, kid, by: caller.key, reason, at: nowMs })
      .onConflictDoNothing();
    const { refusals, incomplete } = await askAll(env, caller.tenant, (stub) =>
      stub.revokeKey({ kid, by: caller.key, reason }),
    );
    return ok({ kid, incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)] });
  },
);

type Row = Omit<typeof enrolments.$inferSelect, "tenant">;
const viewOf = (row: Row, revokedAt: number | null) => ({
  kid: row.kid,
  member: row.member,
  roles: row.roles,
  createdAt: at(row.created),
  expiresAt: at(row.expires),
  revokedAt: revokedAt === null ? null : at(revokedAt),
  envelope: row.envelope,
  chain: row.chain,
});
