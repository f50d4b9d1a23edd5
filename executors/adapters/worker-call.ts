/**
 * Calls another Worker over a service binding, from the stateless entrypoint: a Worker that does not answer holds no executor object.
 *
 * R1  `not-sent` proves that nothing was called. Once the call was made, an exception proves nothing, whatever flags it carries: `retryable`
 *     and `overloaded` may come from something that the target itself had called after it acted. They only say how long to leave it alone.
 * R2  What comes back is plain data of the documented form and size, or `invalid`. No text of an exception is kept.
 */
import * as z from "zod";
import { ActionAnswer, PrepareAnswer, type ActionCall, type ActionTarget } from "../../shared/action-target.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { utf8 } from "../../shared/bytes.ts";
import { CapabilityName } from "../../shared/capability.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Platform } from "../../shared/platform.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { parseWorkerTargets } from "./worker-targets.ts";

export const WorkerCall = z.strictObject({
  method: z.enum(["apply", "reconcile", "prepare"]),
  call: z.strictObject({
    idempotencyKey: z.string().max(60),
    tenant: z.string().max(100),
    region: z.string().max(100),
    capability: CapabilityName,
    args: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
    premises: z.array(z.strictObject({ resource: z.string().max(200), version: z.int() })).max(64),
    traceparent: z.string().max(100).nullable(),
    deadlineMs: z.int(),
  }),
  timeoutMs: z.int().max(LIMITS.httpAskMs),
});
export type WorkerCall = Omit<z.infer<typeof WorkerCall>, "call"> & { readonly call: ActionCall };

export type WorkerAnswer =
  | { readonly kind: "answered"; readonly answer: ActionAnswer | PrepareAnswer }
  /** Something came back that is not of the documented form. */
  | { readonly kind: "invalid" }
  | { readonly kind: "not-sent"; readonly problem: Problem; readonly retry: boolean }
  | { readonly kind: "lost"; readonly overloaded: boolean; readonly retryable: boolean };

export type CallWorker = (call: WorkerCall) => Promise<WorkerAnswer>;

/** @param targetByCapability the definitions of this Worker; a capability that is not in it goes nowhere */
export function workerCalls(
  bindings: { readonly [name: string]: unknown },
  settings: string | undefined,
  targetByCapability: ReadonlyMap<string, string>,
  { setTimer }: Pick<Platform, "setTimer">,
): CallWorker {
  const bindingByTarget = parseWorkerTargets(settings);
  return async (given) => {
    const parsed = WorkerCall.safeParse(given);
    if (!parsed.success) return notSent("The call is not one that a capability may make.", false);
    const { method, call, timeoutMs } = parsed.data;
    const name = bindingByTarget?.get(targetByCapability.get(call.capability) ?? "");
    const target = name === undefined ? undefined : (bindings[name] as Required<ActionTarget> | undefined);
    if (target === undefined) return notSent("No target is configured for this capability.", true);
    if (timeoutMs <= 0)
      return { kind: "not-sent", problem: problem("expired", "There was no time left."), retry: false };
    if (utf8(canonicalize(call)).length > LIMITS.httpRequestBytes) return notSent("The call is too large.", false);
    let cancel = (): void => {};
    const late = new Promise<WorkerAnswer>(
      (resolve) => (cancel = setTimer(timeoutMs, () => resolve({ kind: "lost", overloaded: false, retryable: false }))),
    );
    try {
      // THE CALL LEAVES. From here on only an answer says whether it was done.
      return await Promise.race([Promise.resolve(target[method](call)).then((answer) => read(method, answer)), late]);
    } catch (error) {
      const flags = (error ?? {}) as { readonly overloaded?: unknown; readonly retryable?: unknown };
      return { kind: "lost", overloaded: flags.overloaded === true, retryable: flags.retryable === true };
    } finally {
      cancel();
    }
  };
}

function read(method: WorkerCall["method"], given: unknown): WorkerAnswer {
  try {
    const parsed = (method === "prepare" ? PrepareAnswer : ActionAnswer).safeParse(given);
    if (!parsed.success || utf8(canonicalize(parsed.data as JsonObject)).length > LIMITS.httpResponseBytes)
      return { kind: "invalid" };
    return { kind: "answered", answer: parsed.data };
  } finally {
    // Answers with functions in them hold the callee's resources.
    (given as Partial<Disposable> | null)?.[Symbol.dispose]?.();
  }
}

const notSent = (detail: string, retry: boolean): WorkerAnswer => ({
  kind: "not-sent",
  problem: problem("egress-refused", detail),
  retry,
});
