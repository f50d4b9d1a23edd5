/** What the signature will cover, whether this page found the same digest, and what the page cannot promise. */
import type { ReviewView } from "../../../shared/views.ts";
import { Link } from "../lib/router.tsx";
import type { SubjectCheck } from "../signing/decision.ts";
import { Id } from "./id.tsx";
import { Notice } from "./notice.tsx";
import { Fact, Facts } from "./section.tsx";
import { Badge } from "./status.tsx";
import { Value } from "./value.tsx";

export function WhatIsSigned({ review, check }: { review: ReviewView; check: SubjectCheck }) {
  return (
    <section aria-label="What is signed" className="what-is-signed">
      <details>
        <summary>
          What you sign{" "}
          {check.matches ? (
            <Badge
              tone="good"
              text="digest recomputed here"
              title="This page computed the subject digest itself from what it shows, and it is the one the executor asks about."
            />
          ) : (
            <Badge tone="bad" text="digest differs" />
          )}
        </summary>
        <Facts>
          <Fact name="Subject">
            <Id value={review.subject} what="subject digest" form="digest" />
          </Fact>
          <Fact name="Signed step">
            <Id value={review.parts.step} what="step digest" form="digest" />
          </Fact>
          <Fact name="Review">
            <Id value={review.id} what="review id" form="short" />
          </Fact>
          <Fact name="Premises">
            <Value value={review.parts.premises} />
          </Fact>
        </Facts>
      </details>
      <p className="small muted">
        Where the intent-manager serves this console, replaced console code could show one thing and sign another; the
        command line or the console on its own origin is the stronger choice.{" "}
        <Link to="/trust">What you can rely on</Link>
      </p>
    </section>
  );
}

/** Stands at the top of a review whose parts are not what the executor asks about. */
export function Mismatch({ review, check }: { review: ReviewView; check: SubjectCheck }) {
  if (check.matches) return null;
  return (
    <Notice tone="bad" title="This review does not match what the executor asks about." live="alert">
      <p>
        The digest over what is shown here is another one. This page refuses to sign it. Tell whoever runs the system,
        and do not approve it elsewhere.
      </p>
      <p className="small">
        asked about <Id value={review.subject} what="subject digest" form="digest" /> shown{" "}
        <Id value={check.computed} what="computed digest" form="digest" />
      </p>
    </Notice>
  );
}
