/**
 * People and their keys. An enrolment says that a key belongs to a member with certain roles; it is signed by an admin's key or by the
 * tenant's root key, and an admin's own enrolment is signed by the root. An executor needs nothing but the root key to check a person's signature.
 *
 * M1  Only the root key enrols an admin. M2  An admin enrols members for any other role. M3  Nobody else enrols anyone.
 * M4  Every enrolment of the chain names this tenant and is valid now.
 */
import * as z from "zod";
import { GUARDS } from "./guards.ts";
import { MemberId, TenantId } from "./ids.ts";
import { keyId, PublicJwk } from "./keys.ts";
import { LIMITS } from "./limits.ts";
import { PAYLOAD_TYPES } from "./payload-types.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { type Envelope, openEnvelope } from "./signing.ts";
import type { Json } from "./json.ts";

/** `approver`, `operator`, `admin`, or a role of the tenant's own such as `billing-lead`. */
export const MemberRole = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/);

export const Enrolment = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  member: MemberId,
  key: PublicJwk,
  roles: z.array(MemberRole).min(1).max(16),
  notBeforeMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Enrolment = z.infer<typeof Enrolment>;

/** Signed by the key that asks to be enrolled: proof that whoever asks holds it. */
export const Possession = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  member: MemberId,
  key: PublicJwk,
  atMs: z.int().min(0),
});
export type Possession = z.infer<typeof Possession>;

export type Member = {
  readonly member: string;
  readonly roles: readonly string[];
  readonly key: PublicJwk;
  readonly kid: string;
};
export type TenantAnchor = { readonly tenant: string; readonly rootKey: PublicJwk };
/** Key ids that were revoked in this place. */
export type RevokedKeys = ReadonlySet<string>;

/** The root key acts as a member named `root` with every role. */
const rootMember = (anchor: TenantAnchor, kid: string): Member => ({
  member: "root",
  roles: ["*"],
  key: anchor.rootKey,
  kid,
});

/**
 * Follows a chain of enrolments, leaf first, to the root key.
 * Refuses with chain-broken, key-expired, key-revoked, role-missing or the code of the envelope that failed.
 */
export async function resolveMember(
  anchor: TenantAnchor,
  kid: string,
  chain: readonly Envelope[],
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<Member>> {
  const rootKid = keyId(anchor.rootKey);
  if (!GUARDS["member-not-revoked"](kid, revoked)) return err(problem("key-revoked", `The key ${kid} is revoked.`));
  // What stands beyond the root would be recorded with the signature, unread and of any size.
  if (kid === rootKid && !GUARDS["chain-ends-at-root"](chain.length))
    return err(problem("chain-broken", "The chain goes on beyond the tenant's root key."));
  if (kid === rootKid) return ok(rootMember(anchor, rootKid));
  if (chain.length === 0 || chain.length > LIMITS.enrolmentDepth)
    return err(problem("chain-broken", "The enrolments do not lead from the key to the tenant's root key."));
  const issuer = chain[0]!.signatures[0]?.keyid ?? "";
  if (!GUARDS["enrolment-one-signature"](chain[0]!.signatures.length) || !GUARDS["enrolment-by-another"](issuer, kid))
    return err(problem("chain-broken", "An enrolment carries exactly one signature, and nobody enrols themselves."));
  const issuedBy = await resolveMember(anchor, issuer, chain.slice(1), nowMs, revoked);
  if (!issuedBy.ok) return issuedBy;
  const opened = await openEnvelope(chain[0]!, {
    payloadType: PAYLOAD_TYPES.enrolment,
    keys: new Map([[issuer, issuedBy.value.key]]),
    schema: Enrolment,
  });
  if (!opened.ok) return opened;
  const enrolment = opened.value.payload;
  if (!GUARDS["enrolment-tenant"](enrolment, anchor.tenant) || !GUARDS["enrolment-key"](keyId(enrolment.key), kid))
    return err(problem("chain-broken", "The enrolment is for another tenant or another key."));
  if (issuer !== rootKid && (!GUARDS["enrolment-by-admin"](issuedBy.value) || !GUARDS["enrolment-of-admin"](enrolment)))
    return err(problem("role-missing", "The key that signed the enrolment may not give these roles."));
  if (!GUARDS["enrolment-begun"](enrolment, nowMs) || !GUARDS["enrolment-not-over"](enrolment, nowMs))
    return err(problem("key-expired", "The enrolment is not valid at this time."));
  return ok({ member: enrolment.member, roles: enrolment.roles, key: enrolment.key, kid });
}

export const hasRole = (member: Member, role: string): boolean =>
  member.roles.includes(role) || member.roles.includes("*");

/** Opens an envelope that one enrolled person signed, and says who. */
export async function openSignedByMember<T extends Json>(
  envelope: Envelope,
  chain: readonly Envelope[],
  schema: z.ZodType<T>,
  payloadType: string,
  anchor: TenantAnchor,
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<{ payload: T; member: Member }>> {
  const kid = envelope.signatures[0]?.keyid;
  if (kid === undefined || !GUARDS["signed-by-one"](envelope.signatures.length))
    return err(problem("signature-malformed", "Exactly one signature is expected."));
  const member = await resolveMember(anchor, kid, chain, nowMs, revoked);
  if (!member.ok) return member;
  const opened = await openEnvelope(envelope, { payloadType, keys: new Map([[kid, member.value.key]]), schema });
  return opened.ok ? ok({ payload: opened.value.payload, member: member.value }) : opened;
}
