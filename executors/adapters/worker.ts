/**
 * The Worker adapter: runs capabilities that another Worker serves over a service binding, in the form of shared/action-target.ts.
 *
 * W1  Idempotent: every call for an action carries the same key. At most once: a call leaves only when none for this action can have left.
 * W2  An answer `refused` counts also after a doubt: by its contract (A2) it speaks for the key, and not for the call.
 * W3  A call that threw, that timed out or whose answer has another form is in doubt.
 *
 * apply()  applied | refused effect-refused (the target said so) | refused premise-failed (prepare again) | refused egress-refused (not
 *          configured; nothing left) | in-doubt { effect-in-doubt, answer-invalid }
 */
import type { ActionAnswer } from "../../shared/action-target.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { compiled } from "./compiled.ts";
import { idempotencyKeyOf, type HttpPlan } from "./http-definition.ts";
import { usable } from "./http-outcome.ts";
import { callTraceparent, type ActionContext, type Capability, type Outcome, type Prepared } from "./types.ts";
import type { CallWorker, WorkerAnswer, WorkerCall } from "./worker-call.ts";

export type WorkerDefinition<Args> = {
  readonly contract: CapabilityContract & {
    readonly effect: "write";
    readonly delivery: "idempotent" | "at-most-once";
  };
  /** Name of the target whose binding it is called by. */
  readonly target: string;
  /** The target has `prepare`: what its facts mean. Its premises are `checked-before`. */
  readonly prepare?: (args: Args, facts: JsonObject) => Result<Omit<HttpPlan, "premises">>;
  /** The target has `reconcile`. */
  readonly reconciles: boolean;
  /** What people read where the target refuses for a reason, by its code. */
  readonly refusals?: { readonly [code: string]: string };
};

export type WorkerEnvironment = { readonly callWorker: CallWorker };

export function workerCapability<Args>(definition: WorkerDefinition<Args>, environment: WorkerEnvironment): Capability {
  const { contract, prepare, reconciles } = definition;
  const output = compiled(contract.output);
  const ask = (method: WorkerCall["method"], args: JsonObject, context: ActionContext): Promise<WorkerAnswer> =>
    asked(method, args, context, contract, environment);

  const outcomeOf = (answer: ActionAnswer, resumed: boolean): Outcome => {
    switch (answer.kind) {
      case "applied": {
        const result = usable(output(), answer.result);
        return result.ok
          ? { kind: "applied", result: result.value, replayed: answer.replayed ?? resumed }
          : { kind: "in-doubt", problem: problem("answer-invalid", "The result is not what the contract says.") };
      }
      case "refused":
        return refusedBy(definition, answer);
      case "unknown":
        return { kind: "in-doubt", problem: problem("effect-in-doubt", "The target does not know either.") };
    }
  };

  return {
    kind: "external",
    contract,
    prepare:
      prepare === undefined
        ? null
        : async (args, context): Promise<Result<Prepared>> => {
            const answered = await ask("prepare", args, context);
            if (answered.kind === "not-sent") return err(answered.problem);
            if (answered.kind !== "answered") return err(problem("target-unavailable", "The target gave no answer."));
            const { answer } = answered;
            if (answer.kind === "refused") return err(reason(definition, answer.code));
            if (answer.kind !== "ready") return err(problem("answer-invalid", "The answer has another form."));
            const plan = prepare(args as Args, answer.facts);
            if (!plan.ok) return plan;
            const premises = answer.premises.map((premise) => ({ ...premise, class: "checked-before" as const }));
            return ok({ ...plan.value, premises, outcome: { kind: "write", plan: null } });
          },
    apply: async (args, _prepared, context) => {
      // W1. After a crash nobody but the target knows.
      if (contract.delivery === "at-most-once" && context.resumed)
        return { kind: "in-doubt", problem: problem("effect-in-doubt", "The call may have left before.") };
      const answered = await ask("apply", args, context);
      return answered.kind === "answered"
        ? outcomeOf(answered.answer as ActionAnswer, context.resumed)
        : unanswered(answered, context.resumed);
    },
    reconcile: !reconciles
      ? null
      : async (args, context) => {
          const answered = await ask("reconcile", args, context);
          if (answered.kind !== "answered" || answered.answer.kind === "unknown") return null;
          return outcomeOf(answered.answer as ActionAnswer, true);
        },
  };
}

async function asked(
  method: WorkerCall["method"],
  args: JsonObject,
  context: ActionContext,
  contract: CapabilityContract,
  { callWorker }: WorkerEnvironment,
): Promise<WorkerAnswer> {
  const mostMs = Math.min(LIMITS.httpAskMs, Math.floor((contract.timeoutMs ?? LIMITS.effectTimeoutMs) * 0.9));
  const timeoutMs = context.resumed ? mostMs : Math.min(mostMs, context.deadlineMs - context.nowMs);
  const { tenant, region, capability, premises } = context;
  const call = {
    idempotencyKey: idempotencyKeyOf(context),
    tenant,
    region,
    capability,
    args,
    premises: premises.map(({ resource, version }) => ({ resource, version })),
    traceparent: callTraceparent(context),
    deadlineMs: context.nowMs + timeoutMs,
  };
  try {
    return await callWorker({ method, call, timeoutMs });
  } catch {
    // The entrypoint itself was lost: whether it had called is not known.
    return { kind: "lost", overloaded: false, retryable: false };
  }
}

function unanswered(answer: Exclude<WorkerAnswer, { kind: "answered" }>, resumed: boolean): Outcome {
  switch (answer.kind) {
    case "not-sent":
      return resumed
        ? { kind: "in-doubt", problem: answer.problem }
        : { kind: "refused", problem: answer.problem, retry: answer.retry };
    case "invalid":
      return { kind: "in-doubt", problem: problem("answer-invalid", "The target answered in another form.") };
    case "lost": {
      const { overloaded, retryable } = answer;
      const detail = "The call ended without an answer.";
      return { kind: "in-doubt", problem: problem("effect-in-doubt", detail, { overloaded, retryable }) };
    }
  }
}

type Refused = ActionAnswer & { readonly kind: "refused" };

function refusedBy<Args>(definition: WorkerDefinition<Args>, { code, retry = false, retryAfterMs }: Refused): Outcome {
  if (code === "premise-failed")
    return { kind: "refused", problem: problem("premise-failed", "The record has changed since."), retry: true };
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, LIMITS.retryAfterMs) };
  return { kind: "refused", problem: reason(definition, code), retry, ...(retry ? wait : {}) };
}

const reason = <Args>({ refusals }: WorkerDefinition<Args>, code: string): Problem =>
  problem("effect-refused", refusals?.[code] ?? "The target refused.", { reason: code });
