/**
 * The HTTP adapter: runs capabilities over outside systems, as far as those can promise anything.
 *
 * H1  Idempotent: every request for an action carries the same `Idempotency-Key`, whoever repeats it and however often. The callee makes of
 *     them one effect.
 * H2  At most once: a request is sent only when none for this action can have left before. After a crash or a doubt the callee is asked
 *     (`reconcile`), where it can answer; otherwise the action stays in doubt.
 * H3  A request is a function of the stored arguments and premises alone, so that one that is repeated after a crash is the same.
 * H4  `refused` is proof (http-outcome.ts O1 to O3).
 *
 * apply()  applied { replayed } | refused effect-refused (the callee said no) | refused premise-failed (412: prepare again) | refused
 *          { target-unavailable, credential-unavailable } (nothing was done: again later) | refused egress-refused | in-doubt
 *          { effect-in-doubt, answer-invalid }
 */
import { canonicalize } from "../../shared/canonical.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Contract } from "../../shared/contracts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import type { HeldPremise } from "../../shared/receipt.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { compiled } from "./compiled.ts";
import type { EgressAnswer, EgressCall, Send } from "./egress.ts";
import {
  idempotencyKeyOf,
  PathRefused,
  type HttpDefinition,
  type HttpRead,
  type HttpRequest,
  type HttpResponse,
  type HttpWrite,
} from "./http-definition.ts";
import { isSuccess, outcomeOf, readingOf, usable } from "./http-outcome.ts";
import { callTraceparent, type ActionContext, type Capability, type Outcome, type Prepared } from "./types.ts";

export type HttpEnvironment = {
  /** The guarded way out. A rejection means that the request may have left. */
  readonly send: Send;
};

/** A capability over HTTP. `Args` is what the contract's input schema says; the machine has checked it. */
export function httpCapability<Args>(definition: HttpDefinition<Args>, environment: HttpEnvironment): Capability {
  const { contract } = definition;
  const output = compiled(contract.output);
  return isRead(definition)
    ? { kind: "external", contract, ...reading(definition, output, environment) }
    : { kind: "external", contract, ...writing(definition, output, environment) };
}

const isRead = <Args>(definition: HttpDefinition<Args>): definition is HttpRead<Args> =>
  definition.contract.effect === "read";

type Calls = Pick<Capability & { kind: "external" }, "prepare" | "apply" | "reconcile" | "observe">;

function reading<Args>(definition: HttpRead<Args>, output: () => Contract, environment: HttpEnvironment): Calls {
  const { contract } = definition;
  return {
    prepare: async (given, context) => {
      const args = given as Args;
      const answer = await ask(() => definition.request(args, context), {}, contract, context, environment);
      const read = readingOf(answer);
      if (!read.ok) return read;
      const said = quietly(() => definition.answer(read.value, args, context));
      if (said?.says === "refused") return err(problem("effect-refused", said.detail, said.facts));
      if (!isSuccess(read.value.status)) return err(statusRefusal(read.value.status));
      if (said?.says !== "applied") return err(notUnderstood(read.value));
      const checked = usable(output(), said.result);
      if (!checked.ok) return err(notUnderstood(read.value));
      const outcome = { kind: "read" as const, result: checked.value };
      return ok({ preview: {}, premises: [], summary: contract.summary, changes: [], outcome });
    },
    apply: async (_args, prepared) =>
      prepared?.outcome.kind === "read"
        ? { kind: "applied", result: prepared.outcome.result, replayed: false }
        : {
            kind: "refused",
            problem: problem("target-unavailable", "What was read is gone; it is read again."),
            retry: true,
          },
    reconcile: null,
  };
}

function writing<Args>(definition: HttpWrite<Args>, output: () => Contract, environment: HttpEnvironment): Calls {
  const { contract, prepare, reconcile } = definition;
  const read = (
    understand: (response: HttpResponse) => ReturnType<typeof definition.answer>,
    context: ActionContext,
  ) => ({
    understand,
    output: output(),
    notExecuted: definition.notExecuted ?? [],
    replaysRefusals: definition.replaysRefusals ?? false,
    resumed: context.resumed,
    nowMs: context.nowMs,
  });

  const reconciled =
    reconcile === undefined
      ? null
      : async (given: JsonObject, context: ActionContext): Promise<Outcome | null> => {
          const args = given as Args;
          const answer = readingOf(
            await ask(() => reconcile.request(args, context), {}, contract, context, environment),
          );
          if (!answer.ok) return null;
          const said = quietly(() => reconcile.answer(answer.value, args));
          if (said === null || said.says === "unknown") return null;
          if (said.says === "refused")
            return { kind: "refused", problem: problem("effect-refused", said.detail, said.facts), retry: false };
          const checked = usable(output(), said.result);
          return checked.ok
            ? { kind: "applied", result: checked.value, replayed: true }
            : { kind: "in-doubt", problem: notUnderstood(answer.value) };
        };

  return {
    prepare:
      prepare === undefined ? null : (args, context) => prepared(args as Args, prepare, contract, context, environment),
    apply: async (given, _prepared, context) => {
      const args = given as Args;
      // H2. The commit point of an action that must not be repeated is its claim: after it, only the callee knows.
      if (contract.delivery === "at-most-once" && context.resumed)
        return (await reconciled?.(given, context)) ?? { kind: "in-doubt", problem: interrupted() };
      const condition = conditionOf(context.premises);
      if (prepare?.conditional === true && condition === null)
        return context.resumed
          ? { kind: "in-doubt", problem: interrupted() }
          : {
              kind: "refused",
              problem: problem("premise-failed", "The version that was read is unknown."),
              retry: true,
            };
      const headers = {
        ...(contract.delivery === "idempotent" ? { "idempotency-key": `"${idempotencyKeyOf(context)}"` } : {}),
        ...(condition === null ? {} : { "if-match": condition }),
      };
      const answer = await ask(() => definition.request(args, context), headers, contract, context, environment);
      return outcomeOf(
        answer,
        read((response) => definition.answer(response, args, context), context),
      );
    },
    reconcile: reconciled,
    ...(definition.observe === undefined
      ? {}
      : {
          observe: (args, result, context) =>
            observed(args as Args, result, definition.observe!, contract, context, environment),
        }),
  };
}

