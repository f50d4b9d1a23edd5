/** The newest tasks of the ledger's read model, by status, page after page; and a way to any task, review or record by its name. */
import { useState, type FormEvent } from "react";
import type { TaskPage } from "../../../shared/api.ts";
import { TaskStatus } from "../../../shared/events.ts";
import { parseReviewId, parseTaskId } from "../../../shared/ids.ts";
import { shorten, words } from "../lib/format.ts";
import { wantedRecord } from "../lib/impact-words.ts";
import { Link, navigate } from "../lib/router.tsx";
import { impactPath, reviewPath, taskPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { Empty, ProblemNotice, Skeleton } from "./notice.tsx";
import { Section } from "./section.tsx";
import { Status } from "./status.tsx";
import { Ago } from "./time.tsx";

const PAGE = 12;
const REFRESH_MS = 4_000;

export function RecentTasks() {
  const { client, who } = useSession();
  const [status, setStatus] = useState("");
  const [older, setOlder] = useState<{
    readonly of: string;
    readonly tasks: TaskPage["tasks"];
    readonly next: string | null;
  } | null>(null);
  const filter = status === "" ? {} : { status };
  const newest = useQuery(
    `tasks:${who.tenant}:${status}`,
    () => client.listTasks({ ...filter, limit: PAGE }),
    REFRESH_MS,
  );
  const [pending, setPending] = useState(false);

  const more = older !== null && older.of === status ? older : null;
  const next = more === null ? (newest.data?.next ?? null) : more.next;
  const loadMore = async (): Promise<void> => {
    if (next === null || pending) return;
    setPending(true);
    const page = await client.listTasks({ ...filter, limit: PAGE, cursor: next });
    setPending(false);
    if (page.ok) setOlder({ of: status, tasks: [...(more?.tasks ?? []), ...page.value.tasks], next: page.value.next });
  };
  // A row that moved between two pages is shown once, where it is newest.
  const rows = [
    ...new Map([...(more?.tasks ?? []), ...(newest.data?.tasks ?? [])].map((row) => [row.task, row])).values(),
  ].toSorted((a, b) => b.firstIndex - a.firstIndex);

  return (
    <Section
      title="Recent tasks"
      aside={
        <div className="filters">
          <GoTo />
          <label className="filter">
            <span className="visually-hidden">Status</span>
            <select value={status} onChange={(event) => setStatus(event.target.value)}>
              <option value="">every status</option>
              {TaskStatus.options.map((option) => (
                <option key={option} value={option}>
                  {words(option)}
                </option>
              ))}
            </select>
          </label>
        </div>
      }
    >
      {newest.problem === null ? null : <ProblemNotice problem={newest.problem} doing="Reading the tasks" />}
      {newest.data === null ? (
        newest.problem === null ? (
          <Skeleton lines={PAGE} label="tasks" />
        ) : null
      ) : rows.length === 0 ? (
        <Empty>{status === "" ? "No task has been opened yet." : `No task is ${words(status)}.`}</Empty>
      ) : (
        <TaskRows rows={rows} />
      )}
      {next === null ? null : (
        <p className="more">
          <button type="button" className="button" disabled={pending} onClick={() => void loadMore()}>
            {pending ? "Loading…" : "Show older tasks"}
          </button>
        </p>
      )}
    </Section>
  );
}

function TaskRows({ rows }: { rows: TaskPage["tasks"] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Recent tasks">
      <table className="table table-tasks">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">Status</th>
            <th scope="col">Changed</th>
            <th scope="col">Opened</th>
            <th scope="col">Executor</th>
            <th scope="col" className="number">
              Ledger
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ task, automation, status, executor, openedAt, updatedAt, firstIndex, lastIndex }) => (
            <tr key={task}>
              <th scope="row">
                <Link to={taskPath(task)} className="task-link">
                  {automation} <code title={task}>{shorten(task, 13, 4)}</code>
                </Link>
              </th>
              <td>
                <Status value={status} />
              </td>
              <td>
                <Ago at={updatedAt} />
              </td>
              <td>
                <Ago at={openedAt} />
              </td>
              <td>
                <code>{executor}</code>
              </td>
              <td className="number">{firstIndex === lastIndex ? `#${firstIndex}` : `#${firstIndex}–${lastIndex}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function pathOf(text: string): string | null {
  const id = text.trim();
  if (parseTaskId(id) !== null) return taskPath(id);
  if (parseReviewId(id) !== null) return reviewPath(id);
  const record = wantedRecord(id);
  return record === null ? null : impactPath(record);
}

/** Ids come from logs and chats: paste one and go. */
function GoTo() {
  const [text, setText] = useState("");
  const path = pathOf(text);
  const go = (event: FormEvent): void => {
    event.preventDefault();
    if (path !== null) navigate(path);
  };
  return (
    <form onSubmit={go} className="go-to">
      <input
        type="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder="tsk_… or order:W123"
        aria-label="Go to a task, a review or a record by its name"
        spellCheck={false}
        autoComplete="off"
      />
      <button type="submit" className="button" disabled={path === null}>
        Go
      </button>
    </form>
  );
}
