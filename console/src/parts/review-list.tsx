/** The waiting reviews as links; the open one is marked and kept in sight. */
import { useEffect, useRef } from "react";
import type { ReviewView } from "../../../shared/views.ts";
import { visible } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { reviewPath } from "../lib/routes.ts";
import { Countdown } from "./time.tsx";

export function ReviewList({ reviews, open }: { reviews: readonly ReviewView[]; open: string | null }) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <ul className="rows" ref={list}>
      {reviews.map((review) => (
        <li key={review.id}>
          <Link to={reviewPath(review.id)} className="row" current={review.id === open}>
            <span className="row-title">{visible(review.parts.shown.summary)}</span>
            <span className="row-note muted">
              <span>{progressOf(review)}</span>
              <Countdown until={review.expiresAt} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** `billing-lead 1 of 2`, for each rule that asks. */
const progressOf = (review: ReviewView): string =>
  [
    ...new Set(
      review.required.map(({ role, quorum, approvedBy }) =>
        quorum === 1 ? role : `${role} ${approvedBy.length} of ${quorum}`,
      ),
    ),
  ].join(", ");
