/**
 * When to try again: exponential backoff with full jitter, inside a budget. Pure: time and randomness are passed in, so the same inputs
 * always give the same pause.
 */
import { fromBase64Url } from "./bytes.ts";

/** `baseMs * factor^(n-1)`, at most `capMs`, bounds the pause after the n-th try; at most `attempts` tries, all within `totalMs`. */
export type RetryPolicy = {
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
  readonly attempts: number;
  readonly totalMs: number;
};

export type Tried = {
  /** Tries so far, at least 1. */
  readonly tries: number;
  /** Since the first of them ended. */
  readonly elapsedMs: number;
  /** From 0 to below 1. */
  readonly chance: number;
  /** The other side asked not to be called again before this many milliseconds. */
  readonly retryAfterMs?: number | undefined;
};

/**
 * Milliseconds until the next try, or null where the budget is spent. A wish of the other side is never undercut: where it does not fit
 * the budget, there is no further try.
 */
export function pauseMs(policy: RetryPolicy, { tries, elapsedMs, chance, retryAfterMs = 0 }: Tried): number | null {
  if (tries >= policy.attempts) return null;
  const wish = Number.isFinite(retryAfterMs) ? Math.max(0, Math.ceil(retryAfterMs)) : Infinity;
  const pause = Math.max(Math.floor(chance * (ceilingMs(policy, tries) + 1)), wish);
  return elapsedMs + pause > policy.totalMs ? null : pause;
}

/** Longest pause after the n-th try. */
export const ceilingMs = (
  { baseMs, factor, capMs }: Omit<RetryPolicy, "attempts" | "totalMs">,
  tries: number,
): number => Math.min(capMs, baseMs * factor ** (tries - 1));

/** A number from 0 to below 1 out of random bytes in base64url; of the first 48 bits. */
export function chanceOf(random: string): number {
  const bytes = fromBase64Url(random.slice(0, 8)) ?? new Uint8Array(6);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 48;
}
