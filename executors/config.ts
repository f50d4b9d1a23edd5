/** The executors' configuration: whom they trust and the key they sign receipts with. Parsed once per isolate; a malformed one stops everything. */
import { fromBase64Url, utf8 } from "../shared/bytes.ts";
import { parseStrictJson } from "../shared/json.ts";
import { importSigner, keyId, PrivateJwk, type PublicJwk, type Signer } from "../shared/keys.ts";
import { problem } from "../shared/problems.ts";
import { sha256 } from "../shared/sha256.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { ExecutorKeys } from "../shared/rpc.ts";
import { noteVerifier, type NoteVerifier } from "../shared/tlog/note.ts";
import { everTrusted, logOriginOf, Trust, type KeyKind, type TenantTrust } from "../shared/trust.ts";
import { GUARDS } from "./guards/index.ts";

export type ExecutorsConfig = {
  readonly trust: Trust;
  readonly proposalKeys: ReadonlyMap<string, PublicJwk>;
  readonly receiptSigner: () => Promise<Signer>;
  /** Draws the audit sample (shared/sampling.ts): follows from the receipt key, so nobody outside of the executors knows it. */
  readonly samplingKey: Uint8Array;
};

export type ExecutorsSettings = { readonly TRUST: string; readonly RECEIPT_KEY: string };

let cached: { readonly settings: ExecutorsSettings; readonly config: Result<ExecutorsConfig> } | null = null;

/** Errors: not-running where TRUST or RECEIPT_KEY is absent or malformed. */
export function configOf(settings: ExecutorsSettings): Result<ExecutorsConfig> {
  if (cached?.settings.TRUST !== settings.TRUST || cached.settings.RECEIPT_KEY !== settings.RECEIPT_KEY)
    cached = { settings: { TRUST: settings.TRUST, RECEIPT_KEY: settings.RECEIPT_KEY }, config: read(settings) };
  return cached.config;
}

function read({ TRUST, RECEIPT_KEY }: ExecutorsSettings): Result<ExecutorsConfig> {
  const trustJson = parseStrictJson(TRUST);
  const trust = trustJson.ok ? Trust.safeParse(trustJson.value) : null;
  if (trust === null || !trust.success)
    return err(problem("not-running", "The executors are not configured: TRUST is not a trust configuration."));
  const keyJson = parseStrictJson(RECEIPT_KEY);
  const key = keyJson.ok ? PrivateJwk.safeParse(keyJson.value) : null;
  if (key === null || !key.success)
    return err(problem("not-running", "The executors are not configured: RECEIPT_KEY is not a private key."));
  let signer: Promise<Signer> | null = null;
  return ok({
    trust: trust.data,
    proposalKeys: new Map(trust.data.proposalKeys.map((jwk) => [keyId(jwk), jwk])),
    samplingKey: sha256(utf8(`countersign audit sample\n${key.data.d}`)),
    receiptSigner: () => (signer ??= importSigner(key.data)),
  });
}

export const tenantTrust = (config: ExecutorsConfig, tenant: string): TenantTrust | null =>
  Object.hasOwn(config.trust.tenants, tenant) ? config.trust.tenants[tenant]! : null;

/** Keys that may sign checkpoints of this tenant's log: those of the configuration that are not revoked here. */
export const logKeysOf = (
  config: { readonly trust: Pick<Trust, "checkpointKeys" | "logOrigin"> },
  tenant: string,
  revoked: ReadonlySet<string>,
): NoteVerifier[] =>
  config.trust.checkpointKeys
    .filter((jwk) => GUARDS["checkpoint-signer-not-revoked"](keyId(jwk), revoked))
    .map((jwk) => noteVerifier(logOriginOf(config.trust, tenant), fromBase64Url(jwk.x)!));

const KINDS: readonly KeyKind[] = ["proposalKeys", "receiptKeys", "checkpointKeys"];

/** How the keys of the three planes stand at one executor: which one it signs with, whom it believes, and which of them it has revoked. */
export async function keysHere(
  { trust, receiptSigner }: Pick<ExecutorsConfig, "trust" | "receiptSigner">,
  revoked: ReadonlySet<string>,
): Promise<ExecutorKeys> {
  const ever = KINDS.flatMap((kind) => everTrusted(trust, kind).map(keyId));
  return {
    signs: (await receiptSigner()).kid,
    trusts: KINDS.flatMap((kind) => trust[kind].map(keyId)),
    revoked: ever.filter((kid) => revoked.has(kid)),
  };
}
