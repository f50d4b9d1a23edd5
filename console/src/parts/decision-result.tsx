/** How a review ended, or how far a decision got. Every end is said in words: approved, rejected, expired, decided by somebody else, unknown. */
import type { Problem } from "../../../shared/problems.ts";
import type { ReviewView } from "../../../shared/views.ts";
import { Link } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import type { DecisionControl } from "../lib/use-decision.ts";
import { mayHaveArrived } from "../signing/send-decision.ts";
import { Notice, type NoticeTone } from "./notice.tsx";

export function DecisionResult({ review, control }: { review: ReviewView; control: DecisionControl }) {
  const { state } = control;
  // The newest word about the review wins over the answer to the click: a quorum may have completed since.
  const known = state.at === "answered" && review.status === "waiting" ? state.review : review;
  const failure = state.at === "failed" ? state.problem : null;
  const said =
    failure === null
      ? ending(known, state.at === "answered" ? state.decision.decision : null)
      : failed(failure, known, state.at === "failed" ? state.decision.decision : null);
  const repeat = state.at === "failed" && mayHaveArrived(state.problem) && review.status === "waiting";
  return (
    <section className="decision" aria-label="Result">
      <Notice tone={said.tone} title={said.title} live="status">
        <p>{said.text}</p>
        <p className="decision-buttons">
          {repeat ? (
            <button
              type="button"
              className="button button-primary"
              autoFocus
              onClick={() => control.send(review, state.decision)}
            >
              Send the same decision again
            </button>
          ) : null}
          {state.at === "failed" && !repeat && review.status === "waiting" ? (
            <button type="button" className="button" onClick={control.back}>
              Back to the review
            </button>
          ) : null}
          <Link to={taskPath(review.task)} className="button">
            See the task
          </Link>
          <Link to="/reviews" className="button">
            Other reviews
          </Link>
        </p>
      </Notice>
    </section>
  );
}

type Said = { readonly tone: NoticeTone; readonly title: string; readonly text: string };

function ending(review: ReviewView, mine: "approve" | "reject" | null): Said {
  const by = [...new Set(review.required.flatMap(({ approvedBy }) => approvedBy))].join(", ");
  switch (review.status) {
    case "approved":
      return {
        tone: "good",
        title: "Approved",
        text: `${mine === "approve" ? "Your signature completed the review." : `Approved by ${by === "" ? "others" : by}.`} The executor goes on with exactly what was shown.`,
      };
    case "rejected":
      return {
        tone: "bad",
        title: "Rejected",
        text: `${mine === "reject" ? "Your signed rejection is recorded." : "Somebody rejected this."} The step is not carried out.`,
      };
    case "expired":
      return {
        tone: "wait",
        title: "Expired",
        text: "The deadline passed before enough people approved. The step is not carried out.",
      };
    case "withdrawn":
      return {
        tone: "wait",
        title: "Withdrawn",
        text: "The task ended before a decision. There is nothing left to decide.",
      };
    case "waiting":
      return { tone: "good", title: "Your approval is recorded", text: `It waits for ${missing(review)}.` };
  }
}

const missing = (review: ReviewView): string =>
  review.required
    .filter(({ quorum, approvedBy }) => approvedBy.length < quorum)
    .map(({ role, quorum, approvedBy }) => `${quorum - approvedBy.length} more ${role}`)
    .join(" and ") || "the executor";

function failed(problem: Problem, review: ReviewView, mine: "approve" | "reject" | null): Said {
  if (mayHaveArrived(problem))
    return {
      tone: "wait",
      title: "No answer",
      text: `It is not known whether your decision arrived (${problem.detail}). Sending it again repeats the very same signature, so it counts at most once.`,
    };
  switch (problem.code) {
    case "already-decided":
      return {
        tone: "plain",
        title: "Already decided",
        text: "You had decided this review before. The first decision stands.",
      };
    case "review-not-waiting":
      if ((review.status === "approved" && mine === "approve") || (review.status === "rejected" && mine === "reject"))
        return {
          tone: "plain",
          title: "Already decided",
          text: `The review is ${review.status}, as you wanted: by an earlier signature of yours whose answer was lost, or by somebody else. The task says who signed.`,
        };
      return {
        tone: "plain",
        title: "Already decided",
        text:
          review.status === "waiting"
            ? "The review stopped waiting before your decision arrived; yours was not used."
            : `The review was ${review.status} before your decision arrived; yours was not used.`,
      };
    case "review-expired":
      return {
        tone: "wait",
        title: "Expired",
        text: "The deadline passed before your decision arrived. The step is not carried out.",
      };
    case "attestation-mismatch":
      return { tone: "bad", title: "Not signed over what waits", text: problem.detail };
    default:
      return { tone: "bad", title: "Not accepted", text: `${problem.detail} (${problem.code})` };
  }
}
