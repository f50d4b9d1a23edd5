/** Triggers: what opens an intent without an app asking for it. Part of the release, so that a person has signed for each. */
import * as z from "zod";
import { EventType } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { Purpose } from "../subjects.ts";

/** Stands in the record in the clear, and in what makes a trigger's intent the same intent. */
export const TriggerId = z.string().regex(/^[a-z][a-z0-9-]{0,49}$/);

/** Literals and `{"$cel": "event.data.orderId"}` (of cron triggers over `schedule`), also inside lists and objects; other keys that start with `$` are refused. */
const InputMapping = z.record(z.string().max(100), z.json());

/** Fields that every trigger has. */
const common = { id: TriggerId, input: InputMapping, purpose: Purpose.optional() };

export const EventTrigger = z.strictObject({
  ...common,
  event: z.strictObject({
    type: EventType,
    /** Only events of this source, where it is given: literally equal. */
    source: z.string().min(1).max(LIMITS.eventSourceChars).optional(),
    /** CEL over `event`; anything but true does not match. */
    when: z.string().min(1).max(LIMITS.celChars).optional(),
  }),
});
export type EventTrigger = z.infer<typeof EventTrigger>;

export const CronTrigger = z.strictObject({
  ...common,
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: z.string().min(9).max(100),
  /** Of the IANA database. */
  timeZone: z.string().min(1).max(64),
  /** How many of the runs that an outage missed are made up for, the newest first; none where absent. */
  catchUp: z.int().min(0).max(LIMITS.cronCatchUp).optional(),
});
export type CronTrigger = z.infer<typeof CronTrigger>;

export const Trigger = z.union([EventTrigger, CronTrigger]);
export type Trigger = z.infer<typeof Trigger>;

export const Triggers = z.array(Trigger).min(1).max(LIMITS.triggers);
export type Triggers = z.infer<typeof Triggers>;

/** How the record calls what set a task off, where it was a trigger of the release and no word of an app. */
export const EVENT_TRIGGER = "event-trigger";
export const CRON_TRIGGER = "cron-trigger";

/** Whether a task's input came out of an event. Nothing in it is a principal's word then, whatever the contract says of its fields. */
export const isFromEvent = (trigger: { readonly kind: string } | null): boolean => trigger?.kind === EVENT_TRIGGER;
