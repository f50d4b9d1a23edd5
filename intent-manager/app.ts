/**
 * The application: routes mounted on hono, one request id for each request, and one place where what nobody expected becomes an answer.
 * A log line names the route and the failure; it never holds a key, a body or a query.
 */
import { Hono, type Context } from "hono";
import { getPath } from "hono/utils/url";
import { LIMITS } from "../shared/limits.ts";
import { problem, type Problem } from "../shared/problems.ts";
import type { Bindings } from "./bindings.ts";
import type { Endpoint } from "./http/endpoint.ts";
import { Pressure } from "./http/pressure.ts";
import { refusal } from "./http/reply.ts";

type Ctx = Context<{ Bindings: Bindings }>;

type App = Pick<ExportedHandler<Bindings>, "fetch"> & {
  readonly fetch: NonNullable<ExportedHandler<Bindings>["fetch"]>;
};

export function createApp(endpoints: readonly Endpoint[]): App {
  const app = new Hono<{ Bindings: Bindings }>();
  for (const endpoint of endpoints) app.on(endpoint.method, honoPath(endpoint.path), (c) => answer(endpoint, c));
  for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
    const methods = endpoints.filter((endpoint) => endpoint.path === path).map((endpoint) => endpoint.method);
    app.all(honoPath(path), (c) => {
      const wrong = problem("method-not-allowed", `Here only ${methods.join(" and ")} is understood.`, {
        allow: methods,
      });
      return refusal(wrong, requestIdOf(c.req.raw), { allow: methods.join(", ") });
    });
  }
  app.notFound((c) => refusal(problem("not-found", "There is no such route."), requestIdOf(c.req.raw)));
  const work = new Set(endpoints.filter((of) => of.takesWork === true).map((of) => `${of.method} ${of.path}`));
  return {
    /** What there is too much of is refused before anything is made of the request. The path is read as the router reads it: `%69ntents` is no way around. */
    async fetch(request, env, context) {
      if (!work.has(`${request.method} ${getPath(request)}`)) return app.fetch(request, env, context);
      const entry = pressure.enter(Date.now(), (turn) => context.waitUntil(turn));
      if (entry.refused !== null) return refusal(entry.refused, requestIdOf(request));
      try {
        for (let ms = 0; entry.mayBegin?.() === false; ms = Math.min(2 * ms + 1, LIMITS.workLookMs))
          await new Promise((resolve) => setTimeout(resolve, ms));
        return await app.fetch(request, env, context);
      } finally {
        entry.leave();
      }
    },
  };
}

/** One for the whole isolate. */
const pressure = new Pressure(
  () => Date.now(),
  () => new Promise((resolve) => setTimeout(resolve, 0)),
);

async function answer(endpoint: Endpoint, c: Ctx): Promise<Response> {
  const requestId = requestIdOf(c.req.raw);
  const nowMs = Date.now();
  const background = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  let response: Response;
  try {
    response = await endpoint.run(
      { env: c.env, background, request: c.req.raw, nowMs, rawParams: c.req.param() },
      requestId,
    );
  } catch (cause) {
    console.error(
      JSON.stringify({
        event: "request-failed",
        requestId,
        route: `${endpoint.method} ${endpoint.path}`,
        failure: describe(cause),
      }),
    );
    response = refusal(unexpected(cause), requestId);
  }
  response.headers.set("x-request-id", requestId);
  return response;
}

/** The caller's own id where it sent a usable one, so that its logs and ours meet. */
function requestIdOf(request: Request): string {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : crypto.randomUUID();
}

/** The innermost message: a failed query's own message repeats its parameters, its cause does not. */
const rootOf = (cause: unknown): Error =>
  cause instanceof Error ? (cause.cause instanceof Error ? rootOf(cause.cause) : cause) : new Error("not an error");
const describe = (cause: unknown): string => `${rootOf(cause).name}: ${rootOf(cause).message}`;

function unexpected(cause: unknown): Problem {
  if (/no such table/.test(rootOf(cause).message))
    return problem("not-running", "The control database has no tables yet: run `npm start` at the repository root.");
  return problem("internal-error", "Something that should not happen happened; the request id finds it in the log.");
}

/** `/v1/tasks/{id}` → `/v1/tasks/:id`; a tile's path may hold slashes. */
const honoPath = (path: string): string => path.replace("{path}", ":path{.+}").replaceAll(/\{([a-z]+)\}/g, ":$1");
