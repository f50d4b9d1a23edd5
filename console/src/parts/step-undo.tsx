/** What takes a step back, or what a step takes back; until when somebody may ask for it, and for those who may, the asking. */
import { useState } from "react";
import type { DependentsView } from "../../../shared/api.ts";
import type { Problem } from "../../../shared/problems.ts";
import type { StepView } from "../../../shared/views.ts";
import { plural, visible, words } from "../lib/format.ts";
import { mayReverse } from "../lib/permissions.ts";
import { Link } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { ProblemNotice } from "./notice.tsx";
import { stepAnchor } from "./step-graph.tsx";
import { Ago, At } from "./time.tsx";

export function StepUndo({ task, step, onChange }: { task: string; step: StepView; onChange: () => void }) {
  const { who } = useSession();
  const { undo, undoes, reversibleUntil } = step;
  const isOpen = step.status === "applied" && reversibleUntil !== null;
  return (
    <>
      {undoes === null ? null : (
        <p className="small">
          Takes <a href={`#${stepAnchor(undoes.step)}`}>{undoes.step}</a> back,{" "}
          {undoes.kind === "compensation" ? "because the task failed." : `asked for by ${visible(undoes.by)}.`}
        </p>
      )}
      {undo === null ? null : (
        <p className="small">
          {UNDONE[step.status] ?? "Could not be taken back by"} <a href={`#${stepAnchor(undo)}`}>{undo}</a>.
        </p>
      )}
      {isOpen ? (
        <p className="small muted">
          Can be reversed until <At at={reversibleUntil} />.
        </p>
      ) : null}
      {isOpen && mayReverse(who.role) ? <Reverse task={task} step={step.id} onDone={onChange} /> : null}
    </>
  );
}

const UNDONE: { readonly [status: string]: string } = {
  undoing: "Is being taken back by",
  undo_in_doubt: "Nobody knows yet whether it was taken back by",
  reversed: "Was taken back by",
  compensated: "Was taken back by",
};

/** First what it would meet is shown; only then can it be asked for. */
function Reverse({ task, step, onDone }: { task: string; step: string; onDone: () => void }) {
  const { client } = useSession();
  const [preview, setPreview] = useState<DependentsView | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const look = async (): Promise<void> => {
    setBusy(true);
    const answer = await client.previewReversal(task, step);
    setBusy(false);
    setProblem(answer.ok ? null : answer.problem);
    setPreview(answer.ok ? answer.value : null);
  };
  const ask = async (cascade: boolean): Promise<void> => {
    setBusy(true);
    const answer = await client.reverseStep(task, step, { reason, cascade });
    setBusy(false);
    setProblem(answer.ok ? null : answer.problem);
    if (answer.ok) setPreview(null);
    onDone();
  };
  const notice = problem === null ? null : <ProblemNotice problem={problem} doing={`Reversing ${step}`} />;
  if (preview === null)
    return (
      <>
        {notice}
        <button type="button" className="button" disabled={isBusy} onClick={() => void look()}>
          Reverse…
        </button>
      </>
    );
  const { dependents } = preview;
  return (
    <form
      aria-label={`Reverse ${step}`}
      onSubmit={(event) => {
        event.preventDefault();
        void ask(dependents.length > 0);
      }}
    >
      {notice}
      {dependents.length === 0 ? (
        <p className="small">Nothing that the ledger knows of depends on it.</p>
      ) : (
        <>
          <p className="small">
            {plural(dependents.length, "later action")} touched the same things and would be reversed first:
          </p>
          <ul className="small">
            {dependents.map((one) => (
              <li key={one.action}>
                <Link to={taskPath(one.task)}>{one.step}</Link> · {one.tags.map(visible).join(", ")} ·{" "}
                <Ago at={one.at} />
              </li>
            ))}
          </ul>
        </>
      )}
      <label className="small">
        Why (recorded as written){" "}
        <input
          name="reason"
          required
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </label>{" "}
      <button type="submit" className="button button-reject" disabled={isBusy || reason.trim() === ""}>
        {dependents.length === 0 ? `Reverse ${words(step)}` : `Reverse all ${dependents.length + 1}`}
      </button>{" "}
      <button type="button" className="button-link" onClick={() => setPreview(null)}>
        Leave it
      </button>
    </form>
  );
}
