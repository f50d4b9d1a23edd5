/** What the system is doing now. Each part reads by itself, so that one that fails leaves the others standing. */
import { mayReadFigures, mayReadReviews } from "../lib/permissions.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery, type Query } from "../lib/use-query.ts";
import { Alarms } from "../parts/alarms.tsx";
import { Executors } from "../parts/executors.tsx";
import { Figures } from "../parts/figures.tsx";
import { HealthBadge } from "../parts/health.tsx";
import { Empty, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { OpenAlerts } from "../parts/open-alerts.tsx";
import { Page } from "../parts/page.tsx";
import { RecentTasks } from "../parts/recent-tasks.tsx";
import { Section } from "../parts/section.tsx";
import { ServiceLevels } from "../parts/service-levels.tsx";
import { Automations } from "../parts/automations.tsx";
import { AsOf } from "../parts/time.tsx";
import { Toggles } from "../parts/toggles.tsx";
import { WaitingReviews } from "../parts/waiting-reviews.tsx";
import { Link } from "../lib/router.tsx";

const FAST_MS = 4_000;
const ALERTS_MS = 10_000;
const SLOW_MS = 20_000;

export function OverviewPage() {
  const { client, who } = useSession();
  const seesReviews = mayReadReviews(who.role);
  const overview = useQuery(`overview:${who.tenant}`, client.overview, FAST_MS);
  const reviews = useQuery(seesReviews ? `reviews:${who.tenant}` : null, client.listReviews, FAST_MS);
  const seesFigures = mayReadFigures(who.role);
  const alerts = useQuery(seesFigures ? `alerts:${who.tenant}` : null, client.alerts, ALERTS_MS);
  const health = useQuery("health", client.health, FAST_MS);
  const automations = useQuery(`automations:${who.tenant}`, client.listAutomations, SLOW_MS);
  const capabilities = useQuery(`capabilities:${who.tenant}`, client.listCapabilities, SLOW_MS);
  const oldest = [overview, reviews, health].reduce<number | null>(
    (min, { asOfMs }) => (asOfMs === null ? min : Math.min(min ?? asOfMs, asOfMs)),
    null,
  );
  const failing = overview.problem ?? reviews.problem ?? health.problem;

  return (
    <Page
      title="Overview"
      documentTitle="Overview"
      badge={<HealthBadge health={health} />}
      aside={<AsOf ms={oldest} stale={failing !== null} />}
    >
      {seesFigures ? <OpenAlerts alerts={alerts} /> : null}
      <Alarms
        overview={overview.data}
        health={health}
        automations={automations.data}
        capabilities={capabilities.data}
      />
      <Failed query={overview} doing="Reading the overview" />
      <Figures overview={overview.data} reviews={reviews.data} seesReviews={seesReviews} />
      <div className="columns columns-even">
        <Section title="Waiting reviews" aside={seesReviews ? <Link to="/reviews">Open the inbox</Link> : undefined}>
          {!seesReviews ? (
            <Empty>An API key of the role {who.role} does not read reviews.</Empty>
          ) : reviews.data === null ? (
            <Pending query={reviews} doing="Reading the reviews" lines={4} />
          ) : (
            <WaitingReviews page={reviews.data} />
          )}
        </Section>
        <Section title="Automations">
          {automations.data === null ? (
            <Pending query={automations} doing="Reading the automations" lines={4} />
          ) : (
            <Automations page={automations.data} />
          )}
        </Section>
      </div>
      {seesFigures ? <ServiceLevels alerts={alerts.data?.alerts ?? []} /> : null}
      <RecentTasks />
      <Toggles />
      <Section title="Executors and ledger">
        {overview.data === null ? (
          <Pending query={overview} doing="Reading the overview" lines={6} quiet />
        ) : (
          <Executors overview={overview.data} />
        )}
      </Section>
    </Page>
  );
}

function Failed({ query, doing }: { query: Query<unknown>; doing: string }) {
  return query.problem === null ? null : <ProblemNotice problem={query.problem} doing={doing} />;
}

/** Before the first answer. `quiet`: the problem already stands elsewhere on the page. */
function Pending({
  query,
  doing,
  lines,
  quiet = false,
}: {
  query: Query<unknown>;
  doing: string;
  lines: number;
  quiet?: boolean;
}) {
  if (query.problem === null) return <Skeleton lines={lines} label={doing} />;
  if (quiet) return <p className="empty">Not known.</p>;
  return query.problem.code === "forbidden" ? (
    <p className="empty">Your key's role may not see this.</p>
  ) : (
    <ProblemNotice problem={query.problem} doing={doing} onRetry={() => void query.refresh()} />
  );
}
