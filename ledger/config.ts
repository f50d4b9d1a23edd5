/**
 * The ledger's configuration: whom it trusts, and the key with which it signs checkpoints. Parsed once per isolate.
 */
import * as z from "zod";
import { fromBase64Url } from "../shared/bytes.ts";
import { importSigner, keyId, PrivateJwk, signEd25519, type PublicJwk } from "../shared/keys.ts";
import { parseStrictJson } from "../shared/json.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { noteVerifier, type NoteSigner, type NoteVerifier } from "../shared/tlog/note.ts";
import { everTrusted, logOriginOf, Trust } from "../shared/trust.ts";

export type LedgerConfig = {
  readonly trust: Trust;
  /** Keys of executors that may sign statements, by key id. */
  readonly receiptKeys: ReadonlyMap<string, PublicJwk>;
  /** The signer of a tenant's checkpoints, under the log's origin as its name. */
  readonly checkpointSigner: (tenant: string) => CheckpointSigner;
  /** Ids of the keys that sign checkpoints: one, and the one before it while that is being replaced. */
  readonly signing: readonly string[];
  /** Every key that may have signed a checkpoint of the tenant. */
  readonly logKeys: (tenant: string) => readonly NoteVerifier[];
};

/** `also` signs the same notes, so that those who know only the key before can follow while it is being replaced. */
export type CheckpointSigner = NoteSigner & { readonly also?: readonly NoteSigner[] };

export type Settings = {
  readonly TRUST: string;
  /** A private JWK, or an array of the one in use and the one before it. */
  readonly CHECKPOINT_KEY: string;
  /** See ledger/keeping.ts. */
  readonly LOG_KEEPING?: string;
};

const CheckpointKeys = z.union([PrivateJwk.transform((key) => [key]), z.array(PrivateJwk).min(1).max(2)]);

let parsed: { readonly settings: Settings; readonly config: Result<LedgerConfig> } | undefined;

/**
 * The configuration of these settings.
 * @returns not-running where TRUST or CHECKPOINT_KEY is absent or malformed, or where the key is none of TRUST's checkpoint keys:
 *   nobody would believe what it signs.
 */
export async function configOf({ TRUST, CHECKPOINT_KEY }: Settings): Promise<Result<LedgerConfig>> {
  if (parsed?.settings.TRUST !== TRUST || parsed.settings.CHECKPOINT_KEY !== CHECKPOINT_KEY)
    parsed = { settings: { TRUST, CHECKPOINT_KEY }, config: await read({ TRUST, CHECKPOINT_KEY }) };
  return parsed.config;
}

async function read({ TRUST, CHECKPOINT_KEY }: Settings): Promise<Result<LedgerConfig>> {
  const trust = schemaOf(Trust, TRUST);
  if (trust === null) return refuse("TRUST is not a trust configuration");
  const keys = schemaOf(CheckpointKeys, CHECKPOINT_KEY);
  if (keys === null) return refuse("CHECKPOINT_KEY is not a private key");
  const isTrusted = (key: PrivateJwk) => trust.checkpointKeys.some((trusted) => keyId(trusted) === keyId(key));
  if (!keys.every(isTrusted)) return refuse("CHECKPOINT_KEY is none of the checkpoint keys in TRUST");

  const signers = await Promise.all(
    keys.map(async (key) => ({ ...(await importSigner(key)), publicKey: fromBase64Url(key.x)! })),
  );
  const signerByTenant = new Map<string, CheckpointSigner>();
  return ok({
    trust,
    signing: signers.map(({ kid }) => kid),
    receiptKeys: new Map(trust.receiptKeys.map((jwk) => [keyId(jwk), jwk])),
    logKeys: (tenant) =>
      everTrusted(trust, "checkpointKeys").map(({ x }) => noteVerifier(logOriginOf(trust, tenant), fromBase64Url(x)!)),
    checkpointSigner: (tenant) => {
      let signer = signerByTenant.get(tenant);
      if (signer === undefined) {
        const [own, ...also] = signers.map(({ privateKey, publicKey }): NoteSigner => ({
          ...noteVerifier(logOriginOf(trust, tenant), publicKey),
          sign: (message) => signEd25519(privateKey, message),
        }));
        signer = also.length === 0 ? own! : { ...own!, also };
        signerByTenant.set(tenant, signer);
      }
      return signer;
    },
  });
}

const refuse = (detail: string) => err(problem("not-running", `The ledger is not configured: ${detail}.`));

function schemaOf<T>(schema: { safeParse(value: unknown): { success: boolean; data?: T } }, text: unknown): T | null {
  const value = typeof text === "string" ? parseStrictJson(text) : null;
  if (value === null || !value.ok) return null;
  const result = schema.safeParse(value.value);
  return result.success ? result.data! : null;
}
