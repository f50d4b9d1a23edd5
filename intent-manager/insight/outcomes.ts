/** What became of predictions over several executors: the counts of each automation and capability added up. */
import type { OutcomeCount } from "../../shared/api/outcomes.ts";

export function summed(counts: readonly OutcomeCount[]): OutcomeCount[] {
  const byPair = new Map<string, OutcomeCount>();
  for (const one of counts) {
    const pair = `${one.automation} ${one.capability}`;
    const before = byPair.get(pair);
    const add = (name: "matched" | "mismatched" | "unobserved") => one[name] + (before?.[name] ?? 0);
    byPair.set(pair, { ...one, matched: add("matched"), mismatched: add("mismatched"), unobserved: add("unobserved") });
  }
  return [...byPair.values()].toSorted(
    (a, b) => b.mismatched - a.mismatched || a.automation.localeCompare(b.automation),
  );
}
