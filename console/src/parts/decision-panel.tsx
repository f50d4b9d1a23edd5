/** Approve or reject, signed with the key of this device. Says why where that is not possible, and how it ended where it is over. */
import { useState } from "react";
import type { ReviewView } from "../../../shared/views.ts";
import { Link } from "../lib/router.tsx";
import { useSession } from "../lib/session.tsx";
import { useDecision, type DecisionControl } from "../lib/use-decision.ts";
import type { DeviceKeyState } from "../lib/use-device-key.ts";
import { useNow } from "../lib/use-now.ts";
import { useShortcuts } from "../lib/use-shortcuts.ts";
import { checkSubject } from "../signing/decision.ts";
import { obstacles } from "../signing/obstacles.ts";
import { DecisionResult } from "./decision-result.tsx";
import { Notice } from "./notice.tsx";

type Props = { review: ReviewView; device: DeviceKeyState; onAnswer: () => void };

export function DecisionPanel({ review, device, onAnswer }: Props) {
  const { who } = useSession();
  const key = device.key === "loading" ? null : device.key;
  const control = useDecision(review.id, key, onAnswer);
  const now = useNow(1_000);
  const { state, choose, back } = control;
  const blocked = obstacles({
    review,
    subjectMatches: checkSubject(review).matches,
    hasKey: device.key === "loading" ? null : device.key !== null,
    standing: device.standing,
    member: who.member,
    role: who.role,
    nowMs: now,
  });
  const open = (decision: "approve" | "reject") => (): void => {
    if (
      review.status === "waiting" &&
      blocked[decision] === null &&
      (state.at === "choosing" || state.at === "confirming")
    )
      choose(decision);
  };
  useShortcuts({ a: open("approve"), r: open("reject"), Escape: back });

  const over = review.status !== "waiting" || state.at === "answered" || state.at === "failed";
  if (over) return <DecisionResult review={review} control={control} />;
  return (
    <section className="decision" aria-label="Your decision">
      {control.kept === null ? null : (
        <Notice tone="wait">
          This device signed {control.kept.decision.decision === "approve" ? "an approval" : "a rejection"} of this
          review and saw no answer.{" "}
          <button
            type="button"
            className="button-link"
            disabled={state.at === "sending"}
            onClick={() => control.send(review, control.kept!.decision)}
          >
            Send the same one again
          </button>
        </Notice>
      )}
      {state.at === "confirming" && blocked[state.decision] === null ? (
        state.decision === "approve" ? (
          <ConfirmApproval review={review} control={control} />
        ) : (
          <ConfirmRejection review={review} control={control} />
        )
      ) : (
        <div className="decision-row">
          <div className="decision-buttons">
            <button
              type="button"
              className="button button-approve"
              disabled={blocked.approve !== null || state.at === "sending"}
              onClick={open("approve")}
              title={blocked.approve?.text}
            >
              {state.at === "sending" && state.decision.decision === "approve" ? "Signing…" : "Approve"}{" "}
              <kbd aria-hidden="true">a</kbd>
            </button>
            <button
              type="button"
              className="button button-reject"
              disabled={blocked.reject !== null || state.at === "sending"}
              onClick={open("reject")}
              title={blocked.reject?.text}
            >
              {state.at === "sending" && state.decision.decision === "reject" ? "Signing…" : "Reject"}{" "}
              <kbd aria-hidden="true">r</kbd>
            </button>
          </div>
          <p className="decision-note small" aria-live="polite">
            {blocked.approve === null ? (
              <span className="muted">
                Signed with this device's key as{" "}
                {device.standing?.state === "enrolled" ? device.standing.enrolment.member : "you"}.
              </span>
            ) : blocked.reject === null && state.at === "sending" ? null : (
              <>
                {blocked.approve.text} {blocked.approve.at === "key" ? <Link to="/key">My key</Link> : null}
              </>
            )}
          </p>
        </div>
      )}
    </section>
  );
}

function ConfirmApproval({ review, control }: { review: ReviewView; control: DecisionControl }) {
  return (
    <div className="decision-confirm" role="group" aria-label="Confirm the approval">
      <p>Approve exactly what is shown above?</p>
      <div className="decision-buttons">
        <button
          type="button"
          className="button button-approve"
          autoFocus
          onClick={() => control.send(review, { decision: "approve", reason: null })}
        >
          Sign approval
        </button>
        <button type="button" className="button" onClick={control.back}>
          Back
        </button>
      </div>
    </div>
  );
}

/** The schema of an attestation holds no more. */
const REASON_CHARS = 1_000;

function ConfirmRejection({ review, control }: { review: ReviewView; control: DecisionControl }) {
  const [reason, setReason] = useState("");
  const missing = reason.trim() === "";
  const send = (): void => {
    if (!missing) control.send(review, { decision: "reject", reason });
  };
  return (
    <form
      className="decision-confirm"
      aria-label="Confirm the rejection"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label htmlFor="reject-reason">
        Why not? The reason is signed and recorded for ever: leave personal data out.
      </label>
      <textarea
        id="reject-reason"
        value={reason}
        maxLength={REASON_CHARS}
        rows={3}
        autoFocus
        required
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
          if (event.key === "Escape") control.back();
        }}
      />
      <div className="decision-buttons">
        <button type="submit" className="button button-reject" disabled={missing}>
          Sign rejection
        </button>
        <button type="button" className="button" onClick={control.back}>
          Back
        </button>
      </div>
    </form>
  );
}
