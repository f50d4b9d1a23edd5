/**
 * Answers: JSON, and RFC 9457 problems by the one table of shared/problems.ts. Nothing of a tenant is cached on the way.
 */
import { isRetryable, PROBLEMS, toProblemJson, type Problem } from "../../shared/problems.ts";

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });

export const text = (body: string, contentType: string, cacheControl = "no-store"): Response =>
  new Response(body, { headers: { "content-type": contentType, "cache-control": cacheControl } });

export function refusal(problem: Problem, requestId: string, headers: Record<string, string> = {}): Response {
  const more: Record<string, string> = { "x-request-id": requestId, ...headers };
  if (problem.code === "unauthenticated") more["www-authenticate"] = "Bearer";
  if (isRetryable(problem.code) && PROBLEMS[problem.code].status === 503) more["retry-after"] = "1";
  // What is refused only until a known time says when.
  const wait = problem.facts?.["retryAfterSeconds"];
  if (typeof wait === "number") more["retry-after"] = String(wait);
  return new Response(JSON.stringify(toProblemJson(problem, `urn:uuid:${requestId}`)), {
    status: PROBLEMS[problem.code].status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...more },
  });
}
