/** The figures of a window, one row for each automation and region; a row opens into the rest of its figures and those of its capabilities. */
import { Fragment, useId, useState } from "react";
import type { AlertView, Metrics } from "../../../shared/api.ts";
import type { AutomationMetrics } from "../../../shared/api/metrics.ts";
import { plural } from "../lib/format.ts";
import { mainLevels, moreLevels, ranked, rowKey, STEP_COLUMNS, stepCells, type Level } from "../lib/service-levels.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { Empty, Notice, ProblemNotice, Skeleton } from "./notice.tsx";
import { Section } from "./section.tsx";

const REFRESH_MS = 20_000;
/** Rows before somebody asks for the rest. */
const SHOWN = 8;
const WINDOWS = { "1h": "the last hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days" } as const;
type Window = keyof typeof WINDOWS;

export function ServiceLevels({ alerts }: { alerts: readonly AlertView[] }) {
  const { client, who } = useSession();
  const [window, setWindow] = useState<Window>("24h");
  const [all, setAll] = useState(false);
  const metrics = useQuery(`metrics:${who.tenant}:${window}`, () => client.metrics({ window }), REFRESH_MS);
  const raised = alerts.filter(({ state }) => state === "raised");
  const alarmed = new Set(
    raised.flatMap(({ automation, region }) =>
      automation === null || region === null ? [] : [`${automation}:${region}`],
    ),
  );
  const rows = metrics.data === null ? [] : ranked(metrics.data.automations, alarmed);
  return (
    <Section
      title="Service levels"
      aside={
        <label>
          <span className="muted">over </span>
          <select value={window} onChange={(event) => setWindow(event.target.value as Window)}>
            {Object.entries(WINDOWS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      }
    >
      {metrics.problem === null ? null : (
        <ProblemNotice problem={metrics.problem} doing="Reading the figures" onRetry={() => void metrics.refresh()} />
      )}
      {metrics.data === null ? (
        metrics.problem === null ? (
          <Skeleton lines={4} label="figures" />
        ) : null
      ) : rows.length === 0 ? (
        <Empty>No task was opened or ended in {WINDOWS[window]}.</Empty>
      ) : (
        <>
          <Cut metrics={metrics.data} />
          <LevelTable rows={all ? rows : rows.slice(0, SHOWN)} raised={raised} />
          {all || rows.length <= SHOWN ? null : (
            <p className="more">
              <button type="button" className="button" onClick={() => setAll(true)}>
                Show {plural(rows.length - SHOWN, "more row")}
              </button>
            </p>
          )}
        </>
      )}
    </Section>
  );
}

const Cut = ({ metrics: { cut } }: { metrics: Metrics }) =>
  cut ? <Notice tone="wait">There is more than one answer holds: choose a shorter time.</Notice> : null;

/** The roles are said, because on a telephone the rows are drawn as blocks and a table would lose its meaning. */
function LevelTable({ rows, raised }: { rows: readonly AutomationMetrics[]; raised: readonly AlertView[] }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const id = useId();
  const toggle = (key: string): void => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <table className="table levels" role="table">
      <caption className="visually-hidden">Figures by automation and region</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">
            Automation
          </th>
          {mainLevels(rows[0]!).map(({ name }) => (
            <th key={name} scope="col" role="columnheader">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => {
          const key = rowKey(row);
          const isOpen = open.has(key);
          const rules = new Set(
            raised
              .filter((one) => one.automation === row.automation && one.region === row.region)
              .map(({ rule }) => rule),
          );
          return (
            <Fragment key={key}>
              <tr role="row" className={isOpen ? "is-open" : ""}>
                <th scope="row" role="rowheader">
                  <button
                    type="button"
                    className="level-open"
                    aria-expanded={isOpen}
                    aria-controls={isOpen ? `${id}${key}` : undefined}
                    onClick={() => toggle(key)}
                  >
                    <span aria-hidden="true" className="level-mark" />
                    <span>
                      {row.automation} <span className="muted">{row.region}</span>
                    </span>
                  </button>
                </th>
                {mainLevels(row).map((level) => (
                  <td key={level.name} role="cell" data-name={level.name} className={toneOf(level, rules)}>
                    <LevelValue level={level} rules={rules} />
                  </td>
                ))}
              </tr>
              {isOpen ? (
                <tr role="row" className="level-more" id={`${id}${key}`}>
                  <td role="cell" colSpan={7}>
                    <More row={row} rules={rules} />
                  </td>
                </tr>
              ) : null}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

const toneOf = ({ rule }: Level, rules: ReadonlySet<string>): string =>
  rule !== null && rules.has(rule) ? "is-alarmed" : "";

function LevelValue({ level, rules }: { level: Level; rules: ReadonlySet<string> }) {
  return (
    <>
      <span className="level-value">
        {level.value}
        {toneOf(level, rules) === "" ? null : <span className="visually-hidden"> (an alert is raised)</span>}
      </span>
      <span className="level-note muted">{level.note}</span>
    </>
  );
}

function More({ row, rules }: { row: AutomationMetrics; rules: ReadonlySet<string> }) {
  return (
    <>
      <dl className="levels-more">
        {moreLevels(row).map((level) => (
          <div key={level.name} className={toneOf(level, rules)}>
            <dt>{level.name}</dt>
            <dd>
              <LevelValue level={level} rules={rules} />
            </dd>
          </div>
        ))}
      </dl>
      {row.steps.length === 0 ? null : <Capabilities row={row} />}
    </>
  );
}

function Capabilities({ row }: { row: AutomationMetrics }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={`Capabilities of ${row.automation}`}>
      <table className="table">
        <caption className="visually-hidden">
          Capabilities of {row.automation} in {row.region}
        </caption>
        <thead>
          <tr>
            <th scope="col">Capability</th>
            {STEP_COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {row.steps.map((step) => (
            <tr key={step.capability}>
              <th scope="row">
                <code>{step.capability}</code>
              </th>
              {stepCells(step).map((cell, i) => (
                <td key={STEP_COLUMNS[i]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
