/** Times: ages and deadlines that keep themselves up to date, each with the exact time as its title. */
import { ago, clockTime, dayAndTime, duration, fullTime } from "../lib/format.ts";
import { useNow } from "../lib/use-now.ts";

export function Ago({ at }: { at: string }) {
  const now = useNow(5_000);
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={fullTime(ms)}>
      {ago(ms, now)}
    </time>
  );
}

export function At({ at }: { at: string | number }) {
  const ms = typeof at === "number" ? at : Date.parse(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={fullTime(ms)}>
      {dayAndTime(ms)}
    </time>
  );
}

const SOON_MS = 15 * 60_000;

/** Counts down to a deadline. Quiet for screen readers: a timer that speaks every second helps nobody. */
export function Countdown({ until }: { until: string }) {
  const now = useNow(1_000);
  const ms = Date.parse(until);
  const left = ms - now;
  const tone = left <= 0 ? "tone-bad" : left < SOON_MS ? "tone-wait" : "";
  return (
    <time role="timer" aria-live="off" dateTime={until} title={fullTime(ms)} className={`countdown ${tone}`}>
      {left <= 0 ? "deadline passed" : `${duration(left)} left`}
    </time>
  );
}

/** When the data on screen was answered. */
export function AsOf({ ms, stale = false }: { ms: number | null; stale?: boolean }) {
  return (
    <span className={`as-of${stale ? " tone-wait" : ""}`}>
      {ms === null ? "as of –" : <time dateTime={new Date(ms).toISOString()}>as of {clockTime(ms)}</time>}
    </span>
  );
}
