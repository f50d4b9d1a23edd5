/** Letters that scanning takes for digits, and digits for letters. */

const DIGIT_BY_GLYPH: { readonly [glyph: string]: string } = {
  O: "0",
  o: "0",
  Q: "0",
  D: "0",
  l: "1",
  I: "1",
  i: "1",
  "|": "1",
  Z: "2",
  S: "5",
  s: "5",
  G: "6",
  B: "8",
};

/** What can stand for a digit, as a class of a pattern. */
export const DIGIT = "[0-9OolI|SsB]";

/** The digit that a character is or is taken for; the character itself where it is none. */
export const toDigit = (glyph: string): string => DIGIT_BY_GLYPH[glyph] ?? glyph;
export const toDigits = (text: string): string => [...text].map(toDigit).join("");

export const digitsIn = (text: string): number => text.replace(/\D/g, "").length;

/** Letters and digits alone, with everything that looks alike made equal: for asking whether one text names another. */
export const folded = (text: string): string => toDigits(text.toUpperCase().replace(/[^A-Z0-9]/g, ""));

/** Lines with plain spaces, trimmed, the empty ones left out. */
export const linesOf = (text: string): string[] =>
  text
    .replace(/[\u00a0\u2000-\u200a\u202f\u2060\ufeff]/g, " ")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2018\u2019\u00b4\u0060]/g, "'")
    .split(/\r?\n/)
    .map((line) => line.replace(/\t/g, "   ").trim())
    .filter((line) => line !== "");

/**
 * Rows of names over rows of values as one line for each pair: `Number   Date` over `17   2026-03-05` is `Number: 17` and `Date: 2026-03-05`. Only where
 * both rows have as many cells, the upper one has no figures and every cell of the lower one has some.
 */
export function unrolled(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [names, values] = [cellsOf(lines[at]!), cellsOf(lines[at + 1] ?? "")];
    const isTable =
      names.length > 1 &&
      names.length === values.length &&
      names.every((cell) => !/\d{2}/.test(cell)) &&
      values.every((cell) => /\d/.test(cell));
    if (isTable) out.push(...names.map((name, i) => `${name.replace(/:$/, "")}: ${values[i]}`));
    else out.push(lines[at]!);
    if (isTable) at++;
  }
  return out;
}
const cellsOf = (line: string): string[] => line.split(/ {2,}/).filter((cell) => cell !== "");
