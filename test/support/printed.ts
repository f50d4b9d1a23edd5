/** Commands that a page shows with what they print, and whether they print it. */
import { readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.ts";

export type Example = { readonly name: string; readonly script: string; readonly output: string };

/** Pairs of blocks after `<!-- run: NAME -->`: a script, and what it prints. */
export const examplesIn = (page: string): Example[] =>
  [
    ...readFileSync(inRoot(page), "utf8").matchAll(
      /<!-- run: (\w+) -->\n```sh\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g,
    ),
  ].map(([, name, script, output]) => ({ name: name!, script: script!, output: output! }));

/** What differs from run to run, replaced by its kind. */
const plain = (line: string): string =>
  line
    .replace(/\b(?:tsk|rev)_[a-z]{2}_\d+_[a-z2-7]{26}/g, "ID")
    .replace(/key_[0-9a-f]{16}/g, "KEY")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
    .replace(/dev\/(eu|us)\/\d/g, "dev/$1/N")
    .replace(/[A-Za-z0-9+/]{43}=/g, "HASH")
    .replace(/(?<=\s)\d+(?= entries)|(?<=  ok  \w+\s+)\d+/g, "N")
    .replaceAll(/\s+/g, " ")
    .trim();

/** A text as a pattern for itself. */
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Whether the output has these lines in this order; a line `…` allows any number of lines, `…` inside a line any text. */
export function missingLine(wanted: string, printed: string): string | null {
  const lines = printed.split("\n").map(plain);
  let at = 0;
  for (const line of wanted.trim().split("\n")) {
    if (line.trim() === "…") continue;
    const pattern = new RegExp(
      `^${plain(line)
        .split("…")
        .map((part) => literal(part.trim()))
        .join(".*")}$`,
    );
    const found = lines.findIndex((candidate, i) => i >= at && pattern.test(candidate));
    if (found < 0) return line;
    at = found + 1;
  }
  return null;
}
