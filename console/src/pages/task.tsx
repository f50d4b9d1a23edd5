/** One task: what came in, its steps with their signatures, where it stands in the record, and its explanation. Follows the task live. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { TaskView } from "../../../shared/views.ts";
import { shorten, words } from "../lib/format.ts";
import { useSession } from "../lib/session.tsx";
import { signaturesIn } from "../lib/task-signatures.ts";
import { useQuery } from "../lib/use-query.ts";
import { useTaskEvents } from "../lib/use-task-events.ts";
import { TaskEvidence } from "../parts/evidence-file.tsx";
import { EventList, StreamState } from "../parts/event-list.tsx";
import { Explained } from "../parts/explained.tsx";
import { Id } from "../parts/id.tsx";
import { Empty, Notice, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { PlaceInLog } from "../parts/place-in-log.tsx";
import { RecordFacts } from "../parts/record-facts.tsx";
import { Fact, Facts, Section } from "../parts/section.tsx";
import { Status } from "../parts/status.tsx";
import { stepAnchor } from "../parts/step-graph.tsx";
import { StepList } from "../parts/step-list.tsx";
import { AsOf, At, Countdown } from "../parts/time.tsx";
import { TraceTimeline } from "../parts/trace-timeline.tsx";
import { Fields } from "../parts/value.tsx";

/** Events come in bursts; the task is read once for each burst. */
const BURST_MS = 120;
/** Where the stream does not work (a proxy that buffers), the page still moves. */
const POLL_MS = 15_000;

export function TaskPage({ id }: { id: string }) {
  const { client } = useSession();
  const task = useQuery(`task:${id}`, () => client.readTask(id), POLL_MS);
  const { refresh } = task;
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const onEvent = useCallback(() => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(() => void refresh(), BURST_MS);
  }, [refresh]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  useNamedStep(task.data !== null);
  const stream = useTaskEvents(client, id, onEvent);
  const signed = useMemo(() => signaturesIn(stream.events), [stream.events]);
  const view = task.data;

  return (
    <Page
      title={view === null ? "Task" : view.automation}
      documentTitle={`${shorten(id)} · task`}
      badge={view === null ? null : <Status value={view.status} large />}
      aside={
        <>
          <StreamState stream={stream} /> <AsOf ms={task.asOfMs} stale={task.problem !== null} />
        </>
      }
    >
      {task.problem === null ? null : (
        <ProblemNotice
          problem={task.problem}
          doing={view === null ? "Reading the task" : "Refreshing the task"}
          onRetry={() => void refresh()}
        />
      )}
      {view === null ? (
        task.problem === null ? (
          <Skeleton lines={12} label="the task" />
        ) : null
      ) : (
        <>
          <Why view={view} />
          <div className="columns columns-main">
            <div>
              <Section title="Steps">
                {view.steps.length === 0 ? (
                  <Empty>No plan has been admitted yet.</Empty>
                ) : (
                  <StepList
                    task={view}
                    plans={signed.plans}
                    decisions={signed.decisions}
                    onChange={() => void refresh()}
                  />
                )}
              </Section>
            </div>
            <div className="column-side">
              <Section title="Task">
                <TaskFacts view={view} />
              </Section>
              <Section title="What came in">
                <Fields value={view.input} label="Input of the task" />
              </Section>
              <Section title="Record">
                <RecordFacts view={view} />
                <EventRecord events={stream.events} />
              </Section>
              <PlaceInLog task={view.id} version={String(view.seq)} />
              <TaskEvidence task={view.id} />
            </div>
          </div>
          <TraceTimeline task={view.id} version={`${view.seq}:${String(view.recorded)}`} />
          <Explained task={view.id} version={`${view.seq}:${String(view.recorded)}`} />
        </>
      )}
    </Page>
  );
}

/** An address may name a step, which is there only once the task has been read. */
function useNamedStep(isShown: boolean): void {
  useEffect(() => {
    if (!isShown || location.hash === "") return;
    const step = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    step?.scrollIntoView();
    step?.focus({ preventScroll: true });
  }, [isShown]);
}

function EventRecord({ events }: { events: Parameters<typeof EventList>[0]["events"] }) {
  const [open, setOpen] = useState(events.length <= 24);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Events ({events.length})</summary>
      <EventList events={events} />
    </details>
  );
}

function Why({ view }: { view: TaskView }) {
  if (view.why === null) return null;
  if (!view.settled) return <Notice tone="wait">Waits for {view.why}.</Notice>;
  // Of a task that succeeded only an undo can still wait.
  if (view.status === "succeeded") return <Notice tone="wait">Its undo waits for {view.why}.</Notice>;
  // Where a step ended the task, its id is the reason.
  const step = view.steps.find(({ id }) => id === view.why);
  return (
    <Notice>
      {step === undefined ? (
        `Ended by: ${words(view.why)}`
      ) : (
        <>
          Ended by the step <a href={`#${stepAnchor(step.id)}`}>{step.id}</a>:{" "}
          {step.problem?.detail ?? words(step.status)}
        </>
      )}
    </Notice>
  );
}

function TaskFacts({ view }: { view: TaskView }) {
  const { principal } = view;
  return (
    <Facts>
      <Fact name="Id">
        <Id value={view.id} what="task id" form="short" />
      </Fact>
      <Fact name="Asked by">
        {principal.member === null ? `an ${principal.role} key` : principal.member}{" "}
        <span className="muted">· {principal.role}</span>
        {principal.sod === "not-evaluable" ? (
          <div className="muted small" title="Nobody can say whether an approver asked for this themselves">
            the person behind it is not known
          </div>
        ) : null}
      </Fact>
      <Fact name="Opened">
        <At at={view.openedAt} />
      </Fact>
      <Fact name="Changed">
        <At at={view.updatedAt} />
      </Fact>
      {view.settled ? null : (
        <Fact name="Deadline">
          <Countdown until={view.deadlineAt} />
        </Fact>
      )}
      <Fact name="Region">{view.region}</Fact>
      <Fact name="Release">
        <Id value={view.release} what="release digest" form="digest" />
      </Fact>
    </Facts>
  );
}
