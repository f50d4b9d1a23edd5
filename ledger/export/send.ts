/**
 * One OTLP/HTTP request in JSON, and what its answer means by the OTLP specification: a partial success is a success, 429, 502, 503 and 504
 * and everything that never arrived may be sent again, every other status must not be.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { Collector } from "./settings.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Sent =
  | { readonly kind: "accepted"; readonly rejected: number; readonly message: string | null }
  /** `afterMs` is what the collector asks for, 0 for nothing. */
  | { readonly kind: "later"; readonly what: string; readonly afterMs: number }
  | { readonly kind: "too-large"; readonly what: string }
  | { readonly kind: "refused"; readonly what: string };

const RETRYABLE = [429, 502, 503, 504];

/** Sends a request. Never throws. What it says of a failure holds neither the body nor a header. */
export async function send(fetch: Fetch, collector: Collector, body: string, nowMs: number): Promise<Sent> {
  let response: Response;
  let answer: string;
  try {
    response = await fetch(collector.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...collector.headers },
      body,
      // A collector is configured where it is; what it leads to elsewhere would get its key.
      redirect: "manual",
      signal: AbortSignal.timeout(LIMITS.exportAskMs),
    });
    answer = await start(response);
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    return { kind: "later", what: timedOut ? "no answer in time" : "no connection", afterMs: 0 };
  }
  const { status } = response;
  if (status >= 200 && status < 300) return partial(answer);
  const what = `HTTP ${status}`;
  if (RETRYABLE.includes(status))
    return { kind: "later", what, afterMs: retryAfterMs(response.headers.get("retry-after"), nowMs) };
  return { kind: status === 413 ? "too-large" : "refused", what };
}

/** The beginning of an answer: nobody reads more of it. */
async function start(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value as Uint8Array, { stream: true });
    if (text.length <= LIMITS.exportAnswerChars) continue;
    await reader.cancel();
    return text.slice(0, LIMITS.exportAnswerChars);
  }
}

/** `ExportTraceServiceResponse`; an answer that is none, such as an empty one, accepts everything. */
function partial(answer: string): Sent {
  const none = { kind: "accepted", rejected: 0, message: null } as const;
  try {
    const { partialSuccess } = JSON.parse(answer) as {
      partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string } | null;
    };
    if (partialSuccess === undefined || partialSuccess === null) return none;
    const rejected = Number(partialSuccess.rejectedSpans ?? 0);
    const { errorMessage } = partialSuccess;
    return {
      kind: "accepted",
      rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      message: typeof errorMessage === "string" && errorMessage !== "" ? errorMessage.slice(0, 200) : null,
    };
  } catch {
    return none;
  }
}

/** Seconds or a date (RFC 9110); 0 where it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const text = header.trim();
  const ms = /^[0-9]{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), LIMITS.retryAfterMs);
}
