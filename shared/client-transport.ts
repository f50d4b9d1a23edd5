/**
 * One exchange with the public HTTP interface: a request with its key, and an answer that is checked against its schema. An answer of
 * 400 and more is the problem that it carries; one that cannot be read is a problem too. `fetch` is passed in.
 */
import * as z from "zod";
import type { Json } from "./json.ts";
import { PROBLEMS, problem, type ProblemCode, type Problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import type { ByteStream } from "./sse.ts";

/** The part of the platform's `fetch` that the client uses; Node, browsers and Workers all have it. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal?: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ByteStream | null;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

export type ClientOptions = {
  /** `http://localhost:8787`, or `""` for the page's own origin. */
  readonly baseUrl: string;
  /** API key; null for the public routes alone. */
  readonly key: string | null;
  readonly fetch: Fetch;
};

export type Call = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: { readonly [name: string]: string | number | undefined };
  readonly body?: unknown;
  readonly headers?: { readonly [name: string]: string | undefined };
  readonly signal?: AbortSignal;
};
export type Transport = ReturnType<typeof createTransport>;

export function createTransport({ baseUrl, key, fetch }: ClientOptions) {
  const send = async (call: Call, accept: string) => {
    const headers: Record<string, string> = { accept };
    if (key !== null) headers["authorization"] = `Bearer ${key}`;
    if (call.body !== undefined) headers["content-type"] = "application/json";
    for (const [name, value] of Object.entries(call.headers ?? {})) if (value !== undefined) headers[name] = value;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) query.set(name, String(value));
    const url = `${baseUrl}${call.path}${query.size > 0 ? `?${query}` : ""}`;
    try {
      const response = await fetch(url, {
        method: call.method,
        headers,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      return response.status < 400 ? ok(response) : err(await problemOf(response));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "unknown";
      return err(problem("not-running", `No answer from ${baseUrl || "the server"}: ${why}`));
    }
  };

  const json = async <T>(call: Call, schema: z.ZodType<T>): Promise<Result<T>> => {
    const response = await send(call, "application/json");
    return response.ok ? parse(await response.value.text(), schema) : response;
  };

  const text = async (call: Call, accept: string): Promise<Result<string>> => {
    const response = await send(call, accept);
    return response.ok ? ok(await response.value.text()) : response;
  };

  return { send, json, text };
}

/** A JSON text that has the shape of a schema. */
export function parse<T>(text: string, schema: z.ZodType<T>): Result<T> {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return err(problem("internal-error", "The server's answer is not JSON."));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return err(
    problem("internal-error", "The server's answer has a shape that this client does not know.", {
      paths: parsed.error.issues.slice(0, 5).map((issue) => `/${issue.path.join("/")}`),
    }),
  );
}

const ProblemBody = z.object({
  code: z.string(),
  detail: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).optional(),
});

/** The problem in a problem+json text; a code that this client does not know keeps its name in the detail. */
export function toProblem(text: string): Problem {
  const body = parse(text, ProblemBody);
  if (!body.ok) return body.problem;
  const { code, detail, facts } = body.value;
  return code in PROBLEMS
    ? problem(code as ProblemCode, detail, facts)
    : problem("internal-error", `${code}: ${detail}`, facts);
}

const problemOf = async (response: Awaited<ReturnType<Fetch>>): Promise<Problem> =>
  response.headers.get("content-type")?.startsWith("application/problem+json") === true
    ? toProblem(await response.text())
    : problem("internal-error", `The server answered ${response.status} without saying why.`);
