/** Effects of which nobody knows whether they happened: what to check, where, and how to say what was found. */
import type { DoubtView } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import { Ago, At } from "./time.tsx";
import { Section } from "./section.tsx";
import { Fields } from "./value.tsx";

export function Doubts({ doubts }: { doubts: readonly DoubtView[] }) {
  if (doubts.length === 0) return null;
  return (
    <Section title="In doubt">
      <ul className="plain">
        {doubts.map((doubt) => (
          <li key={`${doubt.task}/${doubt.step}`}>
            <p>
              <Link to={taskPath(doubt.task)}>{doubt.step}</Link> <code>{doubt.capability}</code>{" "}
              {visible(doubt.summary)}{" "}
              <span className="muted small">
                since <Ago at={doubt.since} />
              </span>
            </p>
            {doubt.nextAskAt === null ? (
              <p role="status">
                <strong>Someone must check.</strong> Look in the target for <code>{doubt.action}</code>
                {doubt.effectKey === null ? null : <code> {doubt.effectKey}</code>}, then sign what you found:{" "}
                <code>{`countersign resolve ${doubt.task} ${doubt.step} --applied|--not-applied --reason …`}</code>
              </p>
            ) : (
              <p className="small">
                The target is asked again at <At at={doubt.nextAskAt} />.
              </p>
            )}
            <Fields value={doubt.args} label={`Arguments of ${doubt.step}`} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
