/** What is wrong and what to do about it: the alerts that are raised, above all else. One quiet line where there are none. */
import type { AlertPage } from "../../../shared/api.ts";
import { plural } from "../lib/format.ts";
import type { Query } from "../lib/use-query.ts";
import { AlertList } from "./alert-list.tsx";
import { Empty, Notice, ProblemNotice, Skeleton } from "./notice.tsx";
import { Section } from "./section.tsx";
import { Ago } from "./time.tsx";

export function OpenAlerts({ alerts: query }: { alerts: Query<AlertPage> }) {
  const page = query.data;
  const refresh = (): void => void query.refresh();
  return (
    <Section title="Alerts" aside={page === null || page.at === null ? undefined : <Checked at={page.at} />}>
      {query.problem === null ? null : (
        <ProblemNotice problem={query.problem} doing="Reading the alerts" onRetry={refresh} />
      )}
      {page === null ? query.problem === null ? <Skeleton lines={2} label="alerts" /> : null : null}
      {page === null ? null : <Listed page={page} onChange={refresh} />}
    </Section>
  );
}

const Checked = ({ at }: { at: string }) => (
  <span className="muted">
    checked <Ago at={at} />
  </span>
);

function Listed({ page, onChange }: { page: AlertPage; onChange: () => void }) {
  const raised = page.alerts.filter(({ state }) => state === "raised");
  const pending = page.alerts.filter(({ state }) => state === "pending");
  const cleared = page.alerts.filter(({ state }) => state === "cleared");
  const unheard = raised.some(({ severity }) => severity === "page") && page.notifies === null;
  return (
    <>
      {page.stale && page.at !== null ? (
        <Notice tone="wait">
          The rules were last checked <Ago at={page.at} />, which is too long ago: what is listed may be over, and more
          may have happened.
        </Notice>
      ) : null}
      {page.at === null ? (
        <Empty>The rules have not been checked yet. They are every minute.</Empty>
      ) : raised.length > 0 ? (
        <AlertList alerts={raised} onChange={onChange} />
      ) : (
        <p className="alerts-none">{page.stale ? "Nothing was raised then." : "Nothing is raised."}</p>
      )}
      {unheard ? (
        <p className="small muted">
          Nobody is told of alerts: no address is configured (<code>ALERT_WEBHOOK_URL</code>).
        </p>
      ) : null}
      {pending.length === 0 ? null : <AlertList alerts={pending} onChange={onChange} />}
      {cleared.length === 0 ? null : (
        <details className="alerts-over">
          <summary className="muted small">{plural(cleared.length, "alert")} of the last day, over now</summary>
          <AlertList alerts={cleared} onChange={onChange} />
        </details>
      )}
      <p role="status" className="visually-hidden">
        {raised.length === 0 ? "" : `${plural(raised.length, "alert")}: ${raised.map(({ title }) => title).join(". ")}`}
      </p>
    </>
  );
}
