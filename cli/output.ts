/**
 * Text for people. Colours are marks until the last moment: only {@link render} writes escape sequences, and only its own, so nothing that
 * a server, an agent or a customer wrote can move the cursor, hide a line or turn the reading direction.
 */
const STYLES = {
  bold: ["\ue000", "1"],
  dim: ["\ue001", "2"],
  red: ["\ue002", "31"],
  green: ["\ue003", "32"],
  yellow: ["\ue004", "33"],
  cyan: ["\ue005", "36"],
} as const;
const END = "\ue00f";
const MARKS = /[\ue000-\ue00f]/g;

type Paint = (text: string) => string;
const style =
  (name: keyof typeof STYLES): Paint =>
  (text) =>
    `${STYLES[name][0]}${text}${END}`;
export const bold = style("bold");
export const dim = style("dim");
export const red = style("red");
export const green = style("green");
export const yellow = style("yellow");
export const cyan = style("cyan");

const SGR = new Map<string, string>([
  ...Object.values(STYLES).map(([mark, code]) => [mark, `\u001b[${code}m`] as const),
  [END, "\u001b[0m"],
]);

/**
 * Controls but for the newline, format characters (those that turn the direction of text, zero-width ones, tags), line and paragraph separators,
 * and letters that show nothing: two addresses that look the same must be the same. The joiner inside an emoji is left.
 */
const UNSAFE =
  /(?!\n|(?<=\p{Extended_Pictographic}\ufe0f?)\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f/gu;
/** In UTF-16 units, as JSON spells them. */
const escape = (chars: string): string =>
  chars.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The text as it goes to the terminal: unsafe characters spelled out, marks turned into colours or dropped. */
export const render = (text: string, color: boolean): string =>
  text.replace(UNSAFE, escape).replace(MARKS, (mark) => (color ? (SGR.get(mark) ?? "") : ""));

/** JSON in which no character can do anything to a terminal. */
export const renderJson = (value: unknown, indent: number | undefined = 2): string =>
  JSON.stringify(value, null, indent).replace(UNSAFE, escape);

/** One line of text that somebody else wrote: line breaks and our marks are shown, not obeyed. */
export const line = (text: string): string => text.replace(MARKS, escape).replaceAll(/\r?\n/g, " ⏎ ");

/** A value as one line: strings as they are, everything else as JSON. */
export const valueText = (value: unknown): string =>
  line(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

const width = (text: string): number => [...text.replace(MARKS, "")].length;

/** Rows with aligned columns, each row indented. Empty cells keep their place. */
export function table(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  return rows
    .map(
      (row) =>
        indent +
        row.map((cell, i) => (i === row.length - 1 ? cell : cell + " ".repeat(widths[i]! - width(cell)))).join("  "),
    )
    .map((row) => row.trimEnd())
    .join("\n");
}

/** `2026-11-21 04:05:06`, in UTC, from an RFC 3339 time or milliseconds. */
export const time = (at: string | number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");
export const clock = (at: string | number): string => time(at).slice(11);
