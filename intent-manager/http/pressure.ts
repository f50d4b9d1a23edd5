/**
 * How much new work this isolate is in the middle of. Past a bound further work is refused at once, before anything is read, verified or
 * written for it: what is refused early costs little more than any request does, what is accepted comes to its end, and the rest of the
 * interface (reads, people's decisions, stops) stays usable.
 *
 * B1  At most LIMITS.workInFlight requests are being worked on. One that is older than LIMITS.workMs only waits, for a target or for a
 *     task to settle, and does not count.
 * B2  At most LIMITS.workHeld requests are held at all. One that has not left after LIMITS.workForgottenMs was dropped with its client.
 * B3  Requests that wait before the isolate has seen them cannot be refused, and a turn of its event loop lasts as long as the work that was
 *     begun in it. So where LIMITS.workAtOnce or more are under way, work that is taken begins only after a turn that brought fewer than
 *     LIMITS.turnArrivals requests: what waited unseen has been seen then. At the latest after LIMITS.turnsWaited turns or
 *     LIMITS.turnLostMs. One request watches the turns; the others look by timers of their own, every LIMITS.workLookMs at last: a promise
 *     that another request's code resolves may go on in that request's name.
 * B4  The bound follows the length of a turn, which a timer that is due at once measures: a turn longer than LIMITS.turnMs in which work was
 *     refused takes a half of it, a shorter one adds a quarter, or just one where work was refused. It stays between LIMITS.workLeast and B1.
 *     One such timer at a time is under way; one that is LIMITS.turnLostMs late counts as a long turn.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Background } from "./fresh-cache.ts";

/** Requests are counted by the quarter of LIMITS.workMs in which they came. */
const PARTS = 4;
const PART_MS = LIMITS.workMs / PARTS;
const FORGOTTEN_PARTS = LIMITS.workForgottenMs / PART_MS;
const GROWTH = 0.25;
const SHRINKAGE = 0.5;

export type Entry =
  | { readonly refused: Problem }
  /** `mayBegin` is asked again and again until it is true; null for at once. */
  | { readonly refused: null; readonly mayBegin: (() => boolean) | null; readonly leave: () => void };

export class Pressure {
  readonly #nowMs: () => number;
  readonly #turn: () => Promise<void>;
  readonly #openByPart = new Map<number, number>();
  #held = 0;
  #part = 0;
  #bound: number = LIMITS.workInFlight;
  /** Counts the turns after which work began; what came under one number begins under the next. */
  #beginning = 0;
  #isAwaited = false;
  #arrivedInTurn = 0;
  #refusedInTurn = 0;
  #turnsWaited = 0;
  #turnBeganMs: number | null = null;

  /** `turn` resolves when a timer that is due at once has fired. */
  constructor(nowMs: () => number, turn: () => Promise<void>) {
    this.#nowMs = nowMs;
    this.#turn = turn;
  }

  /** Takes new work, and then `leave` is owed; or says why not. */
  enter(nowMs: number, background: Background): Entry {
    const part = Math.floor(nowMs / PART_MS);
    if (part !== this.#part) this.#forget(part);
    this.#arrivedInTurn++;
    const active = this.#active(part);
    const isFull = this.#held >= LIMITS.workHeld || active >= Math.floor(this.#bound);
    const waits = !isFull && active >= LIMITS.workAtOnce;
    if (isFull) this.#refusedInTurn++;
    if (waits) this.#isAwaited = true;
    if (isFull || waits || this.#bound < LIMITS.workInFlight) this.#watchTurn(nowMs, background);
    if (isFull) return { refused: problem("overloaded", "More work is under way here than can be done in time.") };
    this.#held++;
    this.#openByPart.set(part, (this.#openByPart.get(part) ?? 0) + 1);
    const at = this.#beginning;
    return {
      refused: null,
      mayBegin: waits ? () => this.#beginning !== at || this.#nowMs() - nowMs >= LIMITS.turnLostMs : null,
      leave: () => this.#leave(part),
    };
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
        if (this.#turnBeganMs !== nowMs) return;
        const thenMs = this.#nowMs();
        this.#endTurn(thenMs - nowMs);
        if (this.#isAwaited) this.#watchTurn(thenMs, background);
      }),
    );
  }

  #endTurn(tookMs: number): void {
    const hasRefused = this.#refusedInTurn > 0;
    if (tookMs <= LIMITS.turnMs) this.#bound += hasRefused ? 1 : Math.max(1, GROWTH * this.#bound);
    else if (hasRefused) this.#bound *= SHRINKAGE;
    this.#bound = Math.min(LIMITS.workInFlight, Math.max(LIMITS.workLeast, this.#bound));
    const mayWaitUnseen = this.#arrivedInTurn >= LIMITS.turnArrivals;
    this.#arrivedInTurn = 0;
    this.#refusedInTurn = 0;
    this.#turnBeganMs = null;
    if (!this.#isAwaited || (mayWaitUnseen && ++this.#turnsWaited < LIMITS.turnsWaited)) return;
    this.#isAwaited = false;
    this.#turnsWaited = 0;
    this.#beginning++;
  }

  #leave(part: number): void {
    const open = this.#openByPart.get(part);
    if (open === undefined) return;
    this.#held--;
    if (open === 1) this.#openByPart.delete(part);
    else this.#openByPart.set(part, open - 1);
  }

  #forget(part: number): void {
    this.#part = part;
    for (const [at, open] of this.#openByPart)
      if (at <= part - FORGOTTEN_PARTS) {
        this.#held -= open;
        this.#openByPart.delete(at);
      }
  }
}
