/** How a word on an effect in doubt was taken, in plain words with the stable code of a refusal. */
import type { Problem } from "../../../shared/problems.ts";
import { words } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import type { ResolutionControl } from "../lib/use-resolution.ts";
import type { Found } from "../signing/resolution.ts";
import { mayHaveArrived } from "../signing/send-decision.ts";
import { Notice } from "./notice.tsx";

export function DoubtResult({ control, isOnTask }: { control: ResolutionControl; isOnTask: boolean }) {
  const { doubt, state, send, go } = control;
  if (state.at !== "answered" && state.at !== "failed") return null;
  const toTask = isOnTask ? null : (
    <Link to={taskPath(doubt.task)} className="button">
      See the task
    </Link>
  );
  const close = (
    <button type="button" className="button" onClick={() => go({ at: "closed" })}>
      Close
    </button>
  );
  if (state.at === "answered")
    return (
      <Notice tone="good" title="Your word is recorded" live="status">
        <p>
          You signed that it {recorded(state.found)} The task is {words(state.task.status)}.
        </p>
        <p className="decision-buttons">
          {toTask}
          {close}
        </p>
      </Notice>
    );
  const repeat = mayHaveArrived(state.problem);
  const said = refused(state.problem);
  return (
    <Notice tone={repeat ? "wait" : "bad"} title={said.title} live="status">
      <p>
        {said.text} <code className="muted">{state.problem.code}</code>
      </p>
      <p className="decision-buttons">
        {repeat ? (
          <button type="button" className="button button-primary" autoFocus onClick={() => send(state.found)}>
            Send the same word again
          </button>
        ) : said.isOver ? null : (
          <button type="button" className="button" onClick={() => go({ at: "writing" })}>
            Back to the form
          </button>
        )}
        {toTask}
        {said.isOver ? close : null}
      </p>
    </Notice>
  );
}

const recorded = ({ outcome, retry }: Found): string =>
  outcome === "applied" ? "happened." : retry ? "did not happen; it is tried again." : "did not happen.";

/** `isOver`: another word from here would be refused the same way. */
type Said = { readonly title: string; readonly text: string; readonly isOver: boolean };

function refused(problem: Problem): Said {
  if (mayHaveArrived(problem))
    return {
      title: "It is not known whether your word arrived",
      text: `Nothing is lost: the same signature counts once, however often it is sent. ${problem.detail}`,
      isOver: false,
    };
  switch (problem.code) {
    case "not-in-doubt":
      return {
        title: "Nothing is in doubt any more",
        text: `Somebody else said what became of it, or the target answered; your word was not used. ${problem.detail}`,
        isOver: true,
      };
    case "attestation-mismatch":
      return { title: "Something else is in doubt by now", text: `${problem.detail} Look again.`, isOver: true };
    case "contract-violation":
    case "disclosure-mismatch":
      return { title: "The result is not taken", text: problem.detail, isOver: false };
    default:
      return { title: "Not accepted", text: problem.detail, isOver: false };
  }
}
