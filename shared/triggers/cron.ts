/**
 * Cron expressions with time zones: which minutes are due. Pure; the calendar is croner's, over the time zones of the runtime.
 *
 * A time of day that is skipped when clocks go forward is due at the first minute after the gap; one that occurs twice is due at its first
 * occurrence. Expressions that say every hour, or a part of it, follow the clock that runs: each hour that exists.
 */
import { Cron } from "croner";

const MINUTE_MS = 60_000;

export type Schedule = {
  /** Due minutes (Unix ms) after `afterMs` up to and with `untilMs`, at most `limit` of them, oldest first. */
  due(afterMs: number, untilMs: number, limit: number): number[];
};

/** An expression of five fields in a time zone of the IANA database; says what is wrong with it otherwise. */
export function compileSchedule(expression: string, timeZone: string): Schedule | string {
  if (expression.trim().split(/\s+/).length !== 5) return "a cron expression has five fields";
  if (!isTimeZone(timeZone)) return `there is no time zone ${timeZone}`;
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone: timeZone, paused: true, mode: "5-part" });
    if (cron.nextRun(new Date(0)) === null) return "it is never due";
  } catch {
    return "the cron expression is not understood";
  }
  return {
    due(afterMs, untilMs, limit) {
      const minutes: number[] = [];
      let at = cron.nextRun(new Date(afterMs));
      while (at !== null && at.getTime() <= untilMs && minutes.length < limit) {
        const minute = Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS;
        // Two fields that name one minute after a gap are one run.
        if (minute > afterMs && minute !== minutes.at(-1)) minutes.push(minute);
        at = cron.nextRun(at);
      }
      return minutes;
    },
  };
}

function isTimeZone(timeZone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(timeZone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** `2026-10-25` and `09:00`, as clocks of the zone show them. */
export function localTime(ms: number, timeZone: string): { readonly date: string; readonly time: string } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(ms);
  const of = (type: string) => parts.find((part) => part.type === type)!.value;
  return { date: `${of("year")}-${of("month")}-${of("day")}`, time: `${of("hour")}:${of("minute")}` };
}
