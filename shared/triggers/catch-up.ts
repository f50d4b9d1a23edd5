/** Which due minutes of a trigger are run now: those that are on time, and of those that were missed the newest, as many as it declares. */
import { LIMITS } from "../limits.ts";
import type { Schedule } from "./cron.ts";

export type DueRuns = {
  /** Oldest first. */
  readonly run: readonly number[];
  /** Of these, how many are made up for. */
  readonly late: number;
  /** Missed, and not made up for. */
  readonly missed: number;
};

/** @param afterMs the last minute that was looked at; @param nowMs the minute that is looked at now */
export function dueRuns(schedule: Schedule, afterMs: number, nowMs: number, catchUp: number): DueRuns {
  const fromMs = Math.max(afterMs, nowMs - LIMITS.cronBackMs);
  const due = schedule.due(fromMs, nowMs, LIMITS.cronDue);
  const onTime = due.filter((at) => at > nowMs - LIMITS.cronGraceMs);
  const missed = due.filter((at) => at <= nowMs - LIMITS.cronGraceMs);
  const made = catchUp === 0 ? [] : missed.slice(-catchUp);
  return { run: [...made, ...onTime], late: made.length, missed: missed.length - made.length };
}
