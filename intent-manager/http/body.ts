/**
 * Request bodies: bounded before they are read, strict JSON (one meaning on every platform), then the route's schema.
 */
import type * as z from "zod";
import { concat } from "../../shared/bytes.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

const JSON_TYPE = /^application\/(?:cloudevents\+)?json(?:\s*;\s*charset=utf-8)?$/i;

/** Refuses with body-too-large, unsupported-media-type, invalid-json or invalid-request. An empty body reads as `{}`. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>, maxBytes: number): Promise<Result<T>> {
  const bytes = await readBytes(request, maxBytes);
  if (!bytes.ok) return bytes;
  if (bytes.value.length === 0) return check(schema, {});
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? ""))
    return err(problem("unsupported-media-type", "Send `Content-Type: application/json`."));
  const parsed = parseStrictJson(bytes.value, { maxBytes });
  return parsed.ok ? check(schema, parsed.value) : parsed;
}

export async function readBytes(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  if (request.body === null) return ok(new Uint8Array());
  const tooLarge = err(problem("body-too-large", `The body may have ${maxBytes} bytes.`, { maxBytes }));
  const declared = request.headers.get("content-length");
  if (declared !== null)
    return Number(declared) > maxBytes ? tooLarge : ok(new Uint8Array(await request.arrayBuffer()));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) return tooLarge;
    chunks.push(chunk);
  }
  return ok(concat(...chunks));
}

/** Checks a value from outside; the problem names the places and never quotes a value. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Result<T> {
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(shapeProblem(parsed.error));
}

function shapeProblem(error: z.ZodError): Problem {
  const issues = error.issues
    .flatMap(issuesOf)
    .slice(0, 10)
    .map(({ path, message }) => `/${path.join("/")}: ${message}`);
  return problem("invalid-request", issues[0] ?? "The request does not have the documented shape.", { issues });
}

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

/** Of a body with several shapes, what is wrong with the one that it comes closest to: "invalid input" alone says nothing. */
function issuesOf(issue: z.core.$ZodIssue): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const closest = issue.errors.reduce((best, one) => (one.length < best.length ? one : best));
  return closest.flatMap(issuesOf).map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
}
