/** Alerts, each with what it is about, since when it stands, who is on it and the runbook that says what to do. */
import { useState } from "react";
import type { AlertView } from "../../../shared/api.ts";
import type { Problem } from "../../../shared/problems.ts";
import { scopeOf, toldOf, valueOf } from "../lib/alert-words.ts";
import { visible } from "../lib/format.ts";
import { mayAcknowledge } from "../lib/permissions.ts";
import { Link } from "../lib/router.tsx";
import { runbookPath } from "../lib/routes.ts";
import { runbookName } from "../lib/runbook.ts";
import { useSession } from "../lib/session.tsx";
import { useNow } from "../lib/use-now.ts";
import { ProblemNotice } from "./notice.tsx";
import { Badge } from "./status.tsx";
import { Ago } from "./time.tsx";

type Props = {
  readonly alerts: readonly AlertView[];
  readonly onChange: () => void;
  /** On the runbook's own page there is no way to it. */
  readonly withRunbook?: boolean;
};

export function AlertList({ alerts, onChange, withRunbook = true }: Props) {
  return (
    <ul className="alerts">
      {alerts.map((alert) => (
        <AlertItem key={alert.id} alert={alert} onChange={onChange} withRunbook={withRunbook} />
      ))}
    </ul>
  );
}

function AlertItem({ alert, onChange, withRunbook }: { alert: AlertView; onChange: () => void; withRunbook: boolean }) {
  const now = useNow(30_000);
  const scope = scopeOf(alert);
  const told = toldOf(alert, now);
  const isRaised = alert.state === "raised";
  return (
    <li className={`alert is-${alert.state}${isRaised && alert.severity === "page" ? " is-page" : ""}`}>
      <div className="alert-words">
        <p className="alert-title">
          <AlertBadge alert={alert} /> <strong>{alert.title}</strong>
        </p>
        <p className="small">
          {scope === null ? null : <>{scope} · </>}
          {valueOf(alert)} · <AlertTime alert={alert} />
        </p>
        <p className="small muted">
          for {alert.owner === "the automation's owner" ? alert.owner : visible(alert.owner)}
          {told === null ? null : ` · ${visible(told)}`}
        </p>
      </div>
      <div className="alert-acts">
        {withRunbook && alert.state !== "cleared" ? (
          <Link
            to={runbookPath(runbookName(alert.runbook))}
            className="button"
            label={`What to do about: ${alert.title}`}
          >
            What to do
          </Link>
        ) : null}
        <Acknowledgement alert={alert} onChange={onChange} />
      </div>
    </li>
  );
}

function AlertBadge({ alert: { state, severity } }: { alert: AlertView }) {
  if (state === "cleared") return <Badge tone="good" text="over" />;
  if (state === "pending") return <Badge tone="run" text="seen once" title="It is raised when it is seen again" />;
  return severity === "page" ? (
    <Badge tone="bad" text="now" title="Severity page: it wakes somebody" />
  ) : (
    <Badge tone="wait" text="today" title="Severity ticket: it waits for the day" />
  );
}

function AlertTime({ alert }: { alert: AlertView }) {
  if (alert.state === "cleared" && alert.clearedAt !== null)
    return (
      <>
        over <Ago at={alert.clearedAt} />
      </>
    );
  return (
    <>
      began <Ago at={alert.firstSeenAt} />
    </>
  );
}

/** Who is on it, or the button that says it. */
function Acknowledgement({ alert, onChange }: { alert: AlertView; onChange: () => void }) {
  const { client, who } = useSession();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (alert.acknowledged !== null)
    return (
      <span className="small">
        <strong>{visible(alert.acknowledged.by)}</strong> {alert.state === "cleared" ? "was" : "is"} on it
      </span>
    );
  if (alert.state === "cleared" || !mayAcknowledge(who.role)) return null;
  const acknowledge = async (): Promise<void> => {
    setBusy(true);
    const answer = await client.acknowledgeAlert(alert.id);
    setBusy(false);
    setProblem(answer.ok ? null : answer.problem);
    onChange();
  };
  return (
    <>
      {problem === null ? null : <ProblemNotice problem={problem} doing="Saying that you are on it" />}
      <button
        type="button"
        className="button"
        disabled={isBusy}
        onClick={() => void acknowledge()}
        aria-label={`I am on it: ${alert.title}`}
      >
        I am on it
      </button>
    </>
  );
}
