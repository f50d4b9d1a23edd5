/**
 * The trust configuration: public keys that stand in the deploy configuration of the executors and the ledger, outside the reach
 * of whoever takes the intent-manager over. Nothing in it is secret.
 */
import * as z from "zod";
import { PublicJwk } from "./keys.ts";
import { RegionId, TenantId } from "./ids.ts";
import { LIMITS } from "./limits.ts";

/** Two keys of one kind may be valid at a time, so that a rotation refuses nothing in flight. */
const Keys = z.array(PublicJwk).min(1).max(2);

/** Keys that signed once and sign no more: what they signed before each executor's `key-revoked` stands, and nobody but a verifier asks them. */
const Retired = z.array(PublicJwk).max(LIMITS.retiredKeys);

export const TenantTrust = z.strictObject({
  /** The tenant's root public key: every enrolment and promotion chains to it. */
  rootKey: PublicJwk,
  regions: z.array(RegionId).min(1).max(16),
  /** Executor objects for each region; fixed when the tenant is created, because task ids carry the shard. */
  shards: z.int().min(1).max(256),
});

export const Trust = z.strictObject({
  /** Keys of the intent-manager that may sign plans. */
  proposalKeys: Keys,
  /** Keys of the executors that may sign receipts and chain statements. */
  receiptKeys: Keys,
  /** Keys of the ledger that may sign checkpoints; the log's origin is `countersign.local/{tenant}` unless `logOrigin` says otherwise. */
  checkpointKeys: Keys,
  /** Keys of earlier rotations, for verifiers of what is old: no executor and no ledger takes anything new from them. */
  retired: z.strictObject({ proposalKeys: Retired, receiptKeys: Retired, checkpointKeys: Retired }).optional(),
  /** When each key was brought in (Unix ms), by key id, as whoever rotated it wrote down: shown to people, relied on by nobody. */
  since: z.record(z.string().length(43), z.int().min(0)).optional(),
  /** Prefix of each tenant's log origin (C2SP tlog-checkpoint), without a slash at the end. */
  logOrigin: z.string().regex(/^[a-z0-9.-]+(\/[a-z0-9.-]+)*$/),
  tenants: z.record(TenantId, TenantTrust),
});
export type Trust = z.infer<typeof Trust>;
export type TenantTrust = z.infer<typeof TenantTrust>;

/**
 * The trust configuration that a server shows (`GET /v1/trust`), for one tenant; null where it does not say what the log's origin is, or
 * says something that is none. As good as the server's word.
 */
export function trustOfShown(shown: {
  readonly tenant: string;
  readonly rootKey: PublicJwk;
  readonly logOrigin: string | null;
  readonly regions: readonly string[];
  readonly shards: number;
  readonly proposalKeys: readonly PublicJwk[];
  readonly receiptKeys: readonly PublicJwk[];
  readonly checkpointKeys: readonly PublicJwk[];
  readonly retired?: { readonly [kind in KeyKind]: readonly PublicJwk[] } | undefined;
}): Trust | null {
  const { tenant, rootKey, regions, shards, logOrigin, proposalKeys, receiptKeys, checkpointKeys, retired } = shown;
  if (logOrigin === null || !logOrigin.endsWith(`/${tenant}`)) return null;
  const parsed = Trust.safeParse({
    proposalKeys,
    receiptKeys,
    checkpointKeys,
    ...(retired === undefined ? {} : { retired }),
    logOrigin: logOrigin.slice(0, -tenant.length - 1),
    tenants: { [tenant]: { rootKey, regions, shards } },
  });
  return parsed.success ? parsed.data : null;
}

/** The origin line of a tenant's log. */
export const logOriginOf = (trust: Pick<Trust, "logOrigin">, tenant: string): string => `${trust.logOrigin}/${tenant}`;

export type KeyKind = "proposalKeys" | "receiptKeys" | "checkpointKeys";

/** Every key that ever signed for a plane, as far as the configuration says: those in use, then the retired ones. */
export const everTrusted = (trust: Pick<Trust, KeyKind | "retired">, kind: KeyKind): readonly PublicJwk[] => [
  ...trust[kind],
  ...(trust.retired?.[kind] ?? []),
];
