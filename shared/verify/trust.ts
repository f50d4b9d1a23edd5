/**
 * Whom a verification trusts: public keys that the auditor pinned beforehand. They never come from what is verified.
 */
import { fromBase64Url } from "../bytes.ts";
import { keyId, type PublicJwk } from "../keys.ts";
import type { TenantAnchor } from "../members.ts";
import { noteVerifier, type NoteVerifier } from "../tlog/note.ts";
import { everTrusted, logOriginOf, type Trust } from "../trust.ts";

export type VerifierTrust = {
  readonly anchor: TenantAnchor;
  /** By key id; retired ones too, because a signature is judged by its place: before the `key-revoked` of its executor, or after it. */
  readonly proposalKeys: ReadonlyMap<string, PublicJwk>;
  readonly receiptKeys: ReadonlyMap<string, PublicJwk>;
  /** Keys of the log, each under the origin as its name. */
  readonly logKeys: readonly NoteVerifier[];
  readonly origin: string;
  readonly regions: readonly string[];
  readonly shards: number;
};

const byId = (keys: readonly PublicJwk[]) => new Map(keys.map((key) => [keyId(key), key]));

/** What a trust configuration pins for one tenant; null where it does not know the tenant. */
export function verifierTrust(trust: Trust, tenant: string): VerifierTrust | null {
  const known = Object.hasOwn(trust.tenants, tenant) ? trust.tenants[tenant] : undefined;
  if (known === undefined) return null;
  const origin = logOriginOf(trust, tenant);
  return {
    anchor: { tenant, rootKey: known.rootKey },
    proposalKeys: byId(everTrusted(trust, "proposalKeys")),
    receiptKeys: byId(everTrusted(trust, "receiptKeys")),
    logKeys: everTrusted(trust, "checkpointKeys").map(({ x }) => noteVerifier(origin, fromBase64Url(x)!)),
    origin,
    regions: known.regions,
    shards: known.shards,
  };
}
