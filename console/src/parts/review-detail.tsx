/** One review: everything that a person needs to decide, all of it from the parts that the signature covers, and the decision itself. */
import { useCallback, useMemo } from "react";
import type { ReviewView } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { Link, navigate } from "../lib/router.tsx";
import { taskPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { useDeviceKey } from "../lib/use-device-key.ts";
import { useQuery } from "../lib/use-query.ts";
import { useShortcuts } from "../lib/use-shortcuts.ts";
import { checkSubject } from "../signing/decision.ts";
import { Changes } from "./changes.tsx";
import { DecisionPanel } from "./decision-panel.tsx";
import { ProblemNotice, Skeleton } from "./notice.tsx";
import { ReviewBasis, ReviewRules } from "./review-parts.tsx";
import { Status } from "./status.tsx";
import { Countdown } from "./time.tsx";
import { Fields } from "./value.tsx";
import { Mismatch, WhatIsSigned } from "./what-is-signed.tsx";

const REFRESH_MS = 4_000;
const ENROLMENT_MS = 10_000;

export function ReviewDetail({ id, onAnswer }: { id: string; onAnswer: () => void }) {
  const { client } = useSession();
  const query = useQuery(`review:${id}`, () => client.readReview(id), REFRESH_MS);
  const device = useDeviceKey(ENROLMENT_MS);
  const review = query.data;
  const { refresh } = query;
  const answered = useCallback(() => {
    void refresh();
    onAnswer();
  }, [refresh, onAnswer]);
  useShortcuts({ t: () => review !== null && navigate(taskPath(review.task)) });

  if (review === null)
    return query.problem === null ? (
      <Skeleton lines={10} label="the review" />
    ) : (
      <ProblemNotice problem={query.problem} doing="Reading the review" onRetry={() => void query.refresh()} />
    );
  return (
    <article className="review" aria-labelledby="review-title">
      <Link to="/reviews" className="review-back">
        ← All reviews
      </Link>
      {query.problem === null ? null : <ProblemNotice problem={query.problem} doing="Refreshing the review" />}
      <ReviewContent review={review} />
      <DecisionPanel key={review.subject} review={review} device={device} onAnswer={answered} />
    </article>
  );
}

function ReviewContent({ review }: { review: ReviewView }) {
  const { shown, args } = review.parts;
  const check = useMemo(() => checkSubject(review), [review]);
  return (
    <>
      <header className="review-head">
        <h2 id="review-title">{visible(shown.summary)}</h2>
        <p className="chips small">
          <Status value={review.status} />
          {review.status === "waiting" ? <Countdown until={review.expiresAt} /> : null}
          <code>{review.capability}</code>
          <span className="muted">
            {review.automation} · {review.region} · <Link to={taskPath(review.task)}>task</Link>
          </span>
        </p>
      </header>
      <Mismatch review={review} check={check} />
      <section aria-label="What will change">
        <h3>What will change</h3>
        <Changes changes={shown.changes} />
      </section>
      <div className="columns columns-even">
        <ReviewRules review={review} />
        <ReviewBasis review={review} />
      </div>
      <section aria-label="Arguments">
        <h3>
          Arguments <span className="muted small">and whose words they are</span>
        </h3>
        <Fields value={args} provenance={shown.provenance} label="Arguments of the action" />
      </section>
      <WhatIsSigned review={review} check={check} />
    </>
  );
}
