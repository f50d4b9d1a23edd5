/**
 * How much new work this isolate is in the middle of. Past a bound further work is refused at once, before anything is read, verified or
 * written for it: what is refused early costs almost nothing, what is accepted comes to its end, and the rest of the interface (reads,
 * people's decisions, stops) stays usable.
 *
 * B1  At most LIMITS.workInFlight requests are being worked on. One that is older than LIMITS.workMs only waits, for a target or for a
 *     task to settle, and does not count.
 * B2  At most LIMITS.workHeld requests are held at all.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";

/** Requests are counted by the quarter of LIMITS.workMs in which they came. */
const PARTS = 4;
const PART_MS = LIMITS.workMs / PARTS;

export class Pressure {
  readonly #openByPart = new Map<number, number>();
  #held = 0;

  /** Null and `leave` is owed; or why the work is not taken. */
  enter(nowMs: number): { readonly refused: Problem } | { readonly refused: null; readonly leave: () => void } {
    const part = Math.floor(nowMs / PART_MS);
    if (this.#held >= LIMITS.workHeld || this.#recent(part) >= LIMITS.workInFlight)
      return { refused: problem("overloaded", "More work is under way here than can be done in time.") };
    this.#held++;
    this.#openByPart.set(part, (this.#openByPart.get(part) ?? 0) + 1);
    return { refused: null, leave: () => this.#leave(part) };
  }

  #recent(part: number): number {
    let count = 0;
    for (const [at, open] of this.#openByPart) if (at > part - PARTS) count += open;
    return count;
  }

  #leave(part: number): void {
    this.#held--;
    const left = this.#openByPart.get(part)! - 1;
    if (left === 0) this.#openByPart.delete(part);
    else this.#openByPart.set(part, left);
  }
}
