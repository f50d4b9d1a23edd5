/** One step of a task: what it would do with which values from where, what was decided and by which rules, who signed, what came of it. */
import type { ReactNode } from "react";
import type { Json } from "../../../shared/json.ts";
import type { StepView } from "../../../shared/views.ts";
import { plural, visible } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { reviewPath } from "../lib/routes.ts";
import type { SignedDecision } from "../lib/task-signatures.ts";
import { RecordLink } from "./record-name.tsx";
import { Badge, Status, toneOf, type Tone } from "./status.tsx";
import { stepAnchor } from "./step-graph.tsx";
import { DecisionLine, ReceiptLine } from "./step-signatures.tsx";
import { StepOutcome } from "./step-outcome.tsx";
import { StepUndo } from "./step-undo.tsx";
import { StepWaits } from "./step-waits.tsx";
import { At } from "./time.tsx";
import { Fields } from "./value.tsx";

export function StepCard({
  task,
  step,
  decisions,
  doubt,
  onChange,
}: {
  task: string;
  step: StepView;
  decisions: readonly SignedDecision[];
  /** The form for what became of it, where this is in doubt and the reader may know more; null otherwise. */
  doubt: ReactNode;
  onChange: () => void;
}) {
  return (
    <li className={`step tone-${toneOf(step.status)}`} id={stepAnchor(step.id)} tabIndex={-1}>
      <div className="step-head">
        <h3>
          {step.id} <code className="step-capability">{step.capability}</code>
        </h3>
        <Status value={step.status} />
        <After steps={step.after} />
      </div>
      {step.problem === null ? null : (
        <p className="step-problem">
          {visible(step.problem.detail)} <code>{step.problem.code}</code>
        </p>
      )}
      <StepWaits task={task} step={step} hasForm={doubt !== null} />
      <StepUndo task={task} step={step} onChange={onChange} />
      <Part name="Arguments">
        <Fields value={step.args} provenance={step.provenance} label={`Arguments of ${step.id}`} />
      </Part>
      {doubt === null ? null : <Part name="What to do">{doubt}</Part>}
      {step.decision === null ? null : (
        <Part name="Decided">
          <Decided step={step} decision={step.decision} />
        </Part>
      )}
      {step.receipt === null && decisions.length === 0 ? null : (
        <Part name="Signed">
          <ul className="signatures">
            {decisions.map((decision) => (
              <DecisionLine key={decision.attestation} task={task} decision={decision} />
            ))}
            {step.receipt === null ? null : <ReceiptLine task={task} step={step.id} envelope={step.receipt} />}
          </ul>
        </Part>
      )}
      {step.result === null ? null : (
        <Part name="Result">
          <Result step={step.id} value={step.result} />
        </Part>
      )}
      <StepOutcome step={step} />
      <Rest step={step} />
    </li>
  );
}

/** From this length on a result is folded away: what a step read is often much more than what it changed. */
const LONG_CHARS = 400;

function Result({ step, value }: { step: string; value: Json }) {
  const fields = <Fields value={value} label={`Result of ${step}`} />;
  const { length } = JSON.stringify(value);
  if (length < LONG_CHARS) return fields;
  return (
    <details>
      <summary className="muted small">{plural(length, "character")} of JSON</summary>
      {fields}
    </details>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="step-part">
      <h4>{name}</h4>
      <div>{children}</div>
    </div>
  );
}

function After({ steps }: { steps: readonly string[] }) {
  if (steps.length === 0) return null;
  return (
    <span className="muted small">
      after{" "}
      {steps.map((id, i) => (
        <span key={id}>
          {i > 0 ? ", " : ""}
          <a href={`#${stepAnchor(id)}`}>{id}</a>
        </span>
      ))}
    </span>
  );
}

const ANSWER_TONES: { readonly [answer: string]: Tone } = {
  allow: "good",
  notify: "good",
  review: "wait",
  deny: "bad",
};

function Decided({ step, decision }: { step: StepView; decision: NonNullable<StepView["decision"]> }) {
  return (
    <>
      <p className="chips">
        <Badge tone={ANSWER_TONES[decision.answer] ?? "off"} text={decision.answer} />
        {decision.byDefault ? (
          <span>by default: no rule matched</span>
        ) : (
          <>
            <span className="muted">by</span>
            {decision.rules.map((rule) => (
              <code key={rule}>{rule}</code>
            ))}
          </>
        )}
        {step.review === null ? null : (
          <Link to={reviewPath(step.review)}>
            {step.status === "awaiting_review" ? "waits for a review →" : "its review →"}
          </Link>
        )}
      </p>
      {decision.final ? null : <p className="small muted">For now: it is decided again on the resolved values.</p>}
      {decision.reviews.map(({ rule, role, quorum }) => (
        <p key={rule} className="small muted">
          <code>{rule}</code> asks for {quorum === 1 ? "one" : quorum} <strong>{role}</strong>
        </p>
      ))}
      {decision.errors.map((error) => (
        <p key={error} className="small tone-bad-text">
          {visible(error)}
        </p>
      ))}
    </>
  );
}

/** When it was applied, what it relied on and what it touches. */
function Rest({ step }: { step: StepView }) {
  if (step.appliedAt === null && step.attempts < 2 && step.premises.length + step.tags.length === 0) return null;
  return (
    <Part name={step.appliedAt === null ? "Touches" : "Applied"}>
      <p className="chips small muted">
        {step.appliedAt === null ? null : <At at={step.appliedAt} />}
        {step.attempts > 1 ? <span>{step.attempts} attempts</span> : null}
        {step.premises.map(({ resource, version, class: held }) => (
          <span key={resource} className="chip" title={`The action relied on this version of the record (${held})`}>
            {resource} v{version} · {held}
          </span>
        ))}
        {step.tags.map((tag) => (
          <RecordLink key={tag} tag={tag} className="chip" />
        ))}
      </p>
    </Part>
  );
}
