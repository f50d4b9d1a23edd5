/** What was predicted of a step's action and what was read back after it. */
import type { Json } from "../../../shared/json.ts";
import type { StepView } from "../../../shared/views.ts";
import { Badge, type Tone } from "./status.tsx";
import { Fields } from "./value.tsx";

type Outcome = NonNullable<StepView["outcome"]>;

const WORDS: { readonly [verdict in Outcome["verdict"]]: readonly [Tone, string] } = {
  matched: ["good", "as predicted"],
  mismatched: ["bad", "not as predicted"],
  unobserved: ["wait", "not compared"],
  pending: ["off", "to be read back"],
};

export function StepOutcome({ step }: { step: StepView }) {
  const { outcome } = step;
  if (outcome === null) return null;
  const [tone, text] = WORDS[outcome.verdict];
  return (
    <div className="step-part">
      <h4>Outcome</h4>
      <div>
        <p className="chips">
          <Badge tone={tone} text={text} />
          {outcome.fields.map((field) => (
            <code key={field}>{field}</code>
          ))}
          {outcome.code === null ? null : <code>{outcome.code}</code>}
        </p>
        {outcome.verdict === "mismatched" ? (
          <>
            <p className="small muted">Expected</p>
            <Fields value={only(outcome.expected, outcome.fields)} label={`Expected after ${step.id}`} />
            <p className="small muted">Read back</p>
            <Fields value={only(outcome.observed, outcome.fields)} label={`Read back after ${step.id}`} />
          </>
        ) : null}
      </div>
    </div>
  );
}

/** The fields that differ, of everything that was compared. */
const only = (values: Json, fields: readonly string[]): Json =>
  Object.fromEntries(Object.entries(Object(values) as object).filter(([field]) => fields.includes(field)));
