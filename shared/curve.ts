/** Encodings of Ed25519's points and scalars (RFC 8032), as far as the protocol judges them itself. Facts only: what is refused for them stands in guards.ts. */
import { fromHex, toHex } from "./bytes.ts";

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

/** Whether 32 bytes encode a point of small order, canonically or not. */
export function hasSmallOrder(point: Uint8Array): boolean {
  const y = Uint8Array.from(point);
  y[31]! &= 0x7f;
  return SMALL_ORDER_Y.has(toHex(y));
}

/** Whether the y coordinate of a point's 32 bytes is below the field prime p = 2^255 - 19. */
export const isBelowPrime = (point: Uint8Array): boolean =>
  (point[31]! & 0x7f) !== 0x7f || point[0]! < 0xed || point.subarray(1, 31).some((byte) => byte !== 0xff);

/** Whether 32 bytes are a scalar below the group order. */
export function isBelowGroupOrder(scalar: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = scalar[i]!;
    const limit = GROUP_ORDER[i]!;
    if (byte !== limit) return byte < limit;
  }
  return false;
}
