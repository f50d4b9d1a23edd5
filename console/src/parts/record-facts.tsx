/** Where a task stands in the executor's chain and in the ledger. */
import type { TaskView } from "../../../shared/views.ts";
import { count } from "../lib/format.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { Fact, Facts } from "./section.tsx";
import { Badge } from "./status.tsx";

/** The ledger follows within moments; while it has not, the page asks again. */
const WAITING_MS = 3_000;

export function RecordFacts({ view }: { view: TaskView }) {
  const { client } = useSession();
  const explained = useQuery(
    `record:${view.id}:${view.seq}:${String(view.recorded)}`,
    () => client.explainTask(view.id),
    view.recorded ? null : WAITING_MS,
  );
  const record = explained.data?.record ?? null;
  const recorded = view.recorded || record?.recorded === true;
  return (
    <Facts>
      <Fact name="Executor">
        <code>{view.executor}</code>
      </Fact>
      <Fact name="Chain position">{count(view.seq)}</Fact>
      <Fact name="Ledger">
        <Badge tone={recorded ? "good" : "run"} text={recorded ? "recorded" : "on its way"} />
      </Fact>
      <Fact name="Entries">
        {record === null ? (
          <span className="muted">{explained.problem === null ? "…" : `not readable: ${explained.problem.code}`}</span>
        ) : record.entries.length === 0 ? (
          <span className="muted">none yet</span>
        ) : (
          <>
            {record.entries.map(({ index }) => `#${count(index)}`).join(", ")}
            {record.checkpointSize === null ? null : (
              <span className="muted"> of {count(record.checkpointSize)} in the newest checkpoint</span>
            )}
          </>
        )}
      </Fact>
      {record !== null && record.missing.length > 0 ? (
        <Fact name="Missing">
          <span className="tone-bad-text">{record.missing.join(", ")}</span>
        </Fact>
      ) : null}
    </Facts>
  );
}
