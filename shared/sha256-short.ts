/**
 * SHA-256 (FIPS 180-4) of short inputs in plain ECMAScript. Asking `node:crypto` costs more than the hash itself where there is little to
 * hash, and most of what the protocol hashes is little: commitments, keys, steps. `sha256.node.ts` chooses; the tests hold both to the same bytes.
 */
import type { Bytes } from "./bytes.ts";

/** Longest input, in bytes, for which this is the faster way (measured in workerd). */
export const SHORT_BYTES = 512;

const primes = (count: number): number[] => {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
};
/** The first 32 bits of the fractional part. Exact: a double holds 21 more bits than are asked for. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;
const K = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

/** The padded message and the schedule. One hash is made at a time and nothing is awaited meanwhile, so they are shared. */
const message = new Uint8Array(SHORT_BYTES + 72);
const words = new Int32Array(64);
const state = new Int32Array(8);
const encoder = new TextEncoder();

/** The digest of at most {@link SHORT_BYTES} bytes, a text as its UTF-8; null for anything longer. */
export function sha256Short(input: Uint8Array | string): Bytes | null {
  if (input.length > SHORT_BYTES) return null;
  let length = input.length;
  if (typeof input === "string") {
    let units = 0;
    for (let i = 0; i < length; i++) units |= message[i] = input.charCodeAt(i);
    if (units > 0x7f) {
      const written = encoder.encodeInto(input, message);
      if (written.written > SHORT_BYTES || written.read < input.length) return null;
      length = written.written;
    }
  } else message.set(input);
  const padded = (length + 72) & ~63;
  message.fill(0, length, padded);
  message[length] = 0x80;
  message[padded - 2] = (length << 3) >> 8;
  message[padded - 1] = length << 3;
  state.set(START);
  for (let at = 0; at < padded; at += 64) compress(at);
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) {
    const word = state[i]!;
    digest[4 * i] = word >>> 24;
    digest[4 * i + 1] = word >>> 16;
    digest[4 * i + 2] = word >>> 8;
    digest[4 * i + 3] = word;
  }
  return digest;
}

function compress(start: number): void {
  const w = words;
  for (let i = 0, at = start; i < 16; i++, at += 4)
    w[i] = (message[at]! << 24) | (message[at + 1]! << 16) | (message[at + 2]! << 8) | message[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
  state[5] = state[5]! + f;
  state[6] = state[6]! + g;
  state[7] = state[7]! + h;
}
