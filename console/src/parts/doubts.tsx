/** Effects of which nobody knows whether they happened: each with what to check, and the form for what was found. */
import { useHeldDoubts, nameOfDoubt } from "../lib/use-held-doubts.ts";
import type { DoubtView } from "../../../shared/views.ts";
import { Link } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import { DoubtPanel } from "./doubt-panel.tsx";
import { Section } from "./section.tsx";

/** More of them would push the reviews out of sight. */
const UNFOLDED = 2;

export function Doubts({ doubts: listed, onAnswer }: { doubts: readonly DoubtView[]; onAnswer: () => void }) {
  const { doubts, hold } = useHeldDoubts(listed);
  if (doubts.length === 0) return null;
  return (
    <Section title="In doubt" aside={<span className="muted">the one that waits longest first</span>}>
      <ul className="doubts">
        {doubts.map((doubt) => (
          <li key={nameOfDoubt(doubt)}>
            <details open={doubts.length <= UNFOLDED}>
              <summary>
                <Link to={taskPath(doubt.task)}>{doubt.step}</Link> <code>{doubt.capability}</code>{" "}
                <span className="muted small">
                  {doubt.automation} · {doubt.region}
                </span>
              </summary>
              <DoubtPanel doubt={doubt} onOpen={hold} onAnswer={onAnswer} />
            </details>
          </li>
        ))}
      </ul>
    </Section>
  );
}