async function observed<Args>(
  args: Args,
  result: Json,
  observe: NonNullable<HttpWrite<Args>["observe"]>,
  contract: CapabilityContract,
  context: ActionContext,
  environment: HttpEnvironment,
): Promise<Result<JsonObject>> {
  const read = readingOf(await ask(() => observe.request(args, result, context), {}, contract, context, environment));
  if (!read.ok) return read;
  if (!isSuccess(read.value.status)) return err(statusRefusal(read.value.status));
  const said = quietly(() => observe.answer(read.value, args));
  const checked = said === null || contract.observe === undefined ? null : usable(compiled(contract.observe)(), said);
  return checked?.ok === true ? ok(checked.value as JsonObject) : err(notUnderstood(read.value));
}

async function prepared<Args>(
  args: Args,
  prepare: NonNullable<HttpWrite<Args>["prepare"]>,
  contract: CapabilityContract,
  context: ActionContext,
  environment: HttpEnvironment,
): Promise<Result<Prepared>> {
  const read = readingOf(await ask(() => prepare.request(args, context), {}, contract, context, environment));
  if (!read.ok) return read;
  if (!isSuccess(read.value.status)) return err(statusRefusal(read.value.status));
  const planned = quietly(() => prepare.plan(args, read.value, context));
  if (planned === null) return err(notUnderstood(read.value));
  if (!planned.ok) return planned;
  const { preview, summary, changes, premises } = planned.value;
  const { etag } = read.value;
  if (prepare.conditional && (etag === null || !STRONG.test(etag))) return err(notUnderstood(read.value));
  const held = premises.map((premise): HeldPremise =>
    prepare.conditional
      ? { ...premise, class: "conditional-request", etag: etag! }
      : { ...premise, class: "checked-before" },
  );
  return ok({ preview, premises: held, summary, changes, outcome: { kind: "write", plan: null } });
}

/** A weak tag is no condition for a change (RFC 9110 §13.1.1). */
const STRONG = /^"[!#-~]{1,200}"$/;
const conditionOf = (premises: readonly HeldPremise[]): string | null =>
  premises.find((premise) => premise.class === "conditional-request")?.etag ?? null;

/** Sends what `build` says. A request that cannot be built, or has no time left, does not leave. */
async function ask(
  build: () => HttpRequest,
  headers: { readonly [name: string]: string },
  contract: CapabilityContract,
  context: ActionContext,
  environment: HttpEnvironment,
): Promise<EgressAnswer> {
  // Less than the machine waits, so that its answer comes in time.
  const mostMs = Math.min(LIMITS.httpAskMs, Math.floor((contract.timeoutMs ?? LIMITS.effectTimeoutMs) * 0.9));
  let call: EgressCall;
  try {
    const request = build();
    const traceparent = callTraceparent(context);
    call = {
      capability: contract.name,
      method: request.method,
      path: request.path,
      ...(request.query === undefined ? {} : { query: { ...request.query } }),
      headers: {
        accept: "application/json",
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...(traceparent === null ? {} : { traceparent }),
        ...request.headers,
        ...headers,
      },
      body: request.body === undefined ? null : canonicalize(request.body),
      // What is under way when the task's time is over is still asked about.
      timeoutMs: context.resumed ? mostMs : Math.min(mostMs, context.deadlineMs - context.nowMs),
    };
  } catch (error) {
    if (!(error instanceof PathRefused)) throw error;
    return {
      kind: "not-sent",
      problem: problem("egress-refused", "An argument does not fit into the address."),
      retry: false,
    };
  }
  try {
    return await environment.send(call);
  } catch {
    // The entrypoint did not answer: whether it had sent the request is not known.
    return { kind: "lost", problem: problem("effect-in-doubt", "The way out gave no answer.") };
  }
}

/** What a definition makes of an answer that may have any shape; null where it fails. */
function quietly<T>(understand: () => T): T | null {
  try {
    return understand();
  } catch {
    return null;
  }
}

const statusRefusal = (status: number) =>
  status === 401 || status === 403
    ? problem("effect-refused", "The target does not accept the credential of this capability.", { status })
    : problem("effect-refused", "The target refused the request.", { status });
const notUnderstood = ({ status }: HttpResponse) =>
  problem("answer-invalid", "The target's answer is not what the contract says.", { status });
const interrupted = () =>
  problem("effect-in-doubt", "The request may have left before an interruption, and must not be sent again.");
