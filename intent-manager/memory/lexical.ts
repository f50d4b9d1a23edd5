/**
 * The embedding that is built in: hashed character n-grams. It is lexical: texts with the same letters in the same order are near each other,
 * whatever they mean, and a synonym is as far away as any other word. It needs no network, no model and no training, and is the same everywhere.
 *
 * A text is lower-cased (NFKC), what is neither letter nor digit becomes one space, and each n-gram of 2 to 4 characters is hashed (FNV-1a) to
 * one of the vector's places with a sign. Counts are damped (1 + ln n), longer n-grams weigh more, and the vector has length 1.
 */
import { LEXICAL_DIMENSIONS } from "../../shared/memory.ts";

const SIZES = [2, 3, 4] as const;
const WEIGHTS = { 2: 0.4, 3: 0.8, 4: 1 } as const;

/** A text without letters and digits is the zero vector, which is near nothing. */
export function lexicalVector(text: string): Float32Array {
  const plain = ` ${text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;
  const vector = new Float32Array(LEXICAL_DIMENSIONS);
  if (plain.length < 3) return vector;
  const characters = [...plain];
  for (const size of SIZES) {
    const counts = new Map<string, number>();
    for (let at = 0; at + size <= characters.length; at++) {
      const gram = characters.slice(at, at + size).join("");
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    for (const [gram, count] of counts) {
      const hash = fnv1a(gram);
      const sign = hash & 1 ? 1 : -1;
      vector[(hash >>> 1) % LEXICAL_DIMENSIONS]! += sign * WEIGHTS[size] * (1 + Math.log(count));
    }
  }
  return unit(vector);
}

/** The vector with length 1; zero stays zero. */
export function unit(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const x of vector) sum += x * x;
  if (sum === 0) return vector;
  const scale = 1 / Math.sqrt(sum);
  return vector.map((x) => x * scale);
}

/** 32 bits over the UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unitOf = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unitOf & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unitOf >>> 8), 0x01000193);
  }
  // The low bits decide place and sign; mix the high ones in.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
