/** What a person found about an effect in doubt: first it is written down, then the exact words stand there to be signed. */
import { useId, useState } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { DoubtView } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { blankOf, propertiesOf } from "../lib/result-shape.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import type { ResolutionControl } from "../lib/use-resolution.ts";
import { foundIn, type Draft, type Found } from "../signing/resolution.ts";
import { Id } from "./id.tsx";
import { Fact, Facts } from "./section.tsx";
import { Value } from "./value.tsx";

/** The schema of a resolution holds no more. */
const REASON_CHARS = 1_000;

type FormProps = { doubt: DoubtView; draft: Draft; onDraft: (draft: Draft) => void; control: ResolutionControl };

export function DoubtForm({ doubt, draft, onDraft, control }: FormProps) {
  const id = useId();
  const [lacks, setLacks] = useState<Problem | null>(null);
  const change = (part: Partial<Draft>): void => {
    setLacks(null);
    onDraft({ ...draft, ...part });
  };
  const go = (): void => {
    const found = foundIn(draft);
    if (found.ok) control.go({ at: "confirming", found: found.value });
    else setLacks(found.problem);
  };
  return (
    <form
      className="decision-confirm"
      aria-label={`What became of ${doubt.step}`}
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") control.go({ at: "closed" });
      }}
    >
      <fieldset className="choices">
        <legend>What did you find?</legend>
        <Choice
          name={`${id}-outcome`}
          isChosen={draft.outcome === "applied"}
          onChoose={() => change({ outcome: "applied" })}
          text="It happened"
          note="The task goes on as if the target had said so."
        />
        <Choice
          name={`${id}-outcome`}
          isChosen={draft.outcome === "not-applied"}
          onChoose={() => change({ outcome: "not-applied" })}
          text="It did not happen"
          note={doubt.mayRetry ? "It fails, or is tried again: your choice." : "The action stays as it is."}
        />
      </fieldset>
      {draft.outcome === "not-applied" && doubt.mayRetry ? (
        <fieldset className="choices">
          <legend>And then?</legend>
          <Choice
            name={`${id}-retry`}
            isChosen={!draft.retry}
            onChoose={() => change({ retry: false })}
            text="Leave it"
            note="The step fails, and the task goes by that."
          />
          <Choice
            name={`${id}-retry`}
            isChosen={draft.retry}
            onChoose={() => change({ retry: true })}
            text="Try it again"
            note={`As attempt ${doubt.attempt + 1}. Where you are wrong, it happens twice.`}
          />
        </fieldset>
      ) : null}
      {draft.outcome === "applied" ? (
        <ResultField doubt={doubt} text={draft.result} onText={(result) => change({ result })} />
      ) : null}
      <label htmlFor={`${id}-reason`}>
        How do you know? It is signed and recorded for ever: leave personal data out.
      </label>
      <textarea
        id={`${id}-reason`}
        value={draft.reason}
        maxLength={REASON_CHARS}
        rows={2}
        required
        onChange={(event) => change({ reason: event.target.value })}
      />
      {lacks === null ? null : (
        <p role="alert" className="tone-bad-text small">
          {lacks.detail} <code>{lacks.code}</code>
        </p>
      )}
      <div className="decision-buttons">
        <button type="submit" className="button button-primary" disabled={draft.outcome === null}>
          Read what you sign
        </button>
        <button type="button" className="button" onClick={() => control.go({ at: "closed" })}>
          Back
        </button>
      </div>
    </form>
  );
}

type ChoiceProps = { name: string; isChosen: boolean; onChoose: () => void; text: string; note: string };

function Choice({ name, isChosen, onChoose, text, note }: ChoiceProps) {
  return (
    <label className="choice">
      <input type="radio" name={name} checked={isChosen} onChange={onChoose} />
      <span>
        {text} <span className="muted small">{note}</span>
      </span>
    </label>
  );
}

/** The result that later steps refer to: optional, in the shape that the contract promises. */
function ResultField({ doubt, text, onText }: { doubt: DoubtView; text: string; onText: (text: string) => void }) {
  const id = useId();
  const { client, who } = useSession();
  const page = useQuery(`capabilities:${who.tenant}`, client.listCapabilities);
  const contract = page.data?.capabilities.find((one) => one.contract.name === doubt.capability)?.contract;
  const properties = contract === undefined ? [] : propertiesOf(contract.output);
  return (
    <>
      <label htmlFor={id}>
        What did it answer?{" "}
        <span className="muted small">JSON; leave it empty where no later step refers to the result.</span>
      </label>
      {properties.length === 0 ? null : (
        <p className="small muted choice-note">
          The contract promises{" "}
          {properties.map(({ name, type, isRequired }, i) => (
            <span key={name}>
              {i > 0 ? ", " : ""}
              <code>{visible(name)}</code> ({type}
              {isRequired ? "" : ", optional"})
            </span>
          ))}
          .{" "}
          {text.trim() === "" && contract !== undefined ? (
            <button type="button" className="button-link" onClick={() => onText(blankOf(contract.output))}>
              Fill in the names
            </button>
          ) : null}
        </p>
      )}
      <textarea
        id={id}
        className="code"
        value={text}
        rows={text === "" ? 1 : Math.min(10, text.split("\n").length)}
        spellCheck={false}
        onChange={(event) => onText(event.target.value)}
      />
    </>
  );
}

type ConfirmProps = { found: Found; isSending: boolean; control: ResolutionControl };

/** The statement in the order in which it is signed; id, time and end are added as it is signed. */
export function DoubtConfirm({ found, isSending, control }: ConfirmProps) {
  const { doubt, send, go } = control;
  const didHappen = found.outcome === "applied";
  return (
    <div className="decision-confirm" role="group" aria-label="What you sign">
      <p>
        You sign that this {didHappen ? "happened" : "did not happen"}
        {found.outcome === "not-applied"
          ? found.retry
            ? ", and that it is tried again"
            : ", and is left at that"
          : ""}
        :
      </p>
      <Facts>
        <Fact name="Step">
          {doubt.step} of <Id value={doubt.task} what="task id" form="short" />
        </Fact>
        <Fact name="Action">
          <Id value={doubt.action} what="action id" /> attempt {doubt.attempt}
        </Fact>
        <Fact name="Signed step">
          <Id value={doubt.digest} what="step digest" form="digest" />
        </Fact>
        <Fact name="Outcome">
          <code>{found.outcome}</code>
        </Fact>
        <Fact name="Another try">{found.retry ? "yes" : "no"}</Fact>
        <Fact name="Result">
          {found.result === null ? (
            <span className="muted">none</span>
          ) : (
            <>
              <Value value={found.result.value} />
              <span className="muted small">signed as a commitment; the value stays in the region</span>
            </>
          )}
        </Fact>
        <Fact name="Reason">
          <span className="doubt-reason">{visible(found.reason)}</span>
        </Fact>
      </Facts>
      <div className="decision-buttons">
        <button
          type="button"
          className={`button ${didHappen ? "button-approve" : "button-reject"}`}
          autoFocus
          disabled={isSending}
          onClick={() => send(found)}
        >
          {isSending ? "Signing…" : didHappen ? "Sign that it happened" : "Sign that it did not happen"}
        </button>
        <button type="button" className="button" disabled={isSending} onClick={() => go({ at: "writing" })}>
          Back
        </button>
      </div>
    </div>
  );
}
