/**
 * An outside system: a real HTTP server on localhost that counts what it did. It refunds charges under idempotency keys, books pickups
 * without any, and gives out access tokens. What goes wrong is told beforehand, for the next effects in order.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** before: not executed. after: executed, and then the answer goes wrong. */
export const FAULTS = {
  none: "done",
  "cut-before": "not done",
  "cut-after": "done",
  "cut-in-answer": "done",
  "stall-before": "not done",
  "stall-after": "done",
  "500-before": "not done",
  "500-after": "done",
  "429": "not done",
  "503": "not done",
  "400": "not done",
  "303-after": "done",
  "307-here": "done",
  "307-away": "not done",
  huge: "done",
  "not-json": "done",
  "wrong-shape": "done",
  echo: "not done",
} as const;
export type Fault = keyof typeof FAULTS;

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

export type EffectServer = {
  /** `http://localhost:PORT`. */
  readonly origin: string;
  /** The next effects go wrong like this, one each. */
  readonly plan: (...faults: readonly Fault[]) => void;
  /** How often each thing was done: a refund by its idempotency key, a pickup by its order. */
  readonly effects: () => ReadonlyMap<string, number>;
  readonly seen: () => readonly Seen[];
  readonly tokens: () => number;
  /** Access tokens given out so far are not accepted any more. */
  readonly revokeTokens: () => void;
  /** From now on effects need this `Authorization`; null: none. */
  readonly acceptOnly: (authorization: string | null) => void;
  /** The charges move on by themselves: what was read is stale. */
  readonly moveCharges: () => void;
  readonly close: () => Promise<void>;
};

export type EffectServerOptions = {
  /** What an access token is made of; a number is put behind it. */
  readonly token?: string;
  readonly tokenLifeS?: number;
  /** Effects need a token of this server. */
  readonly needsToken?: boolean;
};

export async function startEffectServer(options: EffectServerOptions = {}): Promise<EffectServer> {
  const faults: Fault[] = [];
  const effects = new Map<string, number>();
  const answers = new Map<string, { readonly status: number; readonly body: string }>();
  const seen: Seen[] = [];
  let tokens = 0;
  let firstGood = 1;
  let version = 1;
  let origin = "";
  let only: string | null = null;

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ method: request.method!, path: request.url!, headers: request.headers, body });
      handle(request, response, body);
    });
  });

  function handle(request: IncomingMessage, response: ServerResponse, body: string): void {
    const path = request.url!;
    if (path === "/oauth/token") {
      const token = `${options.token ?? "token-of-the-test"}-${++tokens}`;
      return json(response, 200, {
        access_token: token,
        token_type: "Bearer",
        expires_in: options.tokenLifeS ?? 3_600,
      });
    }
    if (options.needsToken === true && path.startsWith("/v1/") && !isGood(request.headers.authorization))
      return json(response, 401, {});
    if (only !== null && request.headers.authorization !== only) return json(response, 401, {});
    if (request.method === "GET")
      return json(response, 200, { refundableCents: 100_000, version }, { etag: `"v${version}"` });
    if (!/^(?:\/moved)?(?:\/v1\/.+|\/pickups)$/.test(path)) return json(response, 404, {});
    const key = request.headers["idempotency-key"] as string | undefined;
    const replay = key === undefined ? undefined : answers.get(key);
    const fault = path.startsWith("/moved") ? "none" : (faults.shift() ?? "none");
    if (replay !== undefined && fault === "none")
      return json(response, replay.status, JSON.parse(replay.body), { "idempotency-replayed": "true" });
    if (fault === "307-here" || fault === "307-away") {
      const to =
        fault === "307-here" ? `${origin}/moved${path}` : `http://127.0.0.1:${new URL(origin).port}/moved${path}`;
      return void response.writeHead(307, { location: to }).end();
    }
    const condition = request.headers["if-match"];
    if (replay === undefined && condition !== undefined && condition !== `"v${version}"`)
      return json(response, 412, {});
    if (FAULTS[fault] === "done" && replay === undefined) execute(key, body);
    goWrong(fault, request, response, replay ?? answerOf(key, body));
  }

  function execute(key: string | undefined, body: string): void {
    const name = key ?? (JSON.parse(body) as { reference: string }).reference;
    effects.set(name, (effects.get(name) ?? 0) + 1);
    if (key !== undefined) answers.set(key, answerOf(key, body));
  }

  const isGood = (authorization: string | undefined): boolean => {
    const number = Number(authorization?.split("-").at(-1));
    return authorization?.startsWith("Bearer ") === true && number >= firstGood && number <= tokens;
  };

  // A connection that is closed just when it is used again would be a fault that nobody planned.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    plan: (...next) => void faults.splice(0, faults.length, ...next),
    effects: () => effects,
    seen: () => seen,
    tokens: () => tokens,
    revokeTokens: () => void (firstGood = tokens + 1),
    acceptOnly: (authorization) => void (only = authorization),
    moveCharges: () => void version++,
    close: () => closed(server),
  };
}

const answerOf = (key: string | undefined, body: string) => ({
  status: 201,
  body: JSON.stringify(
    key === undefined
      ? { pickupId: `pu_${(JSON.parse(body) as { reference: string }).reference.slice(2)}` }
      : { id: `re_${key.replaceAll('"', "")}`, status: "succeeded" },
  ),
});

function goWrong(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
  answer: { readonly status: number; readonly body: string },
): void {
  switch (fault) {
    case "cut-before":
    case "cut-after":
      return void request.socket.resetAndDestroy();
    case "cut-in-answer":
      response.writeHead(answer.status, { "content-type": "application/json", "content-length": answer.body.length });
      response.write(answer.body.slice(0, 5), () => request.socket.destroy());
      return;
    case "stall-before":
    case "stall-after":
      return;
    case "500-before":
    case "500-after":
      return json(response, 500, { message: "a server error" });
    case "429":
    case "503":
      return json(response, Number(fault), {}, { "retry-after": "1" });
    case "400":
      return json(response, 400, { message: "a bad request" });
    case "303-after":
      return void response.writeHead(303, { location: "/done" }).end();
    case "huge":
      response.writeHead(answer.status, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ ...JSON.parse(answer.body), more: "x".repeat(1_000_000) }));
    case "not-json":
      return void response.writeHead(answer.status).end("<html>done</html>");
    case "wrong-shape":
      return json(response, answer.status, { id: 7, pickupId: 7 });
    case "echo":
      return json(
        response,
        400,
        { message: "a bad request", request: request.headers },
        { etag: `"${request.headers.authorization}"` },
      );
    case "none":
    case "307-here":
    case "307-away":
      return json(response, answer.status, JSON.parse(answer.body));
  }
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
