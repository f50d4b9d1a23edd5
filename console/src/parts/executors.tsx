/** Every executor with its tasks and how far the ledger holds its chain. */
import type { Overview } from "../../../shared/api.ts";
import { count, plural } from "../lib/format.ts";
import { Empty } from "./notice.tsx";
import { Badge } from "./status.tsx";

export function Executors({ overview }: { overview: Overview }) {
  const { ledger } = overview;
  return (
    <>
      {overview.executors.length === 0 ? (
        <Empty>No executor has answered.</Empty>
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Executors">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Executor</th>
                <th scope="col">State</th>
                <th scope="col" className="number">
                  Open
                </th>
                <th scope="col" className="number">
                  Waiting
                </th>
                <th scope="col" className="number">
                  Chain
                </th>
                <th scope="col" className="number">
                  Delivered
                </th>
              </tr>
            </thead>
            <tbody>
              {overview.executors.map(({ executor, open, waiting, head, delivered, alarms }) => (
                <tr key={executor}>
                  <th scope="row">
                    <code>{executor}</code>
                  </th>
                  <td>
                    {alarms.length > 0 ? (
                      <Badge tone="bad" text={plural(alarms.length, "alarm")} />
                    ) : head > delivered ? (
                      <Badge tone="run" text="delivering" />
                    ) : (
                      <Badge tone="good" text="up to date" />
                    )}
                  </td>
                  <td className="number">{count(open)}</td>
                  <td className="number">{count(waiting)}</td>
                  <td className="number">{count(head)}</td>
                  <td className="number">{count(delivered)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {ledger === null ? null : (
        <p className="muted small ledger-line">
          Ledger of {plural(ledger.size, "entry", "entries")}, root{" "}
          <code title={ledger.root}>{ledger.root.slice(0, 12)}…</code>
          {ledger.projections.map(({ name, cursor, lag }) => (
            <span key={name}>
              {" "}
              · {name} at {count(cursor)}
              {lag > 0 ? `, ${count(lag)} behind` : ""}
            </span>
          ))}
        </p>
      )}
    </>
  );
}
