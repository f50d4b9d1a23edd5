/** A task's place in the log, checked by this browser when somebody asks for it. */
import { useState } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { Place } from "../../../shared/verify/index.ts";
import { count, shorten } from "../lib/format.ts";
import { mayProve, mayReadEntries } from "../lib/permissions.ts";
import { checkTask, pinnedBy, type CheckedEntry } from "../lib/place-in-log.ts";
import { Link } from "../lib/router.tsx";
import { entryPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { useAnchors } from "../lib/trust-anchors.tsx";
import { Id } from "./id.tsx";
import { Empty, ProblemNotice } from "./notice.tsx";
import { Fact, Facts, Section } from "./section.tsx";
import { VerdictBadge } from "./signature.tsx";

type State =
  | { readonly is: "idle" | "checking" }
  | { readonly is: "failed"; readonly problem: Problem }
  | { readonly is: "done"; readonly version: string; readonly entries: readonly CheckedEntry[] };

/** `version` changes when the task has: what was checked before is then of the past. */
export function PlaceInLog({ task, version }: { task: string; version: string }) {
  const { client, who } = useSession();
  const { trust } = useAnchors();
  const [state, setState] = useState<State>({ is: "idle" });
  if (!mayProve(who.role)) return null;
  const readsEntries = mayReadEntries(who.role);

  const check = async (): Promise<void> => {
    setState({ is: "checking" });
    const pinned = pinnedBy(trust);
    const checked = pinned.ok ? await checkTask(client, task, pinned.value, readsEntries) : pinned;
    setState(checked.ok ? { is: "done", version, entries: checked.value } : { is: "failed", problem: checked.problem });
  };

  return (
    <Section
      title="Place in the log"
      aside={
        <button
          type="button"
          className="button"
          onClick={() => void check()}
          disabled={state.is === "checking" || trust === null}
        >
          {state.is === "checking" ? "Verifying…" : "Verify here"}
        </button>
      }
    >
      <div role="status">
        {state.is === "idle" ? (
          <p className="muted small">
            This browser fetches the entries, their proofs and the signed checkpoint, and checks them itself.
          </p>
        ) : null}
        {state.is === "failed" ? (
          <ProblemNotice problem={state.problem} doing="Reading the proofs" onRetry={() => void check()} />
        ) : null}
        {state.is === "done" && state.entries.length === 0 ? (
          <Empty>No entry of this task is in the log yet.</Empty>
        ) : null}
        {state.is === "done" && state.version !== version ? (
          <p className="muted small">The task has changed since; verify again for its newest entries.</p>
        ) : null}
      </div>
      {state.is === "done" ? (
        <ul className="places">
          {state.entries.map((entry) => (
            <li key={entry.index}>
              <EntryPlace entry={entry} linked={readsEntries} />
            </li>
          ))}
        </ul>
      ) : null}
    </Section>
  );
}

function EntryPlace({ entry: { index, outcome }, linked }: { entry: CheckedEntry; linked: boolean }) {
  return (
    <>
      <div className="place-head">
        {linked ? <Link to={entryPath(index)}>Entry {count(index)}</Link> : <span>Entry {count(index)}</span>}
        <VerdictBadge outcome={outcome} />
      </div>
      {outcome.ok ? (
        <PlaceFacts place={outcome.value} />
      ) : (
        <p className="small tone-bad-text">{outcome.problem.detail}</p>
      )}
    </>
  );
}

export function PlaceFacts({ place }: { place: Place }) {
  return (
    <Facts>
      <Fact name="Leaf">
        index {count(place.index)}, tree of {count(place.size)}{" "}
        <Id value={place.leafHash} what="leaf hash" form="short" />
        {place.hasEntry ? null : (
          <div className="muted small">its hash is the server's word: this key reads no entries</div>
        )}
      </Fact>
      <Fact name="Checkpoint">
        <Id value={place.root} what="root of the tree" form="short" />
        <div className="muted small">
          signed by <code title={place.key}>{shorten(place.key, 26, 8)}</code>
        </div>
      </Fact>
    </Facts>
  );
}
