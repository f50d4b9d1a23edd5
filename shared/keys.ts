/**
 * Ed25519 keys: their JWK form, their ids, and the only function of the product that verifies a signature.
 *
 * Keys are exchanged as {kty, crv, x} alone, private ones with d: engines disagree about the name of the algorithm, so `alg` never travels.
 * Signing and verifying go through WebCrypto, which Workers, Node and browsers share.
 */
import * as z from "zod";
import { checkPublicKey, isAcceptableSignature } from "./ed25519.ts";
import { fromBase64Url, toBase64Url, type Bytes } from "./bytes.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { sha256 } from "./sha256.ts";

export { checkPublicKey } from "./ed25519.ts";

/** 32 bytes in canonical base64url: the spelling is part of the key id. */
const Base64UrlOf32Bytes = z
  .string()
  .refine((text) => text.length === 43 && fromBase64Url(text) !== null, "32 bytes, base64url without padding");

/** A public key as it travels (RFC 8037). The shape only: `checkPublicKey` decides whether the point is acceptable. */
export const PublicJwk = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: Base64UrlOf32Bytes,
});
export type PublicJwk = z.infer<typeof PublicJwk>;

/** A private key at rest. Never logged, never in a response. */
export const PrivateJwk = z.strictObject({ ...PublicJwk.shape, d: Base64UrlOf32Bytes });
export type PrivateJwk = z.infer<typeof PrivateJwk>;

/** A key that can sign, under its id. */
export type Signer = { readonly kid: string; readonly privateKey: CryptoKey };

/** Pure functions of x that every verification needs, kept for a bounded number of keys; the oldest goes first. */
const kidByX = new Map<string, string>();
const publicKeyByX = new Map<string, CryptoKey>();

function remember<Value>(cache: Map<string, Value>, x: string, value: Value): Value {
  if (cache.size >= LIMITS.importedKeys) cache.delete(cache.keys().next().value!);
  cache.set(x, value);
  return value;
}

const ALGORITHM = { name: "Ed25519" } as const;

/** The RFC 7638 thumbprint (SHA-256, base64url) of an Ed25519 public key: the same key has the same id everywhere. */
export function keyId({ x }: { readonly x: string }): string {
  return kidByX.get(x) ?? remember(kidByX, x, toBase64Url(sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)));
}

/** A private key's public part, and nothing else of it. */
export const publicPart = (jwk: PublicJwk | PrivateJwk): PublicJwk => ({
  kty: "OKP",
  crv: "Ed25519",
  x: jwk.x,
});

/** Makes a key pair with the platform's randomness. Where `extractable` is false the private key never leaves the CryptoKey. */
export async function generateKeyPair({
  extractable,
}: {
  readonly extractable: boolean;
}): Promise<Signer & { publicJwk: PublicJwk }> {
  const pair = (await crypto.subtle.generateKey(ALGORITHM, extractable, ["sign", "verify"])) as CryptoKeyPair;
  const { x } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as { x: string };
  const publicJwk = publicPart({ kty: "OKP", crv: "Ed25519", x });
  return { kid: keyId(publicJwk), publicJwk, privateKey: pair.privateKey };
}

/** The JWK of an extractable private key, for storing it as a secret. */
export async function exportPrivateKey(privateKey: CryptoKey): Promise<PrivateJwk> {
  const { x, d } = (await crypto.subtle.exportKey("jwk", privateKey)) as { x: string; d: string };
  return { kty: "OKP", crv: "Ed25519", x, d };
}

/**
 * A private key, not extractable. It comes from our own configuration, so a malformed one throws.
 * Engines do not all check that x belongs to d; a key pair that does not match itself throws too.
 */
export async function importPrivateKey(jwk: PrivateJwk): Promise<CryptoKey> {
  const { kty, crv, x, d } = PrivateJwk.parse(jwk);
  const privateKey = await crypto.subtle.importKey("jwk", { kty, crv, x, d }, ALGORITHM, false, ["sign"]);
  const probe = new Uint8Array(1);
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, probe));
  if (!(await verifyEd25519({ x }, probe, signature)))
    throw new TypeError("the private key does not belong to its public key");
  return privateKey;
}

/** The signer of a stored private key. Throws as importPrivateKey does. */
export const importSigner = async (jwk: PrivateJwk): Promise<Signer> => ({
  kid: keyId(jwk),
  privateKey: await importPrivateKey(jwk),
});

/** A public key for verifying; refuses what checkPublicKey refuses. Imported keys are kept, a bounded number of them. */
export async function importPublicKey(key: { readonly x: string } | Uint8Array): Promise<Result<CryptoKey>> {
  const x = key instanceof Uint8Array ? toBase64Url(key) : key.x;
  const known = publicKeyByX.get(x);
  if (known !== undefined) return ok(known);
  const checked = checkPublicKey(x);
  if (!checked.ok) return err(checked.problem);
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", checked.value as Bytes, ALGORITHM, true, ["verify"]);
  } catch {
    // An engine may refuse a point that is not on the curve here, where others let no signature verify under it.
    return err(problem("key-malformed", "The public key is not a point of the curve."));
  }
  // Values are kept, not promises: in Workers a promise may not be awaited by another request than the one that made it.
  return ok(remember(publicKeyByX, x, imported));
}

/**
 * Whether an Ed25519 signature verifies (RFC 8032, PureEdDSA). False for a key or signature that `ed25519.ts` refuses.
 * Verification is cofactorless, as BoringSSL (workerd, Chromium) and OpenSSL (Node) do it; they differ only where that file decides first.
 */
export async function verifyEd25519(
  key: { readonly x: string } | Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!isAcceptableSignature(signature)) return false;
  const imported = await importPublicKey(key);
  return imported.ok && (await crypto.subtle.verify(ALGORITHM, imported.value, signature as Bytes, message as Bytes));
}

/** The 64-byte signature of a message. Ed25519 is deterministic: the same key and message give the same bytes. */
export const signEd25519 = async (privateKey: CryptoKey, message: Uint8Array): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, message as Bytes));
