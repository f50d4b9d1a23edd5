/**
 * One event from outside: handed to the steps that wait under its key, and to the triggers of the releases in force. Everything here may be
 * repeated; what was opened once is named again.
 *
 * Only an event that sets a trigger off costs a call to the inbox, which holds what it matched (event-book.ts, V1 to V3). The task itself is
 * opened under a key made of the event's source and id, so that two deliveries at once meet in one executor.
 */
import type { CloudEvent } from "../../shared/cloud-events.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { EventAnswer } from "../../shared/api/events.ts";
import { isRetryable, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { EVENT_TRIGGER } from "../../shared/triggers/schema.ts";
import { asksToggles, eventKey, matchEvent, type EventMatch } from "../../shared/triggers/triggers.ts";
import type { Bindings } from "../bindings.ts";
import { callWorker } from "../dispatch/executor.ts";
import type { Caller } from "../http/caller.ts";
import type { Background } from "../http/fresh-cache.ts";
import { planByPlaybook } from "../planning/playbook-planner.ts";
import { releaseInForce } from "../releases/in-force.ts";
import { automationsFor } from "../releases/trigger-index.ts";
import type { Opened } from "./event-book.ts";
import { openTask, principalOf } from "./submit.ts";
import { repeatableToken, tenantSecret } from "./task-ids.ts";
import { togglesOfAutomation } from "./toggles.ts";

export type Receiving = {
  readonly env: Bindings;
  readonly background: Background;
  readonly nowMs: number;
  readonly caller: Caller;
  readonly traceparent: string | null;
};
type Refused = EventAnswer["refused"][number];

/** Refuses with idempotency-conflict, and with what kept a trigger's task from being opened where the same event may be sent again. */
export async function receiveEvent(context: Receiving, event: CloudEvent): Promise<Result<EventAnswer>> {
  const waiting = await deliver(context, event);
  if (!waiting.ok) return waiting;
  const set = await setOff(context, event);
  if (!set.ok) return set;
  const { duplicate, opened, refused } = set.value;
  const isKept = event.correlationkey !== null;
  return ok({
    source: event.source,
    id: event.id,
    duplicate: duplicate || waiting.value.duplicate,
    status: isKept || opened.length > 0 || refused.length > 0 ? "matched" : "unmatched",
    taken: waiting.value.taken,
    opened: [...opened],
    refused: [...refused],
  });
}

async function deliver(
  { env, caller }: Receiving,
  { source, id, type, data, correlationkey: key }: CloudEvent,
): Promise<Result<{ readonly duplicate: boolean; readonly taken: number }>> {
  if (key === null) return ok({ duplicate: false, taken: 0 });
  return callWorker("countersign-executors", () =>
    env.EXECUTORS.deliverEvent({ tenant: caller.tenant.id, key, event: { source, id, type, data } }),
  );
}

type SetOff = { readonly duplicate: boolean; readonly opened: readonly Opened[]; readonly refused: readonly Refused[] };
const NOTHING: SetOff = { duplicate: false, opened: [], refused: [] };

async function setOff(context: Receiving, event: CloudEvent): Promise<Result<SetOff>> {
  const { env, caller, nowMs, background } = context;
  const { id: tenant } = caller.tenant;
  const matches = new Map<string, EventMatch>();
  const refused: Refused[] = [];
  for (const automation of await automationsFor(env, tenant, event.type, nowMs, background)) {
    const release = await releaseInForce(env, tenant, automation, nowMs, background);
    if (!release.ok) return release;
    const { triggers } = release.value;
    if (triggers === null) continue;
    const toggles = asksToggles(triggers, event)
      ? await togglesOfAutomation(env, tenant, automation, nowMs, background)
      : undefined;
    const match = matchEvent(triggers, event, toggles);
    if (match === null) continue;
    if ("code" in match) refused.push(refusedBy(automation, String(match.facts?.["trigger"] ?? ""), match));
    else matches.set(automation, match);
  }
  if (matches.size === 0) return ok(refused.length === 0 ? NOTHING : { ...NOTHING, refused });

  const secret = tenantSecret(env.TASK_ID_SECRET, tenant);
  const key = repeatableToken(secret, ["event", eventKey(event)]);
  const { type, subject, data } = event;
  const digest = repeatableToken(secret, ["event-says", canonicalize({ type, subject, data })]);
  const inbox = env.EVENT_INBOX.getByName(`${tenant}/${key.slice(0, 2)}`);
  const matched = [...matches].map(([automation, { trigger }]) => ({ automation, trigger }));
  const begun = await inbox.begin({ key, digest, matched });
  if (!begun.ok) return begun;

  const opened: Opened[] = [...begun.value.opened];
  const fresh: Opened[] = [];
  let passing: Problem | null = null;
  for (const { automation } of begun.value.matched) {
    const match = matches.get(automation);
    if (match === undefined || opened.some((one) => one.automation === automation)) continue;
    const task = await open(context, automation, match, key);
    if (task.ok) fresh.push({ automation, trigger: match.trigger, task: task.value });
    else if (isRetryable(task.problem.code)) passing ??= task.problem;
    else refused.push(refusedBy(automation, match.trigger, task.problem));
  }
  if (fresh.length > 0) await inbox.opened(key, fresh);
  // Sent again, what was opened is named again and the rest is tried again.
  return passing === null
    ? ok({ duplicate: begun.value.duplicate, opened: [...opened, ...fresh], refused })
    : err(passing);
}

const refusedBy = (automation: string, trigger: string, { code, detail }: Problem): Refused => ({
  automation,
  trigger,
  code,
  detail,
});

async function open(context: Receiving, automation: string, match: EventMatch, key: string): Promise<Result<string>> {
  const { env, background, nowMs, caller, traceparent } = context;
  const { input, purpose, trigger } = match;
  const principal = principalOf(caller.key, caller.role, caller.member, caller.member !== null);
  const submitted = await openTask(
    {
      env,
      background,
      nowMs,
      tenant: caller.tenant,
      automation,
      input,
      region: undefined,
      idempotencyKey: key,
      keySpace: "event",
      principal,
      trigger: { kind: EVENT_TRIGGER, id: `${trigger}/${key}` },
      purpose,
      subjects: [],
      traceparent,
      waitMs: 0,
      also: {},
    },
    (task) =>
      planByPlaybook(env, { tenant: caller.tenant.id, input, purpose, principal, fromEvent: true, nowMs }, task),
  );
  return submitted.ok ? ok(submitted.value.view.id) : submitted;
}
