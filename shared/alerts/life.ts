/**
 * The life of an alert: seen, raised, acknowledged, cleared, and what still has to be told of it. Pure.
 *
 *  A1  It is raised when it was found in `alertRaiseAfter` evaluations in a row, and cleared when it was not in `alertClearAfter`: what
 *      flickers wakes nobody twice.
 *  A2  Each raising is told once and each clearing once; a clearing only of what was told. What cannot be told is tried again and then
 *      stands as failed.
 *  A3  Without figures nothing is cleared and nothing is raised but that there are none.
 */
import { LIMITS } from "../limits.ts";
import type { AlertFound } from "./evaluate.ts";

export type Telling = { readonly what: "raised" | "cleared"; readonly tries: number; readonly error: string | null };
export type KeptAlert = AlertFound & {
  readonly state: "pending" | "raised" | "cleared";
  /** Evaluations in a row: with it while pending, without it while raised. */
  readonly streak: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly raisedMs: number | null;
  readonly clearedMs: number | null;
  readonly acknowledged: { readonly by: string; readonly atMs: number } | null;
  /** What is still to be told; null where everything was, or nobody is told. */
  readonly tell: Telling | null;
  /** When somebody was last told of it. */
  readonly toldMs: number | null;
};

/** The alerts after an evaluation. `only`: what this evaluation could look at, where it could not look at everything (A3). */
export function evolveAlerts(
  kept: readonly KeptAlert[],
  found: readonly AlertFound[],
  { nowMs, tells, only }: { readonly nowMs: number; readonly tells: boolean; readonly only?: ReadonlySet<string> },
): KeptAlert[] {
  const byId = new Map(kept.map((alert) => [alert.id, alert]));
  const seen = found.map((one) => met(byId.get(one.id), one, nowMs, tells));
  const ids = new Set(found.map(({ id }) => id));
  const missed = kept
    .filter(({ id }) => !ids.has(id))
    .flatMap((alert) => (only === undefined || only.has(alert.rule) ? unmet(alert, nowMs) : [alert]));
  const rank = { raised: 0, pending: 1, cleared: 2 } as const;
  return [...seen, ...missed]
    .toSorted(
      (a, b) =>
        rank[a.state] - rank[b.state] ||
        Number(b.severity === "page") - Number(a.severity === "page") ||
        a.firstSeenMs - b.firstSeenMs,
    )
    .slice(0, LIMITS.alertsKept);
}

function met(before: KeptAlert | undefined, found: AlertFound, nowMs: number, tells: boolean): KeptAlert {
  const base: KeptAlert =
    before === undefined || before.state === "cleared"
      ? {
          ...found,
          state: "pending",
          streak: 0,
          firstSeenMs: nowMs,
          lastSeenMs: nowMs,
          raisedMs: null,
          clearedMs: null,
          acknowledged: null,
          tell: null,
          toldMs: null,
        }
      : { ...before, ...found, lastSeenMs: nowMs };
  if (base.state === "raised") return { ...base, streak: 0 };
  const streak = base.streak + 1;
  if (streak < LIMITS.alertRaiseAfter) return { ...base, streak };
  const tell = tells ? ({ what: "raised", tries: 0, error: null } as const) : null;
  return { ...base, state: "raised", streak: 0, raisedMs: nowMs, tell };
}

function unmet(alert: KeptAlert, nowMs: number): KeptAlert[] {
  if (alert.state === "pending") return [];
  if (alert.state === "cleared") return nowMs - alert.clearedMs! < LIMITS.alertClearedMs ? [alert] : [];
  const streak = alert.streak + 1;
  if (streak < LIMITS.alertClearAfter) return [{ ...alert, streak }];
  const tell = alert.toldMs === null ? null : ({ what: "cleared", tries: 0, error: null } as const);
  return [{ ...alert, state: "cleared", streak: 0, clearedMs: nowMs, tell }];
}

/** Whether it is to be told now: what has failed too often is not tried again. */
export const isDue = ({ tell }: KeptAlert): boolean => tell !== null && tell.tries < LIMITS.alertTellTries;

/** What became of telling it. */
export function told(alert: KeptAlert, error: string | null, nowMs: number): KeptAlert {
  if (alert.tell === null) return alert;
  return error === null
    ? { ...alert, tell: null, toldMs: nowMs }
    : { ...alert, tell: { ...alert.tell, tries: alert.tell.tries + 1, error } };
}
