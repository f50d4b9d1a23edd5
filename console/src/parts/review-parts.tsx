/** Why a review exists and what it rests on: rules with their roles, who asks, the planner's words, the records relied on. */
import * as z from "zod";
import type { ReviewView } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { Badge } from "./status.tsx";

export function ReviewRules({ review }: { review: ReviewView }) {
  const messageByRule = new Map(review.parts.shown.rules.map(({ id, message }) => [id, message]));
  const unclaimed = review.parts.shown.rules.filter(({ id }) => !review.required.some(({ rule }) => rule === id));
  return (
    <section aria-label="Why a person decides">
      <h3>Why a person decides</h3>
      <ul className="rules">
        {review.required.map(({ rule, role, quorum, approvedBy }) => (
          <li key={rule}>
            <p>{visible(messageByRule.get(rule) ?? "This rule gives no message.")}</p>
            <p className="small muted">
              <code>{rule}</code> asks for {quorum === 1 ? "one" : quorum} <strong>{role}</strong>
            </p>
            <p className="small">
              {approvedBy.length === 0 ? (
                <span className="muted">Nobody has approved yet.</span>
              ) : (
                <>
                  <Badge
                    tone={approvedBy.length >= quorum ? "good" : "wait"}
                    text={`${approvedBy.length} of ${quorum}`}
                  />{" "}
                  {approvedBy.join(", ")}
                </>
              )}
            </p>
          </li>
        ))}
        {unclaimed.map(({ id, message }) => (
          <li key={id}>
            <p>{visible(message)}</p>
            <p className="small muted">
              <code>{id}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const Premises = z.array(z.object({ resource: z.string(), version: z.int() }));

export function ReviewBasis({ review }: { review: ReviewView }) {
  const { shown, premises } = review.parts;
  const records = Premises.safeParse(premises);
  return (
    <section aria-label="Who asks">
      <h3>Who asks</h3>
      <p>{visible(shown.askedBy)}</p>
      {review.requester === null ? null : (
        <p className="small muted">
          Requested by <strong>{review.requester}</strong>, who may not approve it.
        </p>
      )}
      {shown.rationale === null ? null : (
        <figure className="untrusted">
          <figcaption>⚠ The planner's own words, untrusted</figcaption>
          <blockquote>{visible(shown.rationale)}</blockquote>
        </figure>
      )}
      {records.success && records.data.length > 0 ? (
        <p className="chips small">
          <span className="muted">relies on</span>
          {records.data.map(({ resource, version }) => (
            <span key={resource} className="chip">
              {visible(resource)} v{version}
            </span>
          ))}
        </p>
      ) : null}
    </section>
  );
}
