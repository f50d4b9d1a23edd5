/** Shapes that several routes share: ids in paths, bodies that are signed elsewhere, pages. */
import * as z from "zod";
import { StopMode } from "../../shared/events.ts";
import { AutomationName, ReviewId, TaskId } from "../../shared/ids.ts";
import type { JsonObject } from "../../shared/json.ts";
import { Envelope } from "../../shared/signing.ts";

/** An object of any JSON. The strict parser has read it already, so it is not walked a second time. */
export const AnyObject = z
  .custom<JsonObject>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "an object is expected",
  )
  .meta({ type: "object" });

export const TaskPath = z.object({ id: TaskId });
export const ReviewPath = z.object({ id: ReviewId });
export const AutomationPath = z.object({ name: AutomationName });

/** A stop that takes no new work and lets what is in flight finish, or, unless said otherwise, one that also claims nothing any more. */
export const StopBody = z.strictObject({ reason: z.string().min(1).max(500), mode: StopMode.default("stop-all") });
export const Reason = z.strictObject({ reason: z.string().min(1).max(500) });
/** Something a person signed, with the enrolments that lead from its key to the root. */
export const SignedByPerson = z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3) });
export const Nothing = z.strictObject({});

/** A whole number in a query. */
export const count = (max: number) => wholeNumber(0, max);
/** How many a page may hold: a page of none has no meaning. */
export const pageSize = (max: number) => wholeNumber(1, max);

function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max} is expected`;
  return z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,15})$/, { error, abort: true })
    .transform(Number)
    .pipe(z.int({ error }).min(min, { error }).max(max, { error }));
}

/** A time in a query, as milliseconds: RFC 3339, or a day, which begins at midnight UTC. */
export const PastTime = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: "an RFC 3339 time or a date is expected" })
  .transform((text) => Date.parse(text));

export const IDEMPOTENT = "May be repeated: the same request has the same effect once.";
