/** What many seeds together must have exercised: a fault or a feature that is never seen was not tested. */
import { POINT_FAULTS, type Fault } from "./faults.ts";

export const FAULTS: readonly Fault[] = [
  ...POINT_FAULTS,
  "drop",
  "drop-answer",
  "crash",
  "stale-instance",
  "rewind",
  "clock-skew",
  "late-alarm",
  "key-rotated",
  "key-revoked",
  "reorder",
];

/** As the records show them (checker-tasks.ts), or as those outside were answered (themes.ts, taking-back.ts, resolving.ts). */
export const FEATURES: readonly string[] = [
  "task succeeded",
  "task failed",
  "task cancelled",
  "task expired",
  "task compensated",
  "undo applied: compensation",
  "undo applied: reversal",
  "undo failed: premise-failed",
  "undo tried again",
  "record touched",
  "receipts brought along",
  "window closed",
  "reversal refused: already-undone",
  "reversal refused: reversal-window-closed",
  "reversal refused: task-not-settled",
  "reversal refused: audience-mismatch",
  "domain key taken",
  "doubt resolved: applied",
  "doubt resolved: not-applied",
  "doubt resolved: try again",
  "doubt resolved: not-applied, of an undo",
  "resolution refused: chain-broken",
  "resolution refused: attestation-mismatch",
  "resolution refused: approver-is-requester",
  "resolution refused: expired",
  "resolution refused: not-in-doubt",
  "wait ended: time",
  "wait ended: signal",
  "wait ended: event",
  "wait ended: timeout",
  "signal came before its wait",
  "signal taken",
  "signal kept",
  "signal duplicate",
  "signal refused: task-settled",
  "event taken",
  "event kept",
  "event duplicate",
  "consent given",
  "consent withdrawn",
  "stopped by a withdrawal",
  "person erased",
  "erasure goes on",
  "task ended by an erasure",
];

/** Seeds after which all of them have been seen many times. */
export const SEEDS_FOR_ALL = 10_000;

/** Which of them never happened. */
export const idle = (counts: {
  readonly faults: ReadonlyMap<string, number>;
  readonly features: ReadonlyMap<string, number>;
}): string[] => [
  ...FAULTS.filter((fault) => !counts.faults.has(fault)),
  ...FEATURES.filter((feature) => !counts.features.has(feature)),
];
