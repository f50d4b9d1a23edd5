/** Chance that can be had again: the same seed gives the same documents. */
export type Random = {
  readonly next: () => number;
  readonly int: (from: number, to: number) => number;
  readonly one: <T>(list: readonly T[]) => T;
  readonly chance: (part: number) => boolean;
  readonly digits: (count: number) => string;
};

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    one: (list) => list[int(0, list.length - 1)]!,
    chance: (part) => next() < part,
    digits: (count) => Array.from({ length: count }, () => int(0, 9)).join(""),
  };
}
