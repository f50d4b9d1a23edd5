/**
 * How much new work this isolate is in the middle of. Past a bound further work is refused at once, before anything is read, verified or
 * written for it: what is refused early costs almost nothing, what is accepted comes to its end, and the rest of the interface (reads,
 * people's decisions, stops) stays usable.
 *
 * B1  At most LIMITS.workInFlight requests are being worked on. One that is older than LIMITS.workMs only waits, for a target or for a
 *     task to settle, and does not count.
 * B2  At most LIMITS.workHeld requests are held at all.
 * B3  While a timer that is due comes more than LIMITS.turnLagMs late, requests queue where they cannot be seen: no more work is taken than
 *     LIMITS.workCalm at a time, and no more than LIMITS.workTight once it is more than LIMITS.turnLateMs: the sooner a request is refused,
 *     the shorter that queue. One timer at a time is under way, set by whoever comes.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Background } from "./fresh-cache.ts";

/** Requests are counted by the quarter of LIMITS.workMs in which they came. */
const PARTS = 4;
const PART_MS = LIMITS.workMs / PARTS;

export type Entry = { readonly refused: Problem } | { readonly refused: null; readonly leave: () => void };

/** Work that is done at a time while timers come so late. */
function boundAt(lagMs: number): number {
  if (lagMs > LIMITS.turnLateMs) return LIMITS.workTight;
  return lagMs > LIMITS.turnLagMs ? LIMITS.workCalm : LIMITS.workInFlight;
}

export class Pressure {
  readonly #nowMs: () => number;
  readonly #turn: () => Promise<void>;
  readonly #openByPart = new Map<number, number>();
  #held = 0;
  #lagMs = 0;
  #probedMs: number | null = null;

  /** `turn` resolves when a timer that is due at once has fired. */
  constructor(nowMs: () => number, turn: () => Promise<void>) {
    this.#nowMs = nowMs;
    this.#turn = turn;
  }

  /** Takes new work, and then `leave` is owed; or says why not. */
  enter(nowMs: number, background: Background): Entry {
    const part = Math.floor(nowMs / PART_MS);
    const active = this.#active(part);
    if (active >= LIMITS.workCalm || this.#lagMs > LIMITS.turnLagMs) this.#probe(nowMs, background);
    if (this.#held >= LIMITS.workHeld || active >= boundAt(this.#lagAt(nowMs)))
      return { refused: problem("overloaded", "More work is under way here than can be done in time.") };
    this.#held++;
    this.#openByPart.set(part, (this.#openByPart.get(part) ?? 0) + 1);
    return { refused: null, leave: () => this.#leave(part) };
  }

  #active(part: number): number {
    let count = 0;
    for (const [at, open] of this.#openByPart) if (at > part - PARTS) count += open;
    return count;
  }

  /** How late the last timer came, or the present one is already. */
  #lagAt(nowMs: number): number {
    return this.#probedMs === null ? this.#lagMs : Math.max(this.#lagMs, nowMs - this.#probedMs);
  }

  #probe(nowMs: number, background: Background): void {
    // One that was lost with its request is given up.
    if (this.#probedMs !== null && nowMs - this.#probedMs < LIMITS.workMs) return;
    this.#probedMs = nowMs;
    background(
      this.#turn().then(() => {
        this.#lagMs = this.#nowMs() - nowMs;
        this.#probedMs = null;
      }),
    );
  }

  #leave(part: number): void {
    this.#held--;
    const left = this.#openByPart.get(part)! - 1;
    if (left === 0) this.#openByPart.delete(part);
    else this.#openByPart.set(part, left);
  }
}
