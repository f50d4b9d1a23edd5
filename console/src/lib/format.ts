/**
 * How values are written for people. Pure; the clock is passed in.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in its two largest units: `2 d 4 h`, `12 min 03 s`, `9 s`. Negative lengths count as none. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left >= DAY) return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`;
  if (left >= HOUR) return `${Math.floor(left / HOUR)} h ${two((left % HOUR) / MINUTE)} min`;
  if (left >= MINUTE) return `${Math.floor(left / MINUTE)} min ${two((left % MINUTE) / SECOND)} s`;
  return `${Math.floor(left / SECOND)} s`;
}

/** How long ago, in one unit: `now`, `40 s ago`, `3 h ago`. */
export function ago(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  if (ms < 5 * SECOND) return "now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const COUNT = new Intl.NumberFormat("en-GB");

/** `14:03:22`, local time. */
export const clockTime = (ms: number): string => CLOCK.format(ms);
/** `21 Nov 2026, 14:03:22`, local time. */
export const dayAndTime = (ms: number): string => DAY_AND_TIME.format(ms);
/** Date, time and zone, for titles. */
export const fullTime = (ms: number): string => FULL.format(ms);
export const count = (value: number): string => COUNT.format(value);
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `4.2 %`, `98 %`; what is not quite all is never rounded up to it, and what is not quite nothing never down. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  const rounded = value < 10 || value > 99 ? Math.round(value * 10) / 10 : Math.round(value);
  if (rounded === 100 && value < 100) return "99.9 %";
  if (rounded === 0 && value > 0) return "0.1 %";
  return `${rounded} %`;
}

/** A length of time that may be short: `80 ms`, `1.5 s`, then as `duration`. */
export const shortDuration = (ms: number): string =>
  ms < SECOND ? `${Math.round(ms)} ms` : ms < 10 * SECOND ? `${Math.round(ms / 100) / 10} s` : brief(ms);

/** In its largest unit where nothing is left beside it: `5 min`, `1 d`. */
const brief = (ms: number): string => duration(ms).replace(/ 0(?:0 s|0 min| h)$/, "");

/** The start and the end of a long id: enough to recognise it, never enough to rely on. Short ones stay whole. */
export function shorten(id: string, start = 14, end = 4): string {
  return id.length <= start + end + 2 ? id : `${id.slice(0, start)}…${id.slice(-end)}`;
}

/** `sha256:3f9c…` and such: the first 10 digits. */
export const shortDigest = (digest: string): string =>
  digest.startsWith("sha256:") ? `sha256:${digest.slice(7, 17)}…` : shorten(digest);

/**
 * Controls, format characters (bidirectional overrides, zero-width characters, tags), line and paragraph separators, and letters that show
 * nothing. Line breaks, tabs and the joiner inside an emoji are left.
 */
const HIDDEN =
  /(?![\t\n]|(?<=\p{Extended_Pictographic}\ufe0f?)\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f/gu;

/** Untrusted text as it may be shown: what hides or reorders other characters becomes its code in brackets, so that what is read is what is there. */
export const visible = (text: string): string =>
  text.replace(HIDDEN, (char) => `[U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`);

/** `awaiting_review` → `awaiting review`. */
export const words = (value: string): string => value.replaceAll(/[_-]/g, " ");
/** `amountCents` → `amount cents`. */
export const nameWords = (name: string): string =>
  words(name).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
