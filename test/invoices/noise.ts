/** What scanning does to a page: letters for digits and digits for letters, spaces that come and go, lines that break. A digit becomes no other digit. */
import type { Random } from "./random.ts";

const TAKEN_FOR: { readonly [char: string]: readonly string[] } = {
  "0": ["O", "o"],
  "1": ["l", "I"],
  "5": ["S"],
  "8": ["B"],
  O: ["0"],
  l: ["1", "I"],
  S: ["5"],
  m: ["rn"],
  e: ["c"],
  ü: ["u"],
  é: ["e"],
};
const RATE = 0.012;
const BREAKS = 0.02;
const LOST = 0.0008;

export function scanned(lines: readonly string[], random: Random): string[] {
  return lines.flatMap((line) => {
    const read = [...line]
      .map((char) => {
        if (char !== " " && random.chance(LOST)) return "";
        if (char === " " && random.chance(RATE)) return "  ";
        const others = TAKEN_FOR[char];
        return others !== undefined && random.chance(RATE * 2) ? random.one(others) : char;
      })
      .join("");
    const at = read.indexOf(" ", Math.floor(read.length / 2));
    return at > 0 && random.chance(BREAKS) ? [read.slice(0, at), read.slice(at + 1)] : [read];
  });
}
