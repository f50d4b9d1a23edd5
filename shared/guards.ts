/**
 * Guards: the security checks of what everybody verifies, as named pure predicates. True means that the check holds.
 *
 * The code that needs a check calls it through the table, so that a test can replace each entry by "always holds" and show that an attack
 * then gets through: a check whose loss nothing notices is none. Nothing of the product replaces an entry. Each entry says the code that its
 * callers refuse with and what an attacker gains without it; docs/guards.md is made of these lines.
 */
import { isCanonicalText } from "./canonical.ts";
import { hasSmallOrder, isBelowGroupOrder, isBelowPrime } from "./curve.ts";
import type { Json } from "./json.ts";
import { LIMITS } from "./limits.ts";

type Enrolled = { readonly tenant: string; readonly roles: readonly string[] };

export const GUARDS = {
  /** signature-malformed: one key's signature, repeated, would count as several signers. */
  "envelope-signers-distinct": (kids: readonly string[]): boolean => new Set(kids).size === kids.length,
  /** payload-type-mismatch: what was signed as one kind of statement would be read as another. */
  "envelope-type": (found: string, expected: string): boolean => found === expected,
  /** key-unknown: a key that stands under another key's id would sign as that other key. */
  "envelope-key-id": (keyid: string, thumbprint: string): boolean => keyid === thumbprint,
  /** key-unknown: anybody's key would do. */
  "envelope-trusted": (trustedSigners: number): boolean => trustedSigners > 0,
  /** signature-invalid: the payload could be changed after it was signed. */
  "envelope-signature": (verdicts: readonly boolean[]): boolean => verdicts.every((verdict) => verdict),
  /** payload-not-canonical: two texts of one value would have two digests, and a record could be told from its copy. */
  "envelope-canonical": (text: string, value: Json): boolean => isCanonicalText(text, value),

  /** key-small-order: under such a key one signature is valid for many messages. */
  "key-order": (point: Uint8Array): boolean => !hasSmallOrder(point),
  /** key-not-canonical: one key would have two spellings, and its revocation would miss one of them. */
  "key-canonical": (point: Uint8Array): boolean => isBelowPrime(point),
  /** signature-invalid: anybody could make a second valid signature from the first. */
  "signature-scalar": (scalar: Uint8Array): boolean => isBelowGroupOrder(scalar),
  /** signature-invalid: one verifier would accept what another refuses, and a record would be valid here and forged there. */
  "signature-point": (point: Uint8Array): boolean => !hasSmallOrder(point),

  /** key-revoked: a stolen key would go on signing. */
  "member-not-revoked": (kid: string, revoked: ReadonlySet<string>): boolean => !revoked.has(kid),
  /** chain-broken: what nobody verified, of any size, would be recorded behind a genuine signature. */
  "chain-ends-at-root": (beyondRoot: number): boolean => beyondRoot === 0,
  /** chain-broken: signatures that nobody verified would be recorded as if they vouched for the member. */
  "enrolment-one-signature": (signatures: number): boolean => signatures === 1,
  /** chain-broken: an admin would give their own key any role and then approve alone. */
  "enrolment-by-another": (issuer: string, kid: string): boolean => issuer !== kid,
  /** chain-broken: a member of one tenant would decide in another that has the same root key. */
  "enrolment-tenant": (enrolment: Enrolled, tenant: string): boolean => enrolment.tenant === tenant,
  /** chain-broken: any key would pass for the one that was enrolled. */
  "enrolment-key": (enrolled: string, kid: string): boolean => enrolled === kid,
  /** role-missing: any member would enrol others. */
  "enrolment-by-admin": (issuer: { readonly roles: readonly string[] }): boolean =>
    issuer.roles.includes("admin") || issuer.roles.includes("*"),
  /** role-missing: one admin would make more of them, and the root key would lose its say. */
  "enrolment-of-admin": ({ roles }: Enrolled): boolean => !roles.includes("admin") && !roles.includes("*"),
  /** key-expired: an enrolment would count before its time. */
  "enrolment-begun": (enrolment: { readonly notBeforeMs: number }, nowMs: number): boolean =>
    nowMs + LIMITS.clockSkewMs >= enrolment.notBeforeMs,
  /** key-expired: whoever has left would go on signing. */
  "enrolment-not-over": (enrolment: { readonly expiresMs: number }, nowMs: number): boolean =>
    nowMs < enrolment.expiresMs,
  /** signature-malformed: a second signature that nobody verified would be recorded beside the person's own. */
  "signed-by-one": (signatures: number): boolean => signatures === 1,
};
