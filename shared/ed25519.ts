/**
 * The rules about Ed25519 encodings that the protocol fixes itself, before any platform is asked, so that every component gives
 * the same verdict: which public keys are acceptable, and which signatures (RFC 8032, section 5.1.7).
 */
import { fromBase64Url } from "./bytes.ts";
import { GUARDS } from "./guards.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/**
 * The 32 bytes of an acceptable Ed25519 public key, given as bytes or as the `x` of a JWK.
 * Refuses with `key-malformed` (not 32 bytes, not canonical base64url), `key-small-order` (the 14 encodings of points of small
 * order, canonical or not) and `key-not-canonical` (y ≥ p; no other key can have x = 0, where a sign bit would be a second spelling).
 * Whether the point lies on the curve is left to the platform: under a key that does not, no signature verifies.
 */
export function checkPublicKey(x: string | Uint8Array): Result<Uint8Array> {
  const bytes = typeof x === "string" ? fromBase64Url(x) : x;
  if (bytes === null || bytes.length !== PUBLIC_KEY_BYTES)
    return err(problem("key-malformed", "An Ed25519 public key is 32 bytes, as canonical base64url without padding."));
  if (!GUARDS["key-order"](bytes)) return err(problem("key-small-order", "The public key is a point of small order."));
  if (!GUARDS["key-canonical"](bytes))
    return err(problem("key-not-canonical", "The y coordinate of the public key is not below the field prime."));
  return ok(bytes);
}

/**
 * Whether a signature R ‖ S has 64 bytes, S below the group order (otherwise S + L is a second signature) and R not of small order.
 * Engines differ on the last: the WebCrypto specification and Node refuse such an R, workerd does not. No honest signer makes one.
 */
export function isAcceptableSignature(signature: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    GUARDS["signature-scalar"](signature.subarray(32)) &&
    GUARDS["signature-point"](signature.subarray(0, 32))
  );
}
