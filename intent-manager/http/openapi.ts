/**
 * OpenAPI 3.1 from the routes. Its schemas are JSON Schema 2020-12, which zod prints itself. Pure, so that a script can print it as well.
 */
import * as z from "zod";
import { PROBLEMS } from "../../shared/problems.ts";
import type { Endpoint } from "./endpoint.ts";

export const API_VERSION = "1.0.0";

export function openApiDocument(endpoints: readonly Endpoint[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of endpoints) (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
  return {
    openapi: "3.1.0",
    info: {
      title: "Countersign",
      version: API_VERSION,
      description:
        "AI proposes; policy and people countersign; the edge executes; the ledger remembers. Failures are RFC 9457 problems with a stable `code`. Every POST accepts `Idempotency-Key`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key" } },
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: "A problem; `code` says which",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function operation(endpoint: Endpoint) {
  const { method, path, roles, summary, description, tag, params, query, answers } = endpoint;
  const callers = roles === "public" ? "No key is needed." : `Roles: ${roles === "any" ? "any" : roles.join(", ")}.`;
  const headers = [
    ...(method === "POST" ? [header("Idempotency-Key", "The same key and request have the same effect once")] : []),
    ...(answers[200]?.description.includes("Prefer") === true || description?.includes("`Prefer: wait=N`") === true
      ? [header("Prefer", "`wait=N`: seconds to wait for the task to settle")]
      : []),
  ];
  const parameters = [...parametersIn("path", params), ...parametersIn("query", query), ...headers];
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? "")}`,
    summary,
    description: [description, callers].filter(Boolean).join("\n\n"),
    tags: [tag],
    security: roles === "public" ? [] : [{ key: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(endpoint),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description: meaning, schema, contentType }]) => [
          status,
          {
            description: meaning,
            content: {
              [contentType ?? "application/json"]: schema === undefined ? {} : { schema: toSchema(schema, "output") },
            },
          },
        ]),
      ),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function requestBody({ body, rawBody = body === undefined ? {} : { "application/json": body } }: Endpoint) {
  const content = Object.entries(rawBody).map(([type, schema]) => [type, { schema: toSchema(schema, "input") }]);
  return content.length === 0 ? {} : { requestBody: { required: true, content: Object.fromEntries(content) } };
}

const header = (name: string, description: string) => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string" },
});

/** A union in a query is told as its parameters, each optional. */
function parametersIn(place: "path" | "query", schema: z.ZodType | undefined) {
  if (schema === undefined) return [];
  const options = schema instanceof z.ZodUnion ? (schema.options as z.ZodObject[]) : [schema as z.ZodObject];
  const byName = new Map<string, { required: boolean; schema: unknown }>();
  for (const { shape } of options)
    for (const [name, field] of Object.entries(shape))
      byName.set(name, {
        required: place === "path" || (options.length === 1 && !(field as z.ZodType).safeParse(undefined).success),
        schema: toSchema(field as z.ZodType, "input"),
      });
  return [...byName].map(([name, { required, schema: printed }]) => ({ name, in: place, required, schema: printed }));
}

/** Any JSON is printed as the empty schema: its own definition is recursive and says no more. */
function toSchema(schema: z.ZodType, io: "input" | "output"): unknown {
  const printed = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "lazy")
        for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Record<string, unknown>)[key];
    },
  });
  return withoutDefinitions(printed);
}

function withoutDefinitions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefinitions);
  if (value === null || typeof value !== "object") return value;
  if ("$ref" in value) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "$defs" && key !== "$schema")
      .map(([key, inner]) => [key, withoutDefinitions(inner)]),
  );
}

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "code", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", enum: Object.keys(PROBLEMS) },
    detail: { type: "string" },
    instance: { type: "string" },
    facts: { type: "object" },
  },
};
