/** How far a long reading has come: one line that is written over where a person sits there, a line every ten seconds otherwise. */
import type { Platform } from "../platform.ts";

const OVER_MS = 200;
const LINE_MS = 10_000;
/** Entries between two looks at the clock. */
const LOOK = 64;

/** Passes entries on and says how many there were, of how many, and how fast. */
export async function* counting(
  entries: AsyncIterable<Uint8Array>,
  {
    platform,
    what,
    total,
    from = 0,
  }: {
    readonly platform: Pick<Platform, "nowMs" | "err" | "isInteractive">;
    /** `verified`, `downloaded`. */
    readonly what: string;
    readonly total: number;
    readonly from?: number;
  },
): AsyncGenerator<Uint8Array> {
  const { isInteractive } = platform;
  const startMs = platform.nowMs();
  let saidMs = startMs;
  let count = from;
  const words = (nowMs: number) => {
    const perSecond = Math.round(((count - from) * 1_000) / Math.max(1, nowMs - startMs));
    return `${what} ${count} of ${total} entries, ${perSecond}/s`;
  };
  try {
    for await (const entry of entries) {
      yield entry;
      count += 1;
      if (count % LOOK !== 0) continue;
      const nowMs = platform.nowMs();
      if (nowMs - saidMs < (isInteractive ? OVER_MS : LINE_MS)) continue;
      saidMs = nowMs;
      platform.err(isInteractive ? `\r${words(nowMs)}\u001b[K` : `${words(nowMs)}\n`);
    }
  } finally {
    if (isInteractive && saidMs !== startMs) platform.err("\r\u001b[K");
  }
}
