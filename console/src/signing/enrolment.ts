/** How far this device's key is on its way to being trusted, and the signed request that starts the way. */
import type { EnrolmentPage, EnrolmentView } from "../../../shared/api.ts";
import { Possession } from "../../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { PublicJwk, Signer } from "../../../shared/keys.ts";
import { signEnvelope, type Envelope } from "../../../shared/signing.ts";

export type Standing =
  | { readonly state: "none" }
  | { readonly state: "requested"; readonly member: string; readonly at: string }
  | { readonly state: "enrolled" | "expired" | "revoked"; readonly enrolment: EnrolmentView };

/** A revoked key stays revoked, whatever else is enrolled under it; otherwise the enrolment that lasts longest counts. */
export function standingOf(kid: string, page: EnrolmentPage, nowMs: number): Standing {
  const mine = page.enrolments
    .filter((one) => one.kid === kid)
    .toSorted((a, b) => b.expiresAt.localeCompare(a.expiresAt));
  const revoked = mine.find((one) => one.revokedAt !== null);
  if (revoked !== undefined) return { state: "revoked", enrolment: revoked };
  const newest = mine[0];
  if (newest !== undefined && Date.parse(newest.expiresAt) > nowMs) return { state: "enrolled", enrolment: newest };
  const request = page.requests.find((one) => one.kid === kid);
  if (request !== undefined) return { state: "requested", member: request.member, at: request.createdAt };
  return newest === undefined ? { state: "none" } : { state: "expired", enrolment: newest };
}

/** Proof that whoever asks holds the key (`Possession`). */
export const possessionOf = (
  key: Signer & { readonly publicJwk: PublicJwk },
  tenant: string,
  member: string,
  nowMs: number,
): Promise<Envelope> =>
  signEnvelope({
    payloadType: PAYLOAD_TYPES.possession,
    payload: Possession.parse({ version: 1, tenant, member, key: key.publicJwk, atMs: nowMs }),
    signers: [key],
  });
