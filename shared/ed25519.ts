/**
 * The rules about Ed25519 encodings that the protocol fixes itself, before any platform is asked, so that every component gives
 * the same verdict: which public keys are acceptable, and which signatures (RFC 8032, section 5.1.7).
 */
import { fromBase64Url, fromHex, toHex } from "./bytes.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/**
 * The 7 spellings of y of the 8 points whose order divides 8; with either sign bit they make the 14 encodings to refuse.
 * Under such a key one signature verifies many messages, and workerd imports every one of them.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000", // order 4
  "0100000000000000000000000000000000000000000000000000000000000000", // order 1
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 4, y = p
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 1, y = p + 1
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
]);

/** The group order L = 2^252 + 27742317777372353535851937790883648493, little endian. */
const GROUP_ORDER = fromHex(`edd3f55c1a631258d69cf7a2def9de14${"00".repeat(15)}10`)!;

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
  if (hasSmallOrder(bytes)) return err(problem("key-small-order", "The public key is a point of small order."));
  if ((bytes[31]! & 0x7f) === 0x7f && bytes[0]! >= 0xed && bytes.subarray(1, 31).every((byte) => byte === 0xff))
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
    isBelowGroupOrder(signature.subarray(32)) &&
    !hasSmallOrder(signature.subarray(0, 32))
  );
}

function isBelowGroupOrder(scalar: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = scalar[i]!;
    const limit = GROUP_ORDER[i]!;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

/** Whether 32 bytes encode a point of small order, canonically or not. */
function hasSmallOrder(point: Uint8Array): boolean {
  const y = Uint8Array.from(point);
  y[31]! &= 0x7f;
  return SMALL_ORDER_Y.has(toHex(y));
}
