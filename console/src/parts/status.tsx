/** A status as a coloured mark and its word: the colour never carries it alone. */
import { words } from "../lib/format.ts";

export type Tone = "good" | "wait" | "run" | "bad" | "doubt" | "off";

/** Every status of tasks, steps and reviews. A word that is not here (a newer server's) is shown without colour. */
const TONES: { readonly [status: string]: Tone } = {
  accepted: "run",
  planning: "run",
  running: "run",
  waiting: "wait",
  succeeded: "good",
  failed: "bad",
  compensating: "doubt",
  compensated: "off",
  cancelled: "off",
  expired: "off",
  proposed: "off",
  awaiting_review: "wait",
  ready: "run",
  applying: "run",
  applied: "good",
  retrying: "run",
  denied: "bad",
  skipped: "off",
  in_doubt: "doubt",
  undoing: "doubt",
  reversed: "off",
  undo_in_doubt: "doubt",
  approved: "good",
  rejected: "bad",
  withdrawn: "off",
};
const MARKS: { readonly [tone in Tone]: string } = { good: "✓", wait: "◷", run: "›", bad: "✕", doubt: "?", off: "–" };

export const toneOf = (status: string): Tone => TONES[status] ?? "off";

export function Status({ value, large = false }: { value: string; large?: boolean }) {
  return <Badge tone={toneOf(value)} text={words(value)} large={large} />;
}

export function Badge({
  tone,
  text,
  title,
  large = false,
}: {
  tone: Tone;
  text: string;
  title?: string;
  large?: boolean;
}) {
  return (
    <span className={`badge tone-${tone}${large ? " badge-large" : ""}`} title={title}>
      <span aria-hidden="true" className="badge-mark">
        {MARKS[tone]}
      </span>
      <span>{text}</span>
    </span>
  );
}
