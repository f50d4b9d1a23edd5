/** What an executor must see before it believes a release, a restore or the ledger (see executors/guards/index.ts). */
import type { Restore } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import { hasRole, type Member } from "../../shared/members.ts";
import type { Promotion } from "../../shared/release.ts";

type Promoted = { readonly serial: number; readonly release: string; readonly expires_ms: number };

export const TRUST_GUARDS = {
  /** role-missing: any enrolled person would put policy into force. */
  "promotion-signer": (member: Member): boolean => hasRole(member, "operator") || hasRole(member, "admin"),
  /** audience-mismatch: a policy promoted in one tenant would rule another. */
  "promotion-tenant": (promotion: Promotion, tenant: string): boolean => promotion.tenant === tenant,
  /** not-yet-valid: a promotion could be made in store. */
  "promotion-begun": (promotion: Promotion, nowMs: number): boolean => nowMs + LIMITS.clockSkewMs >= promotion.atMs,
  /** release-not-promoted: an old promotion that nobody delivered could be brought out years later. */
  "promotion-not-over": (promotion: Promotion, nowMs: number): boolean => nowMs < promotion.expiresMs,
  /** release-mismatch: any bundle would pass under a genuine promotion. */
  "promotion-bundle": (promotion: Promotion, digest: string): boolean => digest === promotion.release,
  /** release-mismatch: a lax automation's policy could be promoted under a strict one's name. */
  "promotion-automation": (promotion: Promotion, automation: string): boolean => automation === promotion.automation,
  /** release-superseded: an old promotion would bring an old policy back. */
  "promotion-serial": (promotion: Promotion, known: Promoted | undefined): boolean =>
    known === undefined || promotion.serial > known.serial,
  /** invalid-request: one promotion would use up all serials, and no later one could replace it. */
  "promotion-step": (promotion: Promotion, known: Promoted | undefined): boolean =>
    promotion.serial <= (known?.serial ?? 0) + LIMITS.promotionStep,
  /** release-needed: tasks would open under a release that was replaced. */
  "release-promoted": (promotion: Promoted, digest: string): boolean => promotion.release === digest,
  /** release-not-promoted: tasks would open under a promotion whose time is over. */
  "release-in-force": (promotion: Promoted, nowMs: number): boolean => nowMs < promotion.expires_ms,

  /** stopped: an API key that was stolen and stopped would go on steering tasks and taking actions back. */
  "caller-not-stopped": (stop: string | null): stop is null => stop === null,

  /** restore-unsigned: whoever may read would switch on again what was stopped. */
  "restore-signer": (member: Member): boolean => hasRole(member, "admin"),
  /** audience-mismatch: a restore signed in one tenant would lift a stop in another. */
  "restore-tenant": (restore: Restore, tenant: string): boolean => restore.tenant === tenant,
  /** expired: an old restore would lift a new stop. */
  "restore-not-over": (restore: Restore, nowMs: number): boolean => nowMs < restore.expiresMs,
  /** attestation-mismatch: a restore of one stop would lift every later one of the same target. */
  "restore-of-stop": (restore: Restore, inForce: string): boolean => restore.stop === inForce,
  /** replayed: a stop could be set under an id whose restore is known already. */
  "stop-id-new": (lifted: boolean): boolean => !lifted,
  /** forbidden: the intent-manager could lock the tenant's people out for good. */
  "root-not-revoked": (kid: string, rootKid: string): boolean => kid !== rootKid,
  /** forbidden: an executor would go on signing with a key that counts for nothing, and no verifier would believe its chain again. */
  "signing-key-not-revoked": (kid: string, ownKid: string): boolean => kid !== ownKid,
  /** key-revoked: whoever stole a key of the executors could say which later actions were taken back. */
  "receipt-signer-not-revoked": (kid: string, revoked: ReadonlySet<string>): boolean => !revoked.has(kid),
  /** key-unknown: whoever stole a key of the ledger could go on showing checkpoints. */
  "checkpoint-signer-not-revoked": (kid: string, revoked: ReadonlySet<string>): boolean => !revoked.has(kid),

  /** checkpoint-inconsistent: the ledger could show another history to this executor. */
  "checkpoint-consistent": (proved: boolean): boolean => proved,
  /** chain-fork: a rewound executor would write a second history behind the first. */
  "cursor-not-ahead": (cursor: number, head: number): boolean => cursor <= head,
  /** note-malformed: a checkpoint too large for any record would keep this executor from recording anything. */
  "checkpoint-size": (note: string): boolean => note.length <= LIMITS.checkpointChars,
};
