/** What needs a person's eye first: failed health checks, alarms, executors that do not answer, and what is stopped. Nothing when all is well. */
import type { AutomationPage, CapabilityPage, Health, Overview } from "../../../shared/api.ts";
import { plural, shortDigest, shorten } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";
import { runbookPath, taskPath } from "../lib/routes.ts";
import type { Query } from "../lib/use-query.ts";
import { Notice } from "./notice.tsx";
import { Ago } from "./time.tsx";

type Props = {
  overview: Overview | null;
  health: Query<Health>;
  automations: AutomationPage | null;
  capabilities: CapabilityPage | null;
};

/** Dead letters that are named; the rest is counted. */
const NAMED = 5;

/** What only an operator can help, of all executors: a tool that several of them found changed is one line. */
function troubleOf(overview: Overview | null) {
  const executors = overview?.executors ?? [];
  const tools = new Map(
    executors.flatMap(({ quarantined }) => quarantined.map((one) => [`${one.capability} ${one.found}`, one] as const)),
  );
  return {
    stuck: executors.flatMap((one) => one.stuck),
    tools: [...tools.values()],
    letters: executors.flatMap(({ deadLetters }) => deadLetters.newest).slice(0, NAMED),
    letterCount: executors.reduce((sum, { deadLetters }) => sum + deadLetters.count, 0),
  };
}

export function Alarms({ overview, health, automations, capabilities }: Props) {
  const reasons = health.data?.status === "failing" ? health.data.reasons : [];
  const alarms = (overview?.executors ?? []).flatMap(({ executor, alarms: raised }) =>
    raised.map((alarm) => ({ executor, ...alarm })),
  );
  const silent = overview?.incomplete ?? [];
  const quarantined = (overview?.ledger?.projections ?? []).filter((projection) => projection.quarantined > 0);
  const { stuck, tools, letters, letterCount } = troubleOf(overview);
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
      {reasons.length + alarms.length + silent.length + quarantined.length + stuck.length + tools.length + letterCount >
        0 ||
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
                </span>{" "}
                <WhatToDo name="executor-alarm" about={`the alarm of ${executor}`} />
              </li>
            ))}
            {tools.map(({ capability, tool, pinned, found, at }) => (
              <li key={`${capability}${found}`}>
                <strong>{capability}</strong> is left alone: the tool <code>{tool}</code> that it calls has changed
                since it was pinned (<code title={pinned}>{shortDigest(pinned)}</code>, now{" "}
                <code title={found}>{shortDigest(found)}</code>). Read the tool again and publish a contract with its
                new digest, or stop using it.{" "}
                <span className="muted">
                  <Ago at={at} />
                </span>{" "}
                <WhatToDo name="tool-changed" about={`the tool of ${capability}`} />
              </li>
            ))}
            {stuck.map(({ task, why }) => (
              <li key={task}>
                <Link to={taskPath(task)}>{shorten(task)}</Link>{" "}
                {why === "record-unreadable" ? "has a record that cannot be read" : "cannot go on"}: deploy the version,
                with the capabilities, that wrote it. <WhatToDo name="stuck-tasks" about={`the task ${task}`} />
              </li>
            ))}
            {letterCount === 0 ? null : (
              <li>
                {plural(letterCount, "message")} handed over to a queue could not be processed by its consumer:{" "}
                {letters.map(({ task, step, capability }, i) => (
                  <span key={`${task}${step}`}>
                    {i > 0 ? ", " : ""}
                    <code>{capability}</code> of <Link to={taskPath(task)}>{step}</Link>
                  </span>
                ))}
                {letterCount > letters.length ? " and more" : ""}.{" "}
                <WhatToDo name="dead-letters" about="these messages" />
              </li>
            )}
            {silent.length === 0 ? null : (
              <li>
                {plural(silent.length, "executor")} did not answer: <code>{silent.join(", ")}</code>{" "}
                <WhatToDo name="executor-silent" about="silent executors" />
              </li>
            )}
            {quarantined.map(({ name, quarantined: n }) => (
              <li key={name}>
                Read model <code>{name}</code> set {plural(n, "entry", "entries")} aside.{" "}
                <WhatToDo name="read-models" about={`the read model ${name}`} />
              </li>
            ))}
            {overview !== null && overview.ledger === null ? (
              <li>
                The ledger does not answer. Tasks in flight go on; their record is delivered later.{" "}
                <WhatToDo name="ledger-down" about="the ledger" />
              </li>
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

const WhatToDo = ({ name, about }: { name: string; about: string }) => (
  <Link to={runbookPath(name)} label={`What to do about ${about}`}>
    What to do
  </Link>
);
