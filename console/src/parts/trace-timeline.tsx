/** The trace of a task as a timeline, fetched when somebody opens it. */
import { useState } from "react";
import { duration } from "../lib/format.ts";
import { useSession } from "../lib/session.tsx";
import { timelineOf } from "../lib/timeline.ts";
import { useQuery } from "../lib/use-query.ts";
import { Empty, ProblemNotice, Skeleton } from "./notice.tsx";

/** `version` changes when the task has, and the trace is fetched again. */
export function TraceTimeline({ task, version }: { task: string; version: string }) {
  const { client } = useSession();
  const [open, setOpen] = useState(false);
  const trace = useQuery(open ? `trace:${task}:${version}` : null, () => client.traceTask(task));
  const rows = trace.data === null ? [] : timelineOf(trace.data);
  return (
    <details className="explained section" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Trace</h2> <span className="muted">where the time went</span>
      </summary>
      {!open ? null : trace.data === null ? (
        trace.problem !== null ? (
          <ProblemNotice problem={trace.problem} doing="Reading the trace" onRetry={() => void trace.refresh()} />
        ) : (
          <Skeleton lines={8} label="the trace" />
        )
      ) : rows.length === 0 ? (
        <Empty>Nothing of it is over yet.</Empty>
      ) : (
        <ol className="timeline" aria-label="Spans of the trace">
          {rows.map((row) => (
            <li key={row.id} className={row.error === null ? "" : "is-error"}>
              <span className="timeline-name" style={{ paddingLeft: `${Math.min(row.depth, 6) * 10}px` }}>
                {row.name} {row.error === null ? null : <code>{row.error}</code>}
                <span className="muted small">
                  {" "}
                  {row.plane} · {row.ms < 1_000 ? `${row.ms} ms` : duration(row.ms)}
                </span>
              </span>
              <span className="timeline-track" aria-hidden="true">
                <span style={{ left: `${row.left}%`, width: `${row.width}%` }} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}
