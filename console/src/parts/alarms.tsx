/** What needs a person's eye first: failed health checks, alarms, executors that do not answer, and what is stopped. Nothing when all is well. */
import type { AutomationPage, CapabilityPage, Health, Overview } from "../../../shared/api.ts";
import { plural } from "../lib/format.ts";
import type { Query } from "../lib/use-query.ts";
import { Notice } from "./notice.tsx";
import { Ago } from "./time.tsx";

type Props = {
  overview: Overview | null;
  health: Query<Health>;
  automations: AutomationPage | null;
  capabilities: CapabilityPage | null;
};

export function Alarms({ overview, health, automations, capabilities }: Props) {
  const reasons = health.data?.status === "failing" ? health.data.reasons : [];
  const alarms = (overview?.executors ?? []).flatMap(({ executor, alarms: raised }) =>
    raised.map((alarm) => ({ executor, ...alarm })),
  );
  const silent = overview?.incomplete ?? [];
  const quarantined = (overview?.ledger?.projections ?? []).filter((projection) => projection.quarantined > 0);
  const stops = [
    ...(automations?.automations ?? []).flatMap(({ name, stop }) =>
      stop === null ? [] : [{ what: `Automation ${name}`, ...stop }],
    ),
    ...(capabilities?.capabilities ?? []).flatMap(({ contract, stop }) =>
      stop === null ? [] : [{ what: `Capability ${contract.name}`, ...stop }],
    ),
  ];
  return (
    <>
      {reasons.length + alarms.length + silent.length + quarantined.length > 0 ||
      (overview !== null && overview.ledger === null) ? (
        <Notice tone="bad" title="Needs attention" live="alert">
          <ul className="plain-list">
            {reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
            {alarms.map(({ executor, code, detail, at }) => (
              <li key={`${executor}${code}${at}`}>
                <code>{executor}</code> {detail} <code className="muted">{code}</code>{" "}
                <span className="muted">
                  <Ago at={at} />
                </span>
              </li>
            ))}
            {silent.length === 0 ? null : (
              <li>
                {plural(silent.length, "executor")} did not answer: <code>{silent.join(", ")}</code>
              </li>
            )}
            {quarantined.map(({ name, quarantined: n }) => (
              <li key={name}>
                Read model <code>{name}</code> set {plural(n, "entry", "entries")} aside.
              </li>
            ))}
            {overview !== null && overview.ledger === null ? (
              <li>The ledger does not answer. Tasks in flight go on; their record is delivered later.</li>
            ) : null}
          </ul>
        </Notice>
      ) : null}
      {stops.length === 0 ? null : (
        <Notice tone="wait" title="Stopped">
          <ul className="plain-list">
            {stops.map(({ what, stop, mode, by, reason, at }) => (
              <li key={stop}>
                <strong>{what}</strong>
                {mode === "stop-new" ? " (what is in flight finishes)" : ""}, by {by}, <Ago at={at} />: {reason}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}
