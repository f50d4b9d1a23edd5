/**
 * Ids of a task's trace. Every one follows from the task and from what the span is about, so that a trace that is made again, by anybody and
 * after any crash, has the same spans and never a second copy of one.
 */
import { toHex } from "../bytes.ts";
import { sha256 } from "../sha256.ts";

/** W3C trace context of version 00, as intake keeps it. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** What a trace continues: `parent` is the app's own span, null where the app sent none. */
export type TraceContext = {
  readonly traceId: string;
  readonly parent: string | null;
  /** The app's sampling decision (trace-flags, bit 0); true where it made none. */
  readonly sampled: boolean;
};

/** The trace that a task belongs to: the app's own, or one that follows from the task's id. */
export function contextOf(task: string, traceparent: string | null): TraceContext {
  const [, traceId, parent, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  // W3C: ids of zeros only are invalid, and whoever gets them starts anew.
  if (traceId === undefined || traceId === NO_TRACE || parent === NO_SPAN)
    return { traceId: toHex(sha256(`countersign trace v1\n${task}`).subarray(0, 16)), parent: null, sampled: true };
  return { traceId, parent: parent!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

/** The id of the span of a task that `key` names: 16 hex digits. */
export const spanId = (task: string, key: string): string =>
  toHex(sha256(`countersign span v1\n${task}\n${key}`).subarray(0, 8));

export const effectKeyOfSpan = (step: string, attempt: number): string => `effect:${step}:${attempt}`;

/** The `traceparent` that an effect's call carries: the called system's spans then hang under the span of this attempt. Null where the task has none. */
export function effectTraceparent(
  task: string,
  step: string,
  attempt: number,
  traceparent: string | null,
): string | null {
  if (traceparent === null || !TRACEPARENT.test(traceparent)) return null;
  return `${traceparent.slice(0, 36)}${spanId(task, effectKeyOfSpan(step, attempt))}${traceparent.slice(52)}`;
}
