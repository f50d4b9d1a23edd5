/** The reviews that wait, the one with the nearest deadline first. */
import type { ReviewPage } from "../../../shared/api.ts";
import type { ReviewView } from "../../../shared/views.ts";
import { visible, plural } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { reviewPath } from "../lib/routes.ts";
import { Empty } from "./notice.tsx";
import { Countdown } from "./time.tsx";

const SHOWN = 5;

export const inbox = (page: ReviewPage): readonly ReviewView[] =>
  page.reviews
    .filter((review) => review.status === "waiting")
    .toSorted((a, b) => a.expiresAt.localeCompare(b.expiresAt) || a.id.localeCompare(b.id));

/** How many effects in doubt wait for a person: their targets are not asked any more. */
export const unanswered = (page: ReviewPage): number =>
  page.doubts.filter(({ nextAskAt }) => nextAskAt === null).length;

export function WaitingReviews({ page }: { page: ReviewPage }) {
  const waiting = inbox(page);
  const unknown = unanswered(page);
  if (waiting.length + unknown === 0) return <Empty>Nothing waits for a person.</Empty>;
  return (
    <ul className="rows">
      {unknown === 0 ? null : (
        <li>
          <Link to="/reviews" className="row">
            <span className="row-title">{plural(unknown, "effect")} in doubt</span>
            <span className="row-note muted">nobody knows whether it happened: someone must check</span>
          </Link>
        </li>
      )}
      {waiting.slice(0, SHOWN).map((review) => (
        <li key={review.id}>
          <Link to={reviewPath(review.id)} className="row">
            <span className="row-title">{visible(review.parts.shown.summary)}</span>
            <span className="row-note muted">
              <span>
                {review.automation} · {[...new Set(review.required.map(({ role }) => role))].join(", ")}
              </span>
              <Countdown until={review.expiresAt} />
            </span>
          </Link>
        </li>
      ))}
      {waiting.length > SHOWN ? (
        <li>
          <Link to="/reviews" className="row row-more">
            {plural(waiting.length - SHOWN, "more review")}
          </Link>
        </li>
      ) : null}
    </ul>
  );
}
