/**
 * Two steps to an enrolled key: whoever holds it proves possession, then an admin signs the enrolment. Both are checked here so that a mistake
 * is found early; the check that counts is the executor's.
 */
import { fromBase64 } from "../../shared/bytes.ts";
import type { Json } from "../../shared/json.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { checkPublicKey, keyId } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { Enrolment, Possession, resolveMember, type RevokedKeys, type TenantAnchor } from "../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { openEnvelope, type Envelope } from "../../shared/signing.ts";

export type Proved = { readonly possession: Possession; readonly kid: string };

/**
 * Verifies that the key in a possession statement signed it, that the key is acceptable, and that it was made just now for this tenant.
 * Refuses with the key-* codes or possession-not-proved.
 */
export async function provePossession(envelope: Envelope, tenant: string, nowMs: number): Promise<Result<Proved>> {
  const claimed = Possession.safeParse(peek(envelope));
  if (!claimed.success)
    return err(problem("possession-not-proved", "The envelope does not hold a statement of possession."));
  const { key } = claimed.data;
  const acceptable = checkPublicKey(key.x);
  if (!acceptable.ok) return acceptable;
  const kid = keyId(key);
  const opened = await openEnvelope(envelope, {
    payloadType: PAYLOAD_TYPES.possession,
    keys: new Map([[kid, key]]),
    schema: Possession,
  });
  if (!opened.ok) return err(problem("possession-not-proved", opened.problem.detail));
  const possession = opened.value.payload;
  if (possession.tenant !== tenant)
    return err(problem("possession-not-proved", "The statement is for another tenant."));
  if (Math.abs(nowMs - possession.atMs) > LIMITS.possessionMs)
    return err(
      problem("possession-not-proved", `The statement was not made within ${LIMITS.possessionMs / 60_000} minutes.`),
    );
  return ok({ possession, kid });
}

export type CheckedEnrolment = { readonly enrolment: Enrolment; readonly kid: string };

/** Follows an enrolment and its chain to the tenant's published root. Refuses with what {@link resolveMember} refuses, and the key-* codes. */
export async function checkEnrolment(
  envelope: Envelope,
  chain: readonly Envelope[],
  anchor: TenantAnchor,
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<CheckedEnrolment>> {
  const claimed = Enrolment.safeParse(peek(envelope));
  if (!claimed.success) return err(problem("payload-invalid", "The envelope does not hold an enrolment."));
  const enrolment = claimed.data;
  const acceptable = checkPublicKey(enrolment.key.x);
  if (!acceptable.ok) return acceptable;
  const kid = keyId(enrolment.key);
  const member = await resolveMember(anchor, kid, [envelope, ...chain], nowMs, revoked);
  return member.ok ? ok({ enrolment, kid }) : member;
}

/** The payload before its signature is verified: read only to learn which key it speaks of, and believed only after that key's chain holds. */
function peek(envelope: Envelope): Json {
  const bytes = fromBase64(envelope.payload);
  const parsed = bytes === null ? null : parseStrictJson(bytes);
  return parsed?.ok === true ? parsed.value : null;
}
