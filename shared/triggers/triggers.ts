/**
 * Triggers made ready, and asked. Pure: whether an event sets a trigger off, and with which input.
 *
 * T1  Of one automation the first trigger that matches counts, in the order of the release: an event opens at most one intent of it.
 * T2  A condition that cannot be evaluated matches nothing, and is told to whoever sent the event.
 */
import { canonicalize } from "../canonical.ts";
import type { CloudEvent } from "../cloud-events.ts";
import type { Contract } from "../contracts.ts";
import type { Json, JsonObject } from "../json.ts";
import { compileExpression, type Expression } from "../policy/expression.ts";
import { toCelValue } from "../policy/values.ts";
import { problem, type Problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256Hex } from "../sha256.ts";
import { compileMapping, mapped, type Mapping } from "./mapping.ts";
import { compileSchedule, localTime, type Schedule } from "./cron.ts";
import type { CronTrigger, EventTrigger, Triggers } from "./schema.ts";

export type CompiledEventTrigger = {
  readonly trigger: EventTrigger;
  readonly when: Expression | null;
  readonly mapping: Mapping;
};
export type CompiledCronTrigger = {
  readonly trigger: CronTrigger;
  readonly schedule: Schedule;
  readonly mapping: Mapping;
};
export type CompiledTriggers = {
  readonly events: readonly CompiledEventTrigger[];
  readonly crons: readonly CompiledCronTrigger[];
};

/** Compiles the triggers of a release. Errors: `triggers-invalid`. */
export function compileTriggers(triggers: Triggers, input: Contract): Result<CompiledTriggers> {
  const wrong = (id: string, why: string) =>
    err(problem("triggers-invalid", `The trigger ${id}: ${why}.`, { trigger: id }));
  const seen = new Set<string>();
  const events: CompiledEventTrigger[] = [];
  const crons: CompiledCronTrigger[] = [];
  for (const trigger of triggers) {
    if (seen.has(trigger.id)) return wrong(trigger.id, "the id is used twice");
    seen.add(trigger.id);
    const unknown = Object.keys(trigger.input).find((field) => !input.root.properties.has(field));
    if (unknown !== undefined) return wrong(trigger.id, `the contract has no field ${unknown}`);
    const required = (input.schema.required as readonly string[] | undefined) ?? [];
    const missing = required.find((field) => !Object.hasOwn(trigger.input, field));
    if (missing !== undefined) return wrong(trigger.id, `the contract needs the field ${missing}`);
    const mapping = compileMapping(trigger.input as JsonObject, ["cron" in trigger ? "schedule" : "event"]);
    if (typeof mapping === "string") return wrong(trigger.id, mapping);
    if ("cron" in trigger) {
      const schedule = compileSchedule(trigger.cron, trigger.timeZone);
      if (typeof schedule === "string") return wrong(trigger.id, schedule);
      crons.push({ trigger, schedule, mapping });
      continue;
    }
    const { when } = trigger.event;
    const condition = when === undefined ? null : compileExpression(when, ["event", "toggles"]);
    if (condition !== null && !condition.ok) return wrong(trigger.id, condition.problem.detail);
    events.push({ trigger, when: condition === null ? null : condition.value, mapping });
  }
  return ok({ events, crons });
}

/** `event` in CEL: what is absent is an empty text, null or an empty map. */
const eventValue = ({ type, source, id, subject, time, data, extensions }: CloudEvent) =>
  toCelValue({ type, source, id, subject: subject ?? "", time: time ?? "", data, extensions }, undefined);

/** Whether a condition for this type asks for feature toggles: only then somebody has to read them. */
export const asksToggles = ({ events }: CompiledTriggers, { type }: Pick<CloudEvent, "type">): boolean =>
  events.some(({ trigger, when }) => trigger.event.type === type && when?.roots.has("toggles") === true);

export type EventMatch = { readonly trigger: string; readonly purpose: string | null; readonly input: JsonObject };

/** What an event sets off in one automation. Null: nothing. A problem: nothing, because it could not be computed (T2). */
export function matchEvent(
  compiled: CompiledTriggers,
  event: CloudEvent,
  toggles: { readonly [name: string]: Json } = {},
): EventMatch | Problem | null {
  const bindings = { event: eventValue(event), toggles: toCelValue(toggles, undefined) };
  let fault: Problem | null = null;
  for (const { trigger, when, mapping } of compiled.events) {
    if (trigger.event.type !== event.type) continue;
    if (trigger.event.source !== undefined && trigger.event.source !== event.source) continue;
    const answer = when === null ? true : when.evaluate(bindings);
    if (answer === false) continue;
    const input = answer === true ? mapped(mapping, bindings) : null;
    if (input !== null) return { trigger: trigger.id, purpose: trigger.purpose ?? null, input };
    fault ??= failed(trigger.id, answer === true ? "input" : "condition");
    // Its condition held: no later trigger takes its place.
    if (answer === true) break;
  }
  return fault;
}

const failed = (trigger: string, what: string): Problem =>
  problem("trigger-failed", `The ${what} of the trigger ${trigger} cannot be computed from this event.`, { trigger });

/** The input of a cron trigger's intent for a due minute; null where it cannot be computed. `schedule` in CEL: `due`, `date`, `time`. */
export function scheduledInput({ trigger, mapping }: CompiledCronTrigger, dueMs: number): JsonObject | null {
  const schedule = { due: new Date(dueMs).toISOString(), ...localTime(dueMs, trigger.timeZone) };
  return mapped(mapping, { schedule: toCelValue(schedule, undefined) });
}

/** What makes an event the same event, whichever way it came: its source and id. */
export const eventKey = ({ source, id }: Pick<CloudEvent, "source" | "id">): string =>
  sha256Hex(canonicalize([source, id]));
