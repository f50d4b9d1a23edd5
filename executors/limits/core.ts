/**
 * One aggregate limit for one group, as pure rules over what it holds for an action.
 *
 * L1  The amounts of all reservations that are open, or were settled less than a window ago, are together at most `max`, except where people
 *     approved the overrun. An open reservation always counts: its action may still be happening.
 * L2  A reservation is one per action. Asking again for the same action renews it and counts it once.
 * L3  Turns of an action only rise: what an older turn says changes nothing (late and doubled calls).
 * L4  Only a proved failure releases; what is in doubt stays open.
 */
import { GUARDS } from "../guards/index.ts";

export type Entry = {
  readonly turn: number;
  readonly amount: number;
  /** When it was reserved, renewed, settled or released. */
  readonly atMs: number;
  readonly at: "open" | "settled" | "released";
};

export type Reserve = {
  readonly action: string;
  readonly turn: number;
  readonly amount: number;
  readonly max: number;
  readonly windowMs: number;
  /** People approved that this action exceeds the limit. */
  readonly approved: boolean;
  /** Only says what would happen. */
  readonly peek: boolean;
};

export type Reserved = {
  readonly granted: boolean;
  /** Granted although it exceeds the limit. */
  readonly over: boolean;
  /** What counts now, this action not included. */
  readonly used: number;
  /** The call is older than what the limit knows of the action. */
  readonly stale: boolean;
};

/** `used` is what counts now, with `existing` in it where that counts. */
export function reserve(
  used: number,
  existing: Entry | null,
  ask: Reserve,
  nowMs: number,
): { readonly answer: Reserved; readonly entry: Entry | null } {
  const others = used - (existing !== null && counts(existing, ask.windowMs, nowMs) ? existing.amount : 0);
  // L3. A settled action has happened: asking for it again is asking about the past.
  if (!GUARDS["limit-turn"](existing, ask.turn))
    return { answer: { granted: false, over: false, used: others, stale: true }, entry: null };
  const over = !GUARDS["limit-room"](others, ask.amount, ask.max);
  if (over && !ask.approved) return { answer: { granted: false, over, used: others, stale: false }, entry: null };
  const answer = { granted: true, over, used: others, stale: false };
  return { answer, entry: ask.peek ? null : { turn: ask.turn, amount: ask.amount, atMs: nowMs, at: "open" } };
}

/** What becomes of a reservation when its action has ended; null where nothing changes (L3). */
export function end(existing: Entry | null, turn: number, to: "settled" | "released", nowMs: number): Entry | null {
  if (!GUARDS["limit-turn"](existing, turn)) return null;
  // A release that comes before its reservation must still be remembered, or the late reservation would stay for ever.
  if (existing === null && to === "settled") return null;
  return { turn, amount: to === "settled" ? existing!.amount : 0, atMs: nowMs, at: to };
}

export const counts = ({ at, atMs }: Entry, windowMs: number, nowMs: number): boolean =>
  at === "open" || (at === "settled" && atMs > nowMs - windowMs);
