/** Events from outside: CloudEvents 1.0 in structured, binary and batch mode (docs/events.md). */
import { EventAnswer, type EventBatchAnswer } from "../../shared/api/events.ts";
import { CloudEventJson, readEvents, type CloudEvent, type EventRead } from "../../shared/cloud-events.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isRetryable, problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { readBytes } from "../http/body.ts";
import { endpoint } from "../http/endpoint.ts";
import { traceparent } from "../http/headers.ts";
import { receiveEvent, type Receiving } from "../intake/receive-event.ts";

export const sendEvent = endpoint(
  "POST /v1/events",
  {
    summary: "Send an event, or a batch of events",
    description:
      "CloudEvents 1.0: `application/cloudevents+json` (or `application/json`), `ce-` headers with JSON data, or `application/cloudevents-batch+json`, which is answered with one answer for each event. Every step of the tenant that waits for the event's type under its `correlationkey` takes it, also one that begins to wait within a day; every trigger of a release in force that matches opens a task. The same `source` and `id` again is free; with other data it is a conflict.",
    tag: "tasks",
    takesWork: true,
    rawBody: {
      "application/cloudevents+json": CloudEventJson,
      "application/cloudevents-batch+json": CloudEventJson.array(),
    },
    answers: { 200: { description: "What became of it; of a batch, `events`", schema: EventAnswer } },
  },
  async ({ env, background, request, nowMs, caller }) => {
    const bytes = await readBytes(request, LIMITS.eventBatchBytes);
    if (!bytes.ok) return bytes;
    const read = readEvents(request.headers, bytes.value);
    if (!read.ok) return read;
    const context: Receiving = { env, background, nowMs, caller, traceparent: traceparent(request) };
    const { batch, events } = read.value;
    if (batch) return ok(await receiveAll(context, events));
    const [event] = events;
    return event!.ok ? receiveEvent(context, event!.value) : event!;
  },
);

/** Lanes side by side: events of one key, or else of one source, are taken one after another in the order of the batch. */
async function receiveAll(context: Receiving, events: readonly EventRead[]): Promise<EventBatchAnswer> {
  const answers: EventBatchAnswer["events"] = [];
  const lanes = new Map<string, { readonly at: number; readonly event: CloudEvent }[]>();
  events.forEach((read, at) => {
    if (!read.ok) return void (answers[at] = refused(read.problem));
    const lane = read.value.correlationkey ?? read.value.source;
    const known = lanes.get(lane);
    if (known === undefined) lanes.set(lane, [{ at, event: read.value }]);
    else known.push({ at, event: read.value });
  });
  const waiting = [...lanes.values()];
  const work = async () => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift())
      for (const { at, event } of lane) {
        const answer = await received(context, event);
        answers[at] = answer.ok ? answer.value : refused(answer.problem);
      }
  };
  await Promise.all(Array.from({ length: LIMITS.eventLanes }, work));
  return { events: answers };
}

/** One event that breaks leaves the others alone. */
async function received(context: Receiving, event: CloudEvent): Promise<Result<EventAnswer>> {
  try {
    return await receiveEvent(context, event);
  } catch (cause) {
    console.error(JSON.stringify({ event: "event-failed", failure: cause instanceof Error ? cause.name : "unknown" }));
    return err(problem("internal-error", "Something that should not happen happened; send the event again."));
  }
}

const refused = ({ code, detail }: Problem) => ({ problem: { code, detail, retryable: isRetryable(code) } });
