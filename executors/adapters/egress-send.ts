/**
 * Sends one request over the guarded way out: every hop checked, sizes and time capped, secrets taken out of what comes back.
 *
 * S1  Nothing leaves before `checkUrl` accepted its address and, for a request with credentials, before they were had.
 * S2  `not-sent` proves that no byte left. Once `fetch` was called, an error proves nothing: the runtime reports a refused connection
 *     and one that was cut after the request with the same words, so both are `lost`.
 * S3  No secret used for the request stands in what is returned.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { ok, type Result } from "../../shared/result.ts";
import { redacted, type Authorization } from "../credentials/authorization.ts";
import { isRedirect, nextHop } from "./egress-redirect.ts";
import { checkUrl } from "./egress-url.ts";

export type EgressAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly etag: string | null;
      /** The header as it came. */
      readonly retryAfter: string | null;
      /** The callee says that this is its answer to an earlier request with the same key. */
      readonly replayed: boolean;
      readonly body: string;
      /** A 401 may be the fault of a token that another call can have anew. */
      readonly renewable: boolean;
      /** `mcp-session-id`, where there is one. */
      readonly session?: string;
      readonly eventStream?: boolean;
    }
  /** Nothing left. `retry`: it may work later. */
  | { readonly kind: "not-sent"; readonly problem: Problem; readonly retry: boolean }
  /** Redirected somewhere it may not go, and not done. */
  | { readonly kind: "turned-away"; readonly problem: Problem }
  /** It left, or may have; there is no usable answer. */
  | { readonly kind: "lost"; readonly problem: Problem };

export type OutboundRequest = {
  readonly url: URL;
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | null;
  /** Whether it may change something. */
  readonly write: boolean;
  readonly timeoutMs: number;
  /** Whether an event stream has said what is waited for: it may stay open after that. */
  readonly isWhole?: (text: string) => boolean;
};

export type EgressDeps = {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Runs `then` after `ms`, unless the returned function is called first. */
  readonly setTimer: (ms: number, then: () => void) => () => void;
};

/** @param authorize has the credentials for the first origin; called once, only when the request is about to leave */
export async function send(
  request: OutboundRequest,
  allowed: ReadonlySet<string>,
  authorize: () => Promise<Result<Authorization>>,
  deps: EgressDeps,
): Promise<EgressAnswer> {
  if (request.body !== null && new TextEncoder().encode(request.body).length > LIMITS.httpRequestBytes)
    return { kind: "not-sent", problem: problem("egress-refused", "The request is too large."), retry: false };
  if (request.timeoutMs <= 0)
    return { kind: "not-sent", problem: problem("expired", "There was no time left for the request."), retry: false };
  const controller = new AbortController();
  let late = false;
  const cancel = deps.setTimer(request.timeoutMs, () => {
    late = true;
    controller.abort();
  });
  try {
    const authorization = await authorize();
    if (!authorization.ok) return { kind: "not-sent", problem: authorization.problem, retry: true };
    if (late)
      return {
        kind: "not-sent",
        problem: problem("credential-unavailable", "No credential came in time."),
        retry: true,
      };
    const { url: elsewhere } = authorization.value;
    const url = elsewhere === undefined ? ok(request.url) : checkUrl(elsewhere, new Set([request.url.origin]));
    if (!url.ok) return { kind: "not-sent", problem: url.problem, retry: false };
    return await follow({ ...request, url: url.value }, allowed, authorization.value, controller.signal, deps);
  } catch {
    // Deliberately unread: what the runtime says of a failed request may hold parts of it (S3), and proves nothing (S2).
    return lost(late ? "No answer came in time." : "The connection was lost.");
  } finally {
    cancel();
  }
}

async function follow(
  request: OutboundRequest,
  allowed: ReadonlySet<string>,
  authorization: Authorization,
  signal: AbortSignal,
  deps: EgressDeps,
): Promise<EgressAnswer> {
  const home = request.url.origin;
  let at = { url: request.url, withCredential: true };
  for (let hops = 0; ; hops++) {
    // THE REQUEST LEAVES. From here on only an answer says whether it was done.
    const response = await deps.fetch(at.url.href, {
      method: request.method,
      headers: { ...request.headers, ...(at.withCredential ? authorization.headers : {}) },
      ...(request.body === null ? {} : { body: request.body }),
      redirect: "manual",
      signal,
    });
    if (!isRedirect(response.status)) return read(response, authorization, request.isWhole);
    await response.body?.cancel();
    const hop = nextHop(
      { ...at, write: request.write, hops, home },
      response.status,
      response.headers.get("location"),
      allowed,
    );
    if (hop.kind === "refuse")
      return hop.executed ? { kind: "lost", problem: hop.problem } : { kind: "turned-away", problem: hop.problem };
    at = hop;
  }
}

async function read(
  response: Response,
  authorization: Authorization,
  isWhole: OutboundRequest["isWhole"],
): Promise<EgressAnswer> {
  const eventStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const body = await bodyOf(response, eventStream ? isWhole : undefined);
  const session = response.headers.get("mcp-session-id");
  if (body === null) return lost("The answer was larger than the limit, or not text.");
  const header = (name: string): string | null => {
    const value = response.headers.get(name);
    return value === null ? null : redacted(value.slice(0, HEADER_CHARS), authorization.secrets);
  };
  return {
    kind: "answered",
    status: response.status,
    etag: header("etag"),
    retryAfter: header("retry-after"),
    replayed: header("idempotency-replayed") === "true" || header("idempotent-replayed") === "true",
    body: redacted(body, authorization.secrets),
    renewable: authorization.renewable,
    ...(session === null ? {} : { session }),
    ...(eventStream ? { eventStream } : {}),
  };
}

/** Longest header value that is looked at. */
const HEADER_CHARS = 500;

/** The body as text, read as a stream and cut off at the limit; null where it is larger or no UTF-8. */
async function bodyOf(response: Response, isWhole?: (text: string) => boolean): Promise<string | null> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += (value as Uint8Array).length;
    if (size > LIMITS.httpResponseBytes) {
      await reader.cancel();
      return null;
    }
    chunks.push(value as Uint8Array);
    if (isWhole === undefined) continue;
    const text = textOf(chunks, size);
    if (text === null || !isWhole(text)) continue;
    await reader.cancel();
    return text;
  }
  return textOf(chunks, size);
}

function textOf(chunks: readonly Uint8Array[], size: number): string | null {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const lost = (detail: string): EgressAnswer => ({ kind: "lost", problem: problem("effect-in-doubt", detail) });
