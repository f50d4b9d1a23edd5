/** The review inbox: what waits, nearest deadline first, and the review that is open beside it. */
import { useCallback, useEffect } from "react";
import { mayReadReviews } from "../lib/permissions.ts";
import { navigate } from "../lib/router.tsx";
import { reviewPath } from "../lib/routes.ts";
import { Doubts } from "../parts/doubts.tsx";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { useShortcuts } from "../lib/use-shortcuts.ts";
import { Empty, Notice, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { ReviewDetail } from "../parts/review-detail.tsx";
import { ReviewList } from "../parts/review-list.tsx";
import { AsOf } from "../parts/time.tsx";
import { inbox } from "../parts/waiting-reviews.tsx";

const REFRESH_MS = 4_000;
/** From this width on, list and review stand side by side. */
const WIDE = "(min-width: 960px)";

export function ReviewsPage({ id }: { id: string | null }) {
  const { who } = useSession();
  if (mayReadReviews(who.role)) return <Inbox id={id} />;
  return (
    <Page title="Reviews" documentTitle="Reviews">
      <Empty>An API key of the role {who.role} does not read reviews. Sign in with one of the role approver.</Empty>
    </Page>
  );
}

function Inbox({ id }: { id: string | null }) {
  const { client, who } = useSession();
  const reviews = useQuery(`reviews:${who.tenant}`, client.listReviews, REFRESH_MS);
  const waiting = reviews.data === null ? null : inbox(reviews.data);
  const at = waiting?.findIndex((review) => review.id === id) ?? -1;
  const first = waiting?.[0]?.id;

  useEffect(() => {
    // Beside a list there is room for a review: the first one is opened rather than an empty half.
    if (id === null && first !== undefined && matchMedia(WIDE).matches) navigate(reviewPath(first), { replace: true });
  }, [id, first]);

  const move = (by: 1 | -1): void => {
    if (waiting === null || waiting.length === 0) return;
    const next = at === -1 ? waiting[0]! : waiting[at + by];
    if (next !== undefined) navigate(reviewPath(next.id), { replace: id !== null });
  };
  useShortcuts({ j: () => move(1), k: () => move(-1) });
  const { refresh } = reviews;
  const onAnswer = useCallback(() => void refresh(), [refresh]);

  return (
    <Page
      title="Reviews"
      documentTitle={waiting === null || waiting.length === 0 ? "Reviews" : `(${waiting.length}) Reviews`}
      aside={<AsOf ms={reviews.asOfMs} stale={reviews.problem !== null} />}
    >
      {reviews.problem === null ? null : (
        <ProblemNotice problem={reviews.problem} doing="Reading the reviews" onRetry={() => void reviews.refresh()} />
      )}
      {reviews.data !== null && reviews.data.incomplete.length > 0 ? (
        <Notice tone="wait">
          Not everything: <code>{reviews.data.incomplete.join(", ")}</code> did not answer, and reviews may wait there.
        </Notice>
      ) : null}
      {reviews.data === null ? null : (
        <div className={id === null ? "" : "beside-review"}>
          <Doubts doubts={reviews.data.doubts} onAnswer={onAnswer} />
        </div>
      )}
      <div className={`inbox ${id === null ? "is-list" : "is-open"}`}>
        <nav className="inbox-list" aria-label="Waiting reviews">
          {waiting === null ? (
            reviews.problem === null ? (
              <Skeleton lines={6} label="reviews" />
            ) : null
          ) : waiting.length === 0 ? (
            <Empty>Nothing waits for a person. New reviews appear here by themselves.</Empty>
          ) : (
            <ReviewList reviews={waiting} open={id} />
          )}
        </nav>
        <div className="inbox-open">{id === null ? null : <ReviewDetail key={id} id={id} onAnswer={onAnswer} />}</div>
      </div>
    </Page>
  );
}
