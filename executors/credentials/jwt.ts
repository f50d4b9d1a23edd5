/** Short-lived JSON Web Tokens, signed with Ed25519 (EdDSA) or RSA (RS256) through WebCrypto. */
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { SigningKey } from "./config.ts";

export type Claims = { readonly issuer: string; readonly subject: string; readonly audience: string };
export type Signing = {
  readonly nowMs: number;
  /** `jti`: unique for each token. */
  readonly id: string;
};

/** Claims iss, sub, aud, iat, exp and jti (RFC 7523 §3). Ends `LIMITS.assertionMs` after `nowMs`. */
export async function signedJwt(
  key: SigningKey,
  keyId: string | undefined,
  claims: Claims,
  { nowMs, id }: Signing,
): Promise<string> {
  const algorithm = ALGORITHMS[key.kty];
  const seconds = Math.floor(nowMs / 1_000);
  const header = { alg: algorithm.alg, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const payload = {
    iss: claims.issuer,
    sub: claims.subject,
    aud: claims.audience,
    iat: seconds,
    exp: seconds + LIMITS.assertionMs / 1_000,
    jti: id,
  };
  const input = [header, payload].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  const imported = await crypto.subtle.importKey("jwk", key as JsonWebKey, algorithm.webCrypto, false, ["sign"]);
  const signature = await crypto.subtle.sign(algorithm.webCrypto.name, imported, utf8(input));
  return `${input}.${toBase64Url(new Uint8Array(signature))}`;
}

const ALGORITHMS = {
  OKP: { alg: "EdDSA", webCrypto: { name: "Ed25519" } },
  RSA: { alg: "RS256", webCrypto: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } },
} as const;
