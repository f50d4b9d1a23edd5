/** `GET /v1/openapi.json`: the document of these routes, printed from the routes themselves. */
import * as z from "zod";
import { publicEndpoint, type Endpoint } from "../http/endpoint.ts";
import { json } from "../http/reply.ts";
import { openApiDocument } from "../http/openapi.ts";

export function openApi(endpoints: () => readonly Endpoint[]): Endpoint {
  let printed: unknown;
  return publicEndpoint(
    "GET /v1/openapi.json",
    {
      summary: "This document",
      tag: "service",
      answers: { 200: { description: "OpenAPI 3.1", schema: z.looseObject({ openapi: z.string() }) } },
    },
    async () => json((printed ??= openApiDocument(endpoints())), 200, { "cache-control": "public, max-age=60" }),
  );
}
