/**
 * How much new work this isolate is in the middle of. Past a bound further work is refused at once, before anything is read, verified or
 * written for it: what is refused early costs almost nothing, what is accepted comes to its end, and the rest of the interface (reads,
 * people's decisions, stops) stays usable.
 *
 * B1  At most LIMITS.workInFlight requests are being worked on. One that is older than LIMITS.workMs only waits, for a target or for a
 *     task to settle, and does not count.
 * B2  At most LIMITS.workHeld requests are held at all.
 * B3  Requests that wait before the isolate has seen them cannot be refused, and the more work is done in a turn of its event loop, the
 *     longer they wait. So the bound follows the length of a turn, which a timer that is due at once measures: a turn longer than
 *     LIMITS.turnMs in which work was refused takes a half of it, a shorter one adds a quarter, or just one where work was refused.
 *     It stays between LIMITS.workLeast and B1. One timer at a time is under way; one that is LIMITS.turnLostMs late counts as a long turn.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Background } from "./fresh-cache.ts";

/** Requests are counted by the quarter of LIMITS.workMs in which they came. */
const PARTS = 4;
const PART_MS = LIMITS.workMs / PARTS;
const GROWTH = 0.25;
const SHRINKAGE = 0.5;

export type Entry = { readonly refused: Problem } | { readonly refused: null; readonly leave: () => void };

export class Pressure {
  readonly #nowMs: () => number;
  readonly #turn: () => Promise<void>;
  readonly #openByPart = new Map<number, number>();
  #held = 0;
  #bound: number = LIMITS.workInFlight;
  #refusedInTurn = 0;
  #turnBeganMs: number | null = null;

  /** `turn` resolves when a timer that is due at once has fired. */
  constructor(nowMs: () => number, turn: () => Promise<void>) {
    this.#nowMs = nowMs;
    this.#turn = turn;
  }

  /** Takes new work, and then `leave` is owed; or says why not. */
  enter(nowMs: number, background: Background): Entry {
    const part = Math.floor(nowMs / PART_MS);
    const isFull = this.#held >= LIMITS.workHeld || this.#active(part) >= Math.floor(this.#bound);
    if (isFull) this.#refusedInTurn++;
    if (isFull || this.#bound < LIMITS.workInFlight) this.#watchTurn(nowMs, background);
    if (isFull) return { refused: problem("overloaded", "More work is under way here than can be done in time.") };
    this.#held++;
    this.#openByPart.set(part, (this.#openByPart.get(part) ?? 0) + 1);
    return { refused: null, leave: () => this.#leave(part) };
  }

  #active(part: number): number {
    let count = 0;
    for (const [at, open] of this.#openByPart) if (at > part - PARTS) count += open;
    return count;
  }

  #watchTurn(nowMs: number, background: Background): void {
    if (this.#turnBeganMs !== null) {
      if (nowMs - this.#turnBeganMs < LIMITS.turnLostMs) return;
      this.#endTurn(nowMs - this.#turnBeganMs);
    }
    this.#turnBeganMs = nowMs;
    background(
      this.#turn().then(() => {
        if (this.#turnBeganMs === nowMs) this.#endTurn(this.#nowMs() - nowMs);
      }),
    );
  }

  #endTurn(tookMs: number): void {
    const hasRefused = this.#refusedInTurn > 0;
    if (tookMs <= LIMITS.turnMs) this.#bound += hasRefused ? 1 : Math.max(1, GROWTH * this.#bound);
    else if (hasRefused) this.#bound *= SHRINKAGE;
    this.#bound = Math.min(LIMITS.workInFlight, Math.max(LIMITS.workLeast, this.#bound));
    this.#refusedInTurn = 0;
    this.#turnBeganMs = null;
  }

  #leave(part: number): void {
    this.#held--;
    const left = this.#openByPart.get(part)! - 1;
    if (left === 0) this.#openByPart.delete(part);
    else this.#openByPart.set(part, left);
  }
}
