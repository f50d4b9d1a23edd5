/** The document of these routes, printed from the routes themselves: for programs and, as a page, for people. */
import * as z from "zod";
import { API_PAGE_HEADERS, apiPageBytes } from "../http/api-page.ts";
import { publicEndpoint, type Endpoint } from "../http/endpoint.ts";
import { openApiDocument } from "../http/openapi.ts";
import { problemPageBytes } from "../http/problem-page.ts";
import { json } from "../http/reply.ts";
import { problem } from "../../shared/problems.ts";
import { err } from "../../shared/result.ts";

export function documentation(endpoints: () => readonly Endpoint[]): readonly Endpoint[] {
  // Printed on the first request: the list is complete only once every route is loaded.
  let printed: ReturnType<typeof openApiDocument> | undefined;
  let page: Uint8Array<ArrayBuffer> | undefined;
  const document = () => (printed ??= openApiDocument(endpoints()));
  return [
    publicEndpoint(
      "GET /v1/openapi.json",
      {
        summary: "This document",
        tag: "service",
        answers: { 200: { description: "OpenAPI 3.1", schema: z.looseObject({ openapi: z.string() }) } },
      },
      async () => json(document(), 200, { "cache-control": "public, max-age=60" }),
    ),
    publicEndpoint(
      "GET /docs/api",
      {
        summary: "This document as a page",
        tag: "service",
        answers: { 200: { description: "Plain HTML, without scripts", contentType: "text/html" } },
      },
      async () => new Response((page ??= apiPageBytes(document())), { headers: API_PAGE_HEADERS }),
    ),
    publicEndpoint(
      "GET /problems/{code}",
      {
        summary: "What a problem means and what to do",
        description: "The `type` of every problem is the address of its page.",
        tag: "service",
        params: z.object({ code: z.string().max(100) }),
        answers: { 200: { description: "Plain HTML, without scripts", contentType: "text/html" } },
      },
      async ({ params }) => {
        const bytes = problemPageBytes(params.code);
        if (bytes === null) return err(problem("not-found", "There is no such code of a problem."));
        return new Response(bytes, { headers: API_PAGE_HEADERS });
      },
    ),
  ];
}
