/**
 * Amounts and dates in one spelling each, for comparing whole values. They are never looked for inside a text: a bare number or a date can
 * stand anywhere by chance.
 */
import type { Json } from "./json.ts";

const DECIMAL = /^(-?)(0|[1-9]\d{0,14})(?:\.(\d{1,6}))?$/;
const MONEY = /^(?:([A-Z]{3}) ?(-?[\d.]{1,24})|(-?[\d.]{1,24}) ?([A-Z]{3}))$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d{0,6})?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** `12.50` and `12.5` are one number; null where the text is none, has leading zeros, or more digits than a double holds. */
export function decimal(text: string): number | null {
  const match = DECIMAL.exec(text);
  if (match === null || match[2]!.length + (match[3]?.length ?? 0) > 15) return null;
  const value = Number(text);
  return value === 0 ? 0 : value;
}

/** An amount with its currency (`EUR 12.50`), or a date or a time (ISO 8601), in one spelling; undefined for any other text. */
export function normalWhole(text: string): string | undefined {
  if (text.length > 40) return undefined;
  const money = MONEY.exec(text);
  if (money !== null) {
    const value = decimal(money[2] ?? money[3]!);
    return value === null ? undefined : `money ${money[1] ?? money[4]!} ${value}`;
  }
  if (DATE.test(text)) return isDate(text) ? `date ${text}` : undefined;
  const time = TIME.exec(text);
  if (time === null || !isDate(time[1]!)) return undefined;
  const [, date, hours, minutes, seconds = "00", millis = "", zone] = time;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const clock = `${date}T${hours}:${minutes}:${seconds}.${millis.padEnd(3, "0")}`;
  if (zone === undefined) return `local ${clock}`;
  const atMs = Date.parse(`${clock}${zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`}`);
  return Number.isNaN(atMs) ? undefined : `instant ${atMs}`;
}

/** A day that the calendar has. */
function isDate(text: string): boolean {
  const atMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text);
}

/** A date or a time of day: many records answer to it. */
export const isTime = (text: string): boolean => /^(?:date|local|instant) /.test(normalWhole(text) ?? "");

/** What a scalar equals of the same field's other type: a number its decimal text. */
export const numberOf = (value: Json): number | null =>
  typeof value === "number" ? (value === 0 ? 0 : value) : typeof value === "string" ? decimal(value) : null;
