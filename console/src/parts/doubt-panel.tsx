/** An effect of which nobody knows whether it happened: what was asked of whom, where to look, and a signed word on what was found. */
import { useEffect, useState } from "react";
import type { DoubtView } from "../../../shared/views.ts";
import { plural, visible } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { useSession } from "../lib/session.tsx";
import { useDeviceKey } from "../lib/use-device-key.ts";
import { useResolution } from "../lib/use-resolution.ts";
import { resolvingObstacle } from "../signing/obstacles.ts";
import { EMPTY_DRAFT } from "../signing/resolution.ts";
import { DoubtConfirm, DoubtForm } from "./doubt-form.tsx";
import { DoubtResult } from "./doubt-result.tsx";
import { Id } from "./id.tsx";
import { Notice } from "./notice.tsx";
import { Fact, Facts } from "./section.tsx";
import { Ago, At } from "./time.tsx";
import { Fields } from "./value.tsx";

/** How often to ask whether an enrolment has arrived. */
const ENROLMENT_MS = 10_000;

type Props = {
  doubt: DoubtView;
  /** On the page of its task: what stands there already is left out. */
  isBrief?: boolean;
  onOpen: (doubt: DoubtView, isOpen: boolean) => void;
  onAnswer: () => void;
};

export function DoubtPanel({ doubt: newest, isBrief = false, onOpen, onAnswer }: Props) {
  const { who } = useSession();
  const device = useDeviceKey(ENROLMENT_MS);
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const control = useResolution(newest, device.key === "loading" ? null : device.key, onAnswer);
  const { doubt, state, kept } = control;
  const isOpen = state.at !== "closed";
  useEffect(() => onOpen(doubt, isOpen), [onOpen, doubt, isOpen]);
  const blocked = resolvingObstacle({
    doubt,
    hasKey: device.key === "loading" ? null : device.key !== null,
    standing: device.standing,
    member: who.member,
    role: who.role,
  });
  return (
    <section className="doubt" aria-label={`In doubt: ${doubt.step}`}>
      {state.at === "answered" ? null : <DoubtFacts doubt={doubt} isBrief={isBrief} />}
      {state.at === "answered" || state.at === "failed" ? (
        <DoubtResult control={control} isOnTask={isBrief} />
      ) : state.at === "closed" ? (
        <div className="decision-row">
          {kept === null ? null : (
            <Notice tone="wait">
              This device signed that it {kept.finding.outcome === "applied" ? "happened" : "did not happen"} and saw no
              answer.{" "}
              <button type="button" className="button-link" onClick={() => control.send(kept.finding)}>
                Send the same word again
              </button>
            </Notice>
          )}
          <button
            type="button"
            className="button button-primary"
            disabled={blocked !== null}
            onClick={() => control.go({ at: "writing" })}
          >
            Say what you found…
          </button>
          <p className="decision-note small">
            {blocked === null ? (
              <span className="muted">Look first, then sign with this device's key.</span>
            ) : (
              <>
                {blocked.text} {blocked.at === "key" ? <Link to="/key">My key</Link> : null}
              </>
            )}
          </p>
        </div>
      ) : state.at === "writing" ? (
        <DoubtForm doubt={doubt} draft={draft} onDraft={setDraft} control={control} />
      ) : (
        <DoubtConfirm found={state.found} isSending={state.at === "sending"} control={control} />
      )}
    </section>
  );
}

/** What was asked of the target and how often, why nobody knows, and where to look. */
function DoubtFacts({ doubt, isBrief }: { doubt: DoubtView; isBrief: boolean }) {
  return (
    <>
      <p>
        <strong>{doubt.nextAskAt === null ? "In doubt: someone must check." : "In doubt."}</strong>{" "}
        <span className="muted">{visible(doubt.summary)}</span>
      </p>
      {isBrief ? null : <Fields value={doubt.args} label={`Arguments of ${doubt.step}`} />}
      <Facts>
        {isBrief ? null : (
          <Fact name="Why">
            {visible(doubt.problem.detail)} <code className="muted">{doubt.problem.code}</code>
          </Fact>
        )}
        <Fact name="Attempts">
          {plural(doubt.attempt, "attempt")}, in doubt since <Ago at={doubt.since} />;{" "}
          {doubt.asked === 0 ? "the target was not asked" : `the target was asked ${plural(doubt.asked, "time")}`}
          {doubt.nextAskAt === null ? null : (
            <>
              , next at <At at={doubt.nextAskAt} />
            </>
          )}
        </Fact>
        <Fact name="Look for">
          <span className="doubt-keys">
            <Id value={doubt.idempotencyKey} what="idempotency key" />
            <span className="muted small">the idempotency key of every call, where the target takes one</span>
            <Id value={doubt.action} what="action id" />
            <span className="muted small">the action, as messages on a queue call it</span>
            {doubt.effectKey === null ? null : (
              <>
                <Id value={doubt.effectKey} what="effect key" />
                <span className="muted small">the business key of the effect</span>
              </>
            )}
          </span>
        </Fact>
        <Fact name="Who may say">
          {doubt.roles.join(" or ")}
          {doubt.requesters.length === 0 ? null : (
            <span className="muted">, not {doubt.requesters.map(visible).join(", ")}, who asked for it</span>
          )}
        </Fact>
      </Facts>
    </>
  );
}
