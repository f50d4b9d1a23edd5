/** The few numbers that say how busy the system is. Their places are kept while the values are on their way. */
import type { Overview, ReviewPage } from "../../../shared/api.ts";
import { count, duration } from "../lib/format.ts";
import { useNow } from "../lib/use-now.ts";

export function Figures({
  overview,
  reviews,
  seesReviews,
}: {
  overview: Overview | null;
  reviews: ReviewPage | null;
  seesReviews: boolean;
}) {
  const now = useNow(1_000);
  const waiting = reviews?.reviews.filter((review) => review.status === "waiting") ?? null;
  const soonest =
    waiting === null || waiting.length === 0
      ? null
      : Math.min(...waiting.map((review) => Date.parse(review.expiresAt)));
  const undelivered =
    overview === null
      ? null
      : overview.executors.reduce((sum, { head, delivered }) => sum + Math.max(0, head - delivered), 0);
  const outcomes = overview?.outcomes ?? null;
  const lag =
    overview?.ledger === null || overview === null
      ? null
      : Math.max(0, ...overview.ledger.projections.map((projection) => projection.lag));
  return (
    <dl className="figures">
      <Figure
        name="Open tasks"
        value={overview?.tasks.open ?? null}
        note={overview === null ? "" : `${count(overview.tasks.waiting)} waiting for somebody`}
      />
      <Figure
        name="Waiting reviews"
        value={waiting?.length ?? null}
        note={
          !seesReviews
            ? "not for this key"
            : waiting === null
              ? ""
              : soonest === null
                ? "nothing to decide"
                : `first deadline in ${duration(soonest - now)}`
        }
      />
      <Figure
        name="Ledger entries"
        value={overview?.ledger?.size ?? null}
        note={lag === null ? "" : lag === 0 ? "read models up to date" : `read models ${count(lag)} behind`}
      />
      <Figure
        name="Unexpected outcomes"
        value={outcomes === null ? null : total(outcomes, "mismatched")}
        note={
          outcomes === null
            ? ""
            : `${count(total(outcomes, "matched"))} as predicted, ${count(total(outcomes, "unobserved"))} not compared`
        }
      />
      <Figure
        name="Not yet delivered"
        value={undelivered}
        note={
          undelivered === null
            ? ""
            : undelivered === 0
              ? "every record is in the ledger"
              : "records on their way to the ledger"
        }
      />
    </dl>
  );
}

const total = (outcomes: Overview["outcomes"], verdict: "matched" | "mismatched" | "unobserved"): number =>
  outcomes.reduce((sum, one) => sum + one[verdict], 0);

function Figure({ name, value, note }: { name: string; value: number | null; note: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value === null ? "–" : count(value)}</span>
        <span className="figure-note muted">{note}</span>
      </dd>
    </div>
  );
}
