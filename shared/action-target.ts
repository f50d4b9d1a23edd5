/**
 * What another Worker implements so that actions can be applied in it over a service binding: a `WorkerEntrypoint` with these methods.
 * Answers are values; whatever is thrown leaves the action in doubt, because an exception does not say what happened before it.
 *
 * A1  A key is one action. Called again with a key, `apply` gives the answer that the key has: it never acts twice, and where it acted it
 *     does not refuse. A target without a store of keys is declared `at-most-once` and is called once.
 * A2  `refused` says that nothing was done under this key and that nothing of it is still on its way.
 * A3  Answers are checked strictly; what has another shape is in doubt.
 */
import * as z from "zod";
import type { Json, JsonObject } from "./json.ts";

const Code = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);

/** What is asked for. The same on every call for an action, except `deadlineMs`. */
export type ActionCall = {
  /** The action, as the target knows it: the same on every attempt, another one for every other action. */
  readonly idempotencyKey: string;
  readonly tenant: string;
  readonly region: string;
  readonly capability: string;
  readonly args: JsonObject;
  /** Versions that the action relies on, as `prepare` named them; empty before that. */
  readonly premises: readonly { readonly resource: string; readonly version: number }[];
  /** W3C trace context of the task, or null. */
  readonly traceparent: string | null;
  /** Milliseconds since 1970 after which nobody waits for the answer. */
  readonly deadlineMs: number;
};

export const ActionAnswer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("applied"), result: z.json() as z.ZodType<Json>, replayed: z.boolean().optional() }),
  /** `code`: a stable reason. `premise-failed` means that a premise has moved: the action is prepared again. */
  z.strictObject({
    kind: z.literal("refused"),
    code: Code,
    /** Whether the same may be asked for again; after this long, where it says so. */
    retry: z.boolean().optional(),
    retryAfterMs: z.int().min(0).optional(),
  }),
  /** The target does not know. */
  z.strictObject({ kind: z.literal("unknown") }),
]);
export type ActionAnswer = z.infer<typeof ActionAnswer>;

export const PrepareAnswer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("ready"),
    /** What is known before the act, for the definition to make a preview of. */
    facts: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
    premises: z.array(z.strictObject({ resource: z.string().min(1).max(200), version: z.int().min(0) })).max(16),
  }),
  z.strictObject({ kind: z.literal("refused"), code: Code }),
]);
export type PrepareAnswer = z.infer<typeof PrepareAnswer>;

export interface ActionTarget {
  apply(call: ActionCall): Promise<ActionAnswer>;
  /** What became of a key, changing nothing. `refused` only where nothing of it can come any more: an absence alone is `unknown`. */
  reconcile?(call: ActionCall): Promise<ActionAnswer>;
  /** Reads what the action depends on, changing nothing. */
  prepare?(call: ActionCall): Promise<PrepareAnswer>;
}
