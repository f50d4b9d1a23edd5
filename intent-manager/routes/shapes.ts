/** Shapes that several routes share: ids in paths, bodies that are signed elsewhere, pages. */
import * as z from "zod";
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

export const Reason = z.strictObject({ reason: z.string().min(1).max(500) });
/** Something a person signed, with the enrolments that lead from its key to the root. */
export const SignedByPerson = z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3) });
export const Nothing = z.strictObject({});

/** A whole number in a query. */
export const count = (max: number) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,15})$/)
    .transform(Number)
    .pipe(z.int().min(0).max(max));

export const IDEMPOTENT = "May be repeated: the same request has the same effect once.";
