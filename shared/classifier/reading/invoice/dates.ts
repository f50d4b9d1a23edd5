/** Days in a text: `2026-03-05`, `05.03.2026`, `05/03/26`, `5 March 2026`, `March 5, 2026`, `5. März 2026`, `le 5 mars 2026`. */
import { DIGIT, toDigits } from "./glyphs.ts";

export type Day = {
  /** ISO 8601. */
  readonly day: string;
  readonly at: number;
  /** Day and month could be the other way round. */
  readonly ambiguous: boolean;
};

const MONTHS: { readonly [start: string]: number } = {
  jan: 1,
  ene: 1,
  gen: 1,
  feb: 2,
  fév: 2,
  fev: 2,
  mar: 3,
  mär: 3,
  mrz: 3,
  maa: 3,
  apr: 4,
  avr: 4,
  abr: 4,
  may: 5,
  mai: 5,
  mei: 5,
  mag: 5,
  jun: 6,
  juin: 6,
  giu: 6,
  jul: 7,
  juil: 7,
  lug: 7,
  aug: 8,
  aoû: 8,
  aou: 8,
  ago: 8,
  sep: 9,
  set: 9,
  oct: 10,
  okt: 10,
  ott: 10,
  nov: 11,
  dec: 12,
  dez: 12,
  déc: 12,
  dic: 12,
};
const monthOf = (word: string): number | undefined => {
  const lower = word.toLowerCase();
  return MONTHS[lower.slice(0, 4)] ?? MONTHS[lower.slice(0, 3)];
};

const D = DIGIT;
const NUMERIC = new RegExp(`(?<![\\w.,/-])(${D}{1,4})([./-]) ?(${D}{1,2})\\2 ?(${D}{2,4})(?![\\w/-]|[.,]\\d)`, "g");
const DAY_FIRST = new RegExp(
  `(?<!\\w)(${D}{1,2})(?:\\.|st|nd|rd|th|er)? (?:de )?([A-Za-zéûäÄ]{3,10})\\.?,? (?:de )?(\\d{1,2}${D}{2,3})(?!\\w)`,
  "g",
);
const MONTH_FIRST = new RegExp(
  `(?<!\\w)([A-Za-zéûäÄ]{3,10})\\.? (${D}{1,2})(?:st|nd|rd|th)?,? (\\d{1,2}${D}{2,3})(?!\\w)`,
  "g",
);

/** `monthFirst`: dates of figures alone are written as in the United States. */
export function daysIn(line: string, monthFirst: boolean): Day[] {
  const found: Day[] = [];
  const places = new Set<number>();
  const add = (year: number, month: number, day: number, at: number, ambiguous: boolean) => {
    const iso = isoOf(year, month, day);
    if (iso === null || places.has(at)) return;
    places.add(at);
    found.push({ day: iso, at, ambiguous });
  };
  for (const match of line.matchAll(NUMERIC)) {
    const [a, b, c] = [match[1]!, match[3]!, match[4]!].map((part) => Number(toDigits(part))) as [
      number,
      number,
      number,
    ];
    if (match[1]!.length === 4) add(a, b, c, match.index, false);
    else if (match[1]!.length < 3 && match[4]!.length !== 3) {
      const isDotted = match[2] === ".";
      const swap = !isDotted && (b > 12 || (monthFirst && a <= 12));
      const couldSwap = !isDotted && a <= 12 && b <= 12 && a !== b;
      add(c < 100 ? 2_000 + c : c, swap ? a : b, swap ? b : a, match.index, couldSwap);
    }
  }
  for (const match of line.matchAll(DAY_FIRST)) {
    const month = monthOf(match[2]!);
    if (month !== undefined) add(Number(toDigits(match[3]!)), month, Number(toDigits(match[1]!)), match.index, false);
  }
  for (const match of line.matchAll(MONTH_FIRST)) {
    const month = monthOf(match[1]!);
    if (month !== undefined) add(Number(toDigits(match[3]!)), month, Number(toDigits(match[2]!)), match.index, false);
  }
  return found.toSorted((x, y) => x.at - y.at);
}

/** Null where the calendar has no such day, or no invoice of a business alive is from that year. */
function isoOf(year: number, month: number, day: number): string | null {
  if (!(year >= 2000 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)))
    return null;
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}
const daysOf = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31;
