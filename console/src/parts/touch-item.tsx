/** One action on a record: what it did, who asked and countersigned, how it stands now, and why it was done when somebody wants to know. */
import { useState } from "react";
import type { Touch } from "../../../shared/api.ts";
import { count, visible } from "../lib/format.ts";
import { laterOf, relationOf } from "../lib/impact-words.ts";
import { mayReadEntries } from "../lib/permissions.ts";
import { Link } from "../lib/router.tsx";
import { entryPath, taskPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { RecordLink } from "./record-name.tsx";
import { Status } from "./status.tsx";
import { stepAnchor } from "./step-graph.tsx";
import { At } from "./time.tsx";
import { TouchReason } from "./touch-reason.tsx";

type Props = {
  readonly touch: Touch;
  /** The record that was asked about, or through which it was reached. */
  readonly record: string;
  readonly summary: string | null;
  /** Shows what followed from here. */
  readonly onFollow?: (() => void) | undefined;
};

export function TouchItem({ touch, record, summary, onFollow }: Props) {
  const { who } = useSession();
  const [open, setOpen] = useState(false);
  const later = laterOf(touch);
  return (
    <li className={`touch is-${touch.how}`}>
      <p className="touch-time small muted">
        <At at={touch.at} />
      </p>
      <div className="touch-words">
        <p className="touch-what">
          <strong>{summary ?? touch.capability ?? "An action that the run log does not have yet"}</strong>{" "}
          <Status value={touch.status} />
        </p>
        <p className="small">
          <Sentence touch={touch} record={record} />
        </p>
        {later === null ? null : (
          <p className={`small${touch.status.includes("doubt") ? " tone-doubt-text" : ""}`}>{later}</p>
        )}
        <div className="touch-acts small">
          <Link to={`${taskPath(touch.task)}#${stepAnchor(touch.step)}`}>its task</Link>
          {mayReadEntries(who.role) ? (
            <Link to={entryPath(touch.index)}>entry {count(touch.index)}</Link>
          ) : (
            <span className="muted">entry {count(touch.index)}</span>
          )}
          {onFollow === undefined ? null : (
            <button type="button" className="button-link" onClick={onFollow}>
              what followed
            </button>
          )}
        </div>
        <details className="touch-why small" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>Why it was done</summary>
          {open ? <TouchReason task={touch.task} step={touch.step} /> : null}
        </details>
      </div>
    </li>
  );
}

function Sentence({ touch, record }: { touch: Touch; record: string }) {
  const { verb, other } = relationOf(touch, record);
  return (
    <>
      <strong>{touch.automation ?? "A task"}</strong> {verb}{" "}
      {other ? (
        <>
          <RecordLink tag={touch.record} />, which concerns it
        </>
      ) : (
        "it"
      )}
      {touch.undoes === null ? null : (
        <>
          {" "}
          to take back <em>{touch.undoes}</em>
        </>
      )}
      {touch.askedBy === null ? null : <>, asked by {visible(touch.askedBy)}</>}
      {touch.countersignedBy.length === 0 ? null : (
        <>
          , countersigned by <strong>{touch.countersignedBy.map(visible).join(", ")}</strong>
        </>
      )}
      .
    </>
  );
}
