/**
 * Request headers with a meaning: `Idempotency-Key`, `Prefer: wait` (RFC 7240), `traceparent` (W3C), `Last-Event-ID`.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** The key that makes a POST repeatable, from the header or the body. Both may stand if they agree. */
export function idempotencyKey(request: Request, inBody: string | undefined): Result<string | null> {
  const header = request.headers.get("idempotency-key");
  if (header === null) return ok(inBody ?? null);
  if (!/^[\x20-\x7e]{1,200}$/.test(header))
    return err(problem("invalid-request", "Idempotency-Key has 1 to 200 printable ASCII characters."));
  if (inBody !== undefined && inBody !== header)
    return err(problem("invalid-request", "Idempotency-Key and the body's idempotencyKey differ."));
  return ok(header);
}

/** Seconds of `Prefer: wait=N`, at most LIMITS.waitSeconds; 0 where nothing is asked for. */
export function preferredWait(request: Request): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,6})"?\s*(?:$|[,;])/i.exec(request.headers.get("prefer") ?? "");
  return match === null ? 0 : Math.min(Number(match[1]), LIMITS.waitSeconds);
}

/** The app's trace context, kept with the task; anything malformed is as if absent. */
export function traceparent(request: Request): string | null {
  const header = request.headers.get("traceparent");
  return header !== null && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header) ? header : null;
}

/** The chain position after which a stream goes on; 0 for its beginning. */
export function lastEventId(request: Request): number {
  const header = request.headers.get("last-event-id") ?? "";
  return /^[0-9]{1,15}$/.test(header) ? Number(header) : 0;
}
