/** What a reported outcome adds to the figures. Pure. */
import type { TaskEvent } from "../../shared/events.ts";
import { FIGURE_BUCKET_MS, type FigureName, type FigureRow } from "../../shared/figures/names.ts";

type Reported = Extract<TaskEvent, { type: "outcome-reported" }>;
type Counted = FigureRow & { readonly atMs: number };

/** A word that supersedes another one counts that one out again in the ten minutes in which it was counted, so that windows stay right. */
export function reportedFigures(event: Reported, atMs: number, region: string): Counted[] {
  const verdict = (correct: boolean): string => (correct ? "correct" : "incorrect");
  const count = (label: string, at: number): Counted[] => {
    const about = { automation: event.automation, region, label, n: 1, total: 0, atMs: at };
    const one = (name: FigureName, capability: string): Counted => ({ ...about, name, capability });
    return [one("decisions", ""), ...event.capabilities.map((capability) => one("decisionsOf", capability))];
  };
  const { supersedes } = event;
  if (supersedes === null) return count(verdict(event.correct), atMs);
  const before = supersedes.atMs - (supersedes.atMs % FIGURE_BUCKET_MS);
  return [...count(verdict(event.correct), atMs), ...count(`${verdict(supersedes.correct)}-superseded`, before)];
}
