/**
 * Checks signatures in the browser, with the product's own verifier: plans and receipts against the published key set, attestations
 * along their enrolments up to the tenant's root key.
 *
 * What it is worth: the keys come from the same server as the signatures. It finds an envelope that was altered, cut or swapped; whoever
 * controls the server could publish other keys as well. Only keys that were pinned elsewhere show that (`countersign verify`).
 */
import type { Jwks, TrustView } from "../../../shared/api.ts";
import { Attestation } from "../../../shared/attestation.ts";
import { keyId, type PublicJwk } from "../../../shared/keys.ts";
import { openSignedByMember } from "../../../shared/members.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { Plan } from "../../../shared/proposal.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { Receipt } from "../../../shared/receipt.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { openEnvelope, type Envelope } from "../../../shared/signing.ts";

/** A verified statement, or why it is not one. */
export type Verdict<T> = { readonly kids: readonly string[]; readonly outcome: Result<T, Problem> };

const kidsOf = (envelope: Envelope): readonly string[] => envelope.signatures.map(({ keyid }) => keyid);

export const keysById = (jwks: Jwks): ReadonlyMap<string, PublicJwk> =>
  new Map(
    jwks.keys.map(({ kty, crv, x }) => {
      const key = { kty, crv, x };
      return [keyId(key), key];
    }),
  );

/** The receipt of a step: signed by a published key, and about this very task and step. */
export async function verifyReceipt(
  envelope: Envelope,
  about: { readonly task: string; readonly step: string },
  keys: ReadonlyMap<string, PublicJwk>,
): Promise<Verdict<Receipt>> {
  const opened = await openEnvelope(envelope, { payloadType: PAYLOAD_TYPES.receipt, keys, schema: Receipt });
  return { kids: kidsOf(envelope), outcome: opened.ok ? concerning(opened.value.payload, about) : opened };
}

/** The signed plan of a round. */
export async function verifyPlan(
  envelope: Envelope,
  task: string,
  keys: ReadonlyMap<string, PublicJwk>,
): Promise<Verdict<Plan>> {
  const opened = await openEnvelope(envelope, { payloadType: PAYLOAD_TYPES.plan, keys, schema: Plan });
  return { kids: kidsOf(envelope), outcome: opened.ok ? concerning(opened.value.payload, { task }) : opened };
}

/** A person's decision, at the time it was recorded. */
export async function verifyAttestation(
  envelope: Envelope,
  chain: readonly Envelope[],
  about: { readonly task: string; readonly step: string },
  trust: TrustView,
  atMs: number,
): Promise<Verdict<Attestation>> {
  const opened = await openSignedByMember(
    envelope,
    chain,
    Attestation,
    PAYLOAD_TYPES.attestation,
    trust,
    atMs,
    new Set(),
  );
  return { kids: kidsOf(envelope), outcome: opened.ok ? concerning(opened.value.payload, about) : opened };
}

/** A genuine signature over something else proves nothing here. */
function concerning<T extends { readonly task: string; readonly step?: string }>(
  payload: T,
  about: { readonly task: string; readonly step?: string },
): Result<T> {
  return payload.task === about.task && (about.step === undefined || payload.step === about.step)
    ? ok(payload)
    : err(problem("audience-mismatch", "The signature is genuine, but over another task or step."));
}
