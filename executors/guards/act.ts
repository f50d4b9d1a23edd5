/** What must hold at the moment of an action, in the executor, at its gate and in the objects that count (see executors/guards/index.ts). */
import { canonicalize } from "../../shared/canonical.ts";
import type { Json } from "../../shared/json.ts";

type Asked = { readonly wanted: unknown; readonly untilMs: number };
type Turn = { readonly turn: number; readonly at: string };

export const ACT_GUARDS = {
  /** stopped: what an operator has stopped would still be claimed. */
  "claim-not-stopped": (stop: string | null): stop is null => stop === null,
  /** subject-erased: what a person had erased would still be used to act. */
  "subject-not-erased": (isErased: boolean): boolean => !isErased,
  /** consent-withdrawn: whoever withdrew consent would be acted upon all the same. */
  "consent-not-withdrawn": (withdrawn: boolean): boolean => !withdrawn,
  /** premise-failed: an action would be done on a record that is no longer the one the plan was made for. */
  "premise-holds": (planned: number | string, now: number | string | undefined): boolean => now === planned,
  /** permit-unanswered: a permit got for one action would be used for a larger one. */
  "permit-for-this": (permits: Asked, wanted: unknown): boolean =>
    canonicalize(permits.wanted as Json) === canonicalize(wanted as Json),
  /** permit-unanswered: permits could be gathered in store and used all at once. */
  "permit-not-over": (permits: Asked, nowMs: number): boolean => nowMs <= permits.untilMs,
  /** limit-exceeded: many small actions would do what one large one may not. */
  "limit-room": (used: number, amount: number, max: number): boolean => used + amount <= max,
  /** limit-exceeded: a late or doubled call would count an action that has ended. */
  "limit-turn": (known: Turn | null, turn: number): boolean =>
    known === null || known.turn < turn || (known.turn === turn && known.at === "open"),
  /** effect-conflict: two tasks would do the same thing twice. */
  "effect-key-free": (holder: string | null, action: string): boolean => holder === null || holder === action,
  /** replayed: what was undone would be done again by a late repeat. */
  "effect-not-undone": (undone: boolean): boolean => !undone,
  /** effect-conflict: a claim that arrives after its own release would hold the key for an action that has failed. */
  "effect-attempt-open": (ended: number, attempt: number): boolean => attempt > ended,
  /** effect-conflict: a late refusal would free the key of what has happened. */
  "effect-not-settled": (settled: number): boolean => settled === 0,
  /** breaker-open: a callee in trouble would get the whole load. */
  "breaker-closed": (at: string): boolean => at !== "open",
};
