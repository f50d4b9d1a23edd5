/** What somebody who mistyped a command probably meant. Pure. */

/** Slips that are still taken for a word: one in a short one, two from five letters on. */
const slipsOf = (word: string): number => (word.length < 5 ? 1 : 2);

/**
 * The name that is nearest to what was typed, where it is near enough or one begins with the other; null otherwise. Names have one word
 * or two, so `typed` is the first word of the line and the one after it.
 */
export function nearest(typed: readonly string[], names: readonly string[]): string | null {
  const rated = names.flatMap((name) => {
    const said = typed.slice(0, name.split(" ").length).join(" ");
    const begins = said.length >= 3 && (name.startsWith(said) || said.startsWith(name));
    const slips = begins ? 1 : distance(said, name);
    return slips <= Math.max(slipsOf(name), begins ? 1 : 0) ? [{ name, slips, exact: distance(said, name) }] : [];
  });
  return rated.toSorted((a, b) => a.slips - b.slips || a.exact - b.exact)[0]?.name ?? null;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1]! + 1, above[j]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
