/**
 * A task's events, live. The stream is read with `fetch`, because EventSource cannot send the API key; after a break it goes on
 * behind the last event that arrived, waiting a little longer after each failure.
 */
import { useEffect, useState } from "react";
import type { Client } from "../../../shared/client.ts";
import type { Problem } from "../../../shared/problems.ts";
import type { TaskEventView } from "../../../shared/views.ts";

export type Stream = {
  readonly events: readonly TaskEventView[];
  readonly state: "connecting" | "live" | "reconnecting" | "ended" | "refused";
  readonly problem: Problem | null;
};

const START: Stream = { events: [], state: "connecting", problem: null };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * One record can hold several events, and a break may fall between two of them: the last record is asked for again.
 * So every connection begins with an event, and "live" is only said when one arrived.
 */
const resumeAfter = (seen: readonly TaskEventView[]): number => Math.max(0, (seen.at(-1)?.seq ?? 1) - 1);
const sameEvent = (a: TaskEventView, b: TaskEventView): boolean =>
  a.seq === b.seq && JSON.stringify(a.event) === JSON.stringify(b.event);

export function useTaskEvents(client: Client, task: string, onEvent: () => void): Stream {
  const [kept, setKept] = useState<{ task: string; stream: Stream }>({ task, stream: START });
  const stream = kept.task === task ? kept.stream : START;

  useEffect(() => {
    const abort = new AbortController();
    const seen: TaskEventView[] = [];
    const show = (state: Stream["state"], problem: Problem | null = null): void => {
      if (!abort.signal.aborted) setKept({ task, stream: { events: [...seen], state, problem } });
    };
    void (async () => {
      let waitMs = FIRST_WAIT_MS;
      show("connecting");
      while (!abort.signal.aborted) {
        let broken: Problem | null = null;
        for await (const item of client.followTask(task, { after: resumeAfter(seen), signal: abort.signal })) {
          if (!item.ok) {
            broken = item.problem;
            break;
          }
          waitMs = FIRST_WAIT_MS;
          if (!seen.some((known) => sameEvent(known, item.value))) seen.push(item.value);
          show("live");
          onEvent();
        }
        if (abort.signal.aborted) return;
        if (broken === null) return show("ended");
        if (broken.code === "forbidden" || broken.code === "not-found" || broken.code === "unauthenticated")
          return show("refused", broken);
        show("reconnecting", broken);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    })();
    return () => abort.abort();
  }, [client, task, onEvent]);

  return stream;
}
