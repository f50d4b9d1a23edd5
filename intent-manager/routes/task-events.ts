/** `GET /v1/tasks/{id}/events`: the events of a task as they happen, as server-sent events. */
import { LIMITS } from "../../shared/limits.ts";
import { toProblemJson } from "../../shared/problems.ts";
import type { Result } from "../../shared/result.ts";
import { eventText, PING } from "../../shared/sse.ts";
import type { TaskEventView } from "../../shared/views.ts";
import { callExecutorOf } from "../dispatch/executor.ts";
import { authenticate } from "../http/caller.ts";
import { endpoint } from "../http/endpoint.ts";
import { lastEventId } from "../http/headers.ts";
import { TaskPath } from "./shapes.ts";

type Batch = Result<{ readonly events: readonly TaskEventView[]; readonly settled: boolean }>;

export const followTask = endpoint(
  "GET /v1/tasks/{id}/events",
  {
    summary: "Follow a task",
    description:
      "Server-sent events: `task-event`, `settled` at the end. The id is the chain position of the events' record and comes with the last event of each record, so `Last-Event-ID` goes on after the last record that came whole; the events of one that did not are sent again. A stream is closed after some minutes; ask again.",
    tag: "tasks",
    params: TaskPath,
    answers: { 200: { description: "The stream", contentType: "text/event-stream" } },
  },
  async ({ env, background, request, nowMs, caller, params }) => {
    const next = async (after: number, waitMs: number): Promise<Batch> => {
      const batch = await callExecutorOf(env, caller.tenant, params.id, (stub) =>
        stub.events(params.id, after, waitMs),
      );
      // A stream lasts longer than a key may be trusted: what came meanwhile is shown only to a key that is still valid.
      const still = await authenticate(env, request.headers.get("authorization"), Date.now(), background);
      return still.ok ? batch : still;
    };
    // The first batch is read before the stream begins, so that a task that is not there is a problem and not an empty stream.
    const after = lastEventId(request);
    const first = await next(after, 0);
    if (!first.ok) return first;
    return new Response(stream(first, after, next, nowMs + LIMITS.streamMs), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  },
);

/** Reads the executor once for each time the client takes something; a client that left is noticed at the next write. */
function stream(
  first: Batch,
  after: number,
  next: (after: number, waitMs: number) => Promise<Batch>,
  endMs: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let position = after;
  let pending: Batch | null = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const left = endMs - Date.now();
      if (pending === null && left <= 0) return controller.close();
      const batch = pending ?? (await next(position, Math.min(LIMITS.pingMs, left)).catch(() => null));
      pending = null;
      // A failure that is no answer ends the stream; the client asks again from where it stopped.
      if (batch === null) return controller.close();
      if (!batch.ok) {
        controller.enqueue(encoder.encode(eventText("problem", JSON.stringify(toProblemJson(batch.problem)))));
        return controller.close();
      }
      const { events, settled } = batch.value;
      let text = "";
      for (const [at, event] of events.entries()) {
        // A record's id comes with its last event: a stream that breaks off inside the record repeats it whole and loses nothing.
        const isLast = events[at + 1]?.seq !== event.seq;
        text += eventText("task-event", JSON.stringify(event), isLast ? event.seq : undefined);
        position = event.seq;
      }
      if (settled) text += eventText("settled", "{}");
      controller.enqueue(encoder.encode(text === "" ? PING : text));
      if (settled) controller.close();
    },
  });
}
