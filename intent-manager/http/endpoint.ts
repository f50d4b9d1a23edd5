/**
 * Routes as data: one object per route says its method, path, shapes and answers, and holds its handler. The application mounts them, the
 * OpenAPI document is printed from them, so the two cannot differ. Who may call a route stands in roles.ts alone.
 *
 * Order for each request: key, role, parameters, body, handler. Everything refused on the way is a problem by the one table.
 */
import type * as z from "zod";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { check, readBody } from "./body.ts";
import { authenticate, type Caller } from "./caller.ts";
import type { Background } from "./fresh-cache.ts";
import { json, refusal } from "./reply.ts";
import { ROUTE_ROLES } from "./roles.ts";

/** One request as a handler sees it: authenticated, shaped, with one `nowMs` for the whole of it. */
export type Call<P, Q, B> = {
  readonly env: Bindings;
  readonly background: Background;
  readonly request: Request;
  readonly nowMs: number;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
};

export type Answers = {
  readonly [status: number]: {
    readonly description: string;
    readonly schema?: z.ZodType;
    readonly contentType?: string;
  };
};

type Shapes<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly maxBodyBytes?: number;
  /** Of a route that reads its body itself: the shapes that it takes, by media type. */
  readonly rawBody?: { readonly [mediaType: string]: z.ZodType };
  /** The route takes new work: it is refused early where there is too much of it. */
  readonly takesWork?: true;
  readonly answers: Answers;
};

/** A value is answered 200 as JSON; a handler that needs another status or type answers with a Response. */
type Answer = Promise<Result<unknown> | Response>;

type Raw = Omit<Call<unknown, unknown, unknown>, "params" | "query" | "body"> & {
  readonly rawParams: Record<string, string>;
};

/** A mounted route. */
export type Endpoint = Shapes<z.ZodType, z.ZodType, z.ZodType> & {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** OpenAPI path: `/v1/tasks/{id}`. */
  readonly path: string;
  readonly roles: (typeof ROUTE_ROLES)[string];
  readonly run: (raw: Raw, requestId: string) => Promise<Response>;
};

type None = z.ZodType<undefined>;

/** A route that needs an API key. */
export const endpoint = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  route: `${Endpoint["method"]} /${string}`,
  shapes: Shapes<P, Q, B>,
  handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>> & { readonly caller: Caller }) => Answer,
): Endpoint =>
  mount(route, shapes, async (raw, roles) => {
    const caller = await authenticate(raw.env, raw.request.headers.get("authorization"), raw.nowMs, raw.background);
    if (!caller.ok) return caller;
    if (roles !== "any" && !roles.includes(caller.value.role as never))
      return err(
        problem("forbidden", `This needs a key with the role ${(roles as readonly string[]).join(" or ")}.`, {
          role: caller.value.role,
        }),
      );
    const call = await shape(raw, shapes);
    return call.ok ? handle({ ...call.value, caller: caller.value }) : call;
  });

/** A route that anybody may call. */
export const publicEndpoint = <P extends z.ZodType = None, Q extends z.ZodType = None>(
  route: `GET /${string}`,
  shapes: Shapes<P, Q, None>,
  handle: (call: Call<z.output<P>, z.output<Q>, undefined>) => Answer,
): Endpoint =>
  mount(route, shapes, async (raw) => {
    const call = await shape<P, Q, None>(raw, shapes);
    return call.ok ? handle(call.value) : call;
  });

function mount(
  route: string,
  shapes: Shapes<z.ZodType, z.ZodType, z.ZodType>,
  answer: (raw: Raw, roles: readonly string[] | "any") => Answer,
): Endpoint {
  const [method, path] = route.split(" ") as [Endpoint["method"], string];
  const roles = ROUTE_ROLES[route];
  if (roles === undefined) throw new Error(`no roles are declared for ${route}`);
  return {
    ...shapes,
    method,
    path,
    roles,
    run: async (raw, requestId) => {
      const answered = await answer(raw, roles === "public" ? [] : roles);
      if (answered instanceof Response) return answered;
      return answered.ok ? json(answered.value) : refusal(answered.problem, requestId);
    },
  };
}

async function shape<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  raw: Raw,
  shapes: Shapes<P, Q, B>,
): Promise<Result<Call<z.output<P>, z.output<Q>, z.output<B>>>> {
  let params = undefined as z.output<P>;
  if (shapes.params !== undefined) {
    const parsed = shapes.params.safeParse(raw.rawParams);
    // An id that cannot exist and one that does not look the same.
    if (!parsed.success) return err(NOT_FOUND);
    params = parsed.data as z.output<P>;
  }
  let query = undefined as z.output<Q>;
  if (shapes.query !== undefined) {
    const given = readQuery(raw.request.url);
    if (!given.ok) return given;
    const parsed = check(shapes.query, given.value);
    if (!parsed.ok) return parsed;
    query = parsed.value as z.output<Q>;
  }
  let body = undefined as z.output<B>;
  if (shapes.body !== undefined) {
    const parsed = await readBody(raw.request, shapes.body, shapes.maxBodyBytes ?? LIMITS.bodyBytes);
    if (!parsed.ok) return parsed;
    body = parsed.value as z.output<B>;
  }
  const { env, background, request, nowMs } = raw;
  return ok({ env, background, request, nowMs, params, query, body });
}

export const NOT_FOUND = problem("not-found", "There is no such thing for this API key.");

function readQuery(url: string): Result<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URL(url).searchParams) {
    if (Object.hasOwn(query, name)) return err(problem("invalid-request", `The parameter ${name} stands twice.`));
    query[name] = value;
  }
  return ok(query);
}
