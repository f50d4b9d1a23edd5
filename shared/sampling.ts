/**
 * The audit sample: which automatic actions people look at afterwards. Drawn by a keyed hash of the action and its release, under a key that only the
 * executors hold: whoever asks, plans or signs can neither foresee nor choose what is looked at, and the same action is drawn the same again.
 */
import * as z from "zod";
import { concat, utf8 } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

/** The sample rate is given in ten-thousandths: what was drawn stands for 10,000 / rate actions. */
export const SAMPLE_UNIT = 10_000;

export const Sampling = z.strictObject({
  /** Of so many automatic writes in 10,000 somebody says whether they were right. */
  rate: z.int().min(1).max(SAMPLE_UNIT),
  /** The cadence: what was drawn in one such span is to be judged by the end of the next one. */
  everyMs: z
    .int()
    .min(60_000)
    .max(90 * 86_400_000),
});
export type Sampling = z.infer<typeof Sampling>;

/** From 0 to below 10,000, the same for the same key and action. `key`: 32 bytes. */
export function drawOf(key: Uint8Array, action: string, release: string): number {
  const digest = sha256(concat(key, utf8(`${action}\n${release}`)));
  // 48 bits: the remainder's bias is far below one draw in a billion.
  const value = digest.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  return value % SAMPLE_UNIT;
}

export const dueOf = ({ everyMs }: Sampling, nowMs: number): number => (Math.floor(nowMs / everyMs) + 2) * everyMs;
