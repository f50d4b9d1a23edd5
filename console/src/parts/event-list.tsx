/** A task's events as they stand in the executor's hash chain: position, time, what happened. */
import type { TaskEventView } from "../../../shared/views.ts";
import { clockTime, words } from "../lib/format.ts";
import type { Stream } from "../lib/use-task-events.ts";
import { Badge } from "./status.tsx";
import { Empty } from "./notice.tsx";

const STATES: { readonly [state in Stream["state"]]: readonly ["good" | "wait" | "off" | "bad", string] } = {
  connecting: ["off", "connecting"],
  live: ["good", "live"],
  reconnecting: ["wait", "reconnecting"],
  ended: ["off", "settled"],
  refused: ["bad", "not followed"],
};

export function StreamState({ stream }: { stream: Stream }) {
  const [tone, text] = STATES[stream.state];
  return <Badge tone={tone} text={text} title={stream.problem?.detail ?? "Events of this task, as they are written"} />;
}

export function EventList({ events }: { events: readonly TaskEventView[] }) {
  if (events.length === 0) return <Empty>No event has arrived yet.</Empty>;
  return (
    <ol className="events">
      {events.map(({ seq, at, event }, i) => (
        <li key={`${seq}.${i}`}>
          <code className="events-seq" title="Position in the executor's chain">
            {seq}
          </code>
          <time dateTime={at}>{clockTime(Date.parse(at))}</time>
          <span>
            {words(event.type)}
            <span className="muted">{aboutOf(event)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

/** The plain facts of an event; commitments and envelopes are for programs. */
function aboutOf(event: TaskEventView["event"]): string {
  const parts = ["step", "member", "decision", "code", "status", "why", "by"].flatMap((name) =>
    typeof event[name] === "string" ? [event[name]] : [],
  );
  if (typeof event["round"] === "number") parts.push(`round ${event["round"]}`);
  return parts.length === 0 ? "" : ` · ${parts.join(" · ")}`;
}
