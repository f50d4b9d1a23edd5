/**
 * What an answer means for an action. Pure.
 *
 * O1  `refused` only where the callee's answer, or the guard before it, proves that nothing was done. Doubt stays doubt.
 * O2  Where an earlier request for the same action may have left, a refusal of this one says nothing about that one: it counts only where
 *     the callee is declared to repeat its first answer, and then only for statuses that come from the callee's own logic.
 * O3  What happened and cannot be understood is in doubt (`answer-invalid`), never refused: the effect may stand. The result of an applied
 *     step always satisfies the contract, because later steps and policies rely on it.
 */
import type { Contract } from "../../shared/contracts.ts";
import { parseStrictJson, type Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { EgressAnswer } from "./egress.ts";
import type { HttpAnswer, HttpResponse } from "./http-definition.ts";
import type { Outcome } from "./types.ts";

export type Reading = {
  readonly understand: (response: HttpResponse) => HttpAnswer | null;
  readonly output: Contract;
  readonly notExecuted: readonly number[];
  readonly replaysRefusals: boolean;
  /** An earlier request for the action may have left. */
  readonly resumed: boolean;
  readonly nowMs: number;
};

/** What became of an action, from the answer to its request. */
export function outcomeOf(answer: EgressAnswer, reading: Reading): Outcome {
  switch (answer.kind) {
    case "not-sent":
      return reading.resumed
        ? { kind: "in-doubt", problem: answer.problem }
        : { kind: "refused", problem: answer.problem, retry: answer.retry };
    case "turned-away":
      return reading.resumed
        ? { kind: "in-doubt", problem: answer.problem }
        : { kind: "refused", problem: answer.problem, retry: false };
    case "lost":
      return { kind: "in-doubt", problem: answer.problem };
    case "answered":
      return answered(answer, reading);
  }
}

type Answered = EgressAnswer & { readonly kind: "answered" };

function answered(answer: Answered, reading: Reading): Outcome {
  const { status } = answer;
  const said = understood(answer, reading);
  if (said?.says === "applied" && isSuccess(status)) {
    const result = usable(reading.output, said.result);
    return result.ok
      ? { kind: "applied", result: result.value, replayed: answer.replayed || reading.resumed }
      : doubt("answer-invalid", "The target did it, and its answer is not what the contract says.", status);
  }
  if (said?.says === "refused" && (isSuccess(status) || isRefusal(status)))
    return refusal(said.detail, { ...said.facts, status }, status, reading);
  if (isSuccess(status))
    return doubt("answer-invalid", "The target answered with success and something that is not understood.", status);
  if (said?.says === "unknown") return doubt("effect-in-doubt", "The target does not know either.", status);
  return byStatus(answer, reading);
}

/** The result, where it is what the contract says. One with holes, which the validator cannot bear, is not. */
export function usable(output: Contract, result: Json): Result<Json> {
  try {
    return output.check(result);
  } catch {
    return err(problem("answer-invalid", "The result is no JSON."));
  }
}

/** The answer as the definition understands it. What its functions cannot bear is not understood. */
function understood(answer: Answered, { understand }: Reading): HttpAnswer | null {
  try {
    return understand(responseOf(answer));
  } catch {
    return null;
  }
}

function byStatus(answer: Answered, reading: Reading): Outcome {
  const { status } = answer;
  if (status === 412) {
    if (reading.resumed) return doubt("effect-in-doubt", "The record has moved, perhaps by this very action.", status);
    return {
      kind: "refused",
      problem: problem("premise-failed", "The record has changed since it was read."),
      retry: true,
    };
  }
  const wait = retryAfterMs(answer.retryAfter, reading.nowMs);
  if (reading.notExecuted.includes(status) && !reading.resumed)
    return { kind: "refused", problem: busy(status), retry: true, ...(wait === null ? {} : { retryAfterMs: wait }) };
  if (status === 401 && answer.renewable && !reading.resumed)
    return {
      kind: "refused",
      problem: problem("credential-unavailable", "The target did not accept the credential."),
      retry: true,
    };
  if (isRefusal(status)) return refusal("The target refused the request.", { status }, status, reading);
  return doubt("effect-in-doubt", "The target's answer does not say whether it was done.", status);
}

function refusal(
  detail: string,
  facts: { readonly [name: string]: string | number | boolean | readonly string[] },
  status: number,
  reading: Reading,
): Outcome {
  const counts = !reading.resumed || (reading.replaysRefusals && !BEFORE_THE_LOGIC.has(status));
  return counts
    ? { kind: "refused", problem: problem("effect-refused", detail, facts), retry: false }
    : doubt("effect-in-doubt", "The target refused the repeated request, which says nothing about the first.", status);
}

/** What a read was answered. Errors: target-unavailable (it may work later), and what kept the request from leaving. */
export function readingOf(answer: EgressAnswer): Result<HttpResponse & { readonly etag: string | null }> {
  if (answer.kind !== "answered") return err(answer.kind === "lost" ? unavailable() : answer.problem);
  const { status } = answer;
  const toBeAskedAgain = status === 401 && answer.renewable;
  if ((!isSuccess(status) && !isRefusal(status)) || toBeAskedAgain) return err(unavailable(status));
  return ok({ ...responseOf(answer), etag: answer.etag });
}

function responseOf({ status, body }: Answered): HttpResponse {
  const json = body === "" ? null : parseStrictJson(body);
  return { status, body: json?.ok === true ? json.value : undefined };
}

const unavailable = (status?: number): Problem =>
  problem("target-unavailable", "The target gave no answer.", status === undefined ? undefined : { status });
const busy = (status: number): Problem =>
  problem("target-unavailable", "The target is busy and did nothing.", { status });

/** 4xx means that the request was not done, except where it was too early, too slow, too often or met another one like it. */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && !NOT_SAID.has(status);
export const isSuccess = (status: number): boolean => status >= 200 && status < 300;
const NOT_SAID: ReadonlySet<number> = new Set([408, 409, 425, 429]);
/** Statuses of layers before the callee's own logic, which know nothing of the first request. */
const BEFORE_THE_LOGIC: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 413, 414, 415, 431, 451]);

const doubt = (code: "effect-in-doubt" | "answer-invalid", detail: string, status: number): Outcome => ({
  kind: "in-doubt",
  problem: problem(code, detail, { status }),
});

/** Retry-After (RFC 9110 §10.2.3) as milliseconds from now, within bounds; null where it is absent or says nothing. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const wait = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(wait) ? null : Math.min(Math.max(0, wait), LIMITS.retryAfterMs);
}
