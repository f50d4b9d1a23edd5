/**
 * The part of the Model Context Protocol (2025-06-18 and 2025-11-25, streamable HTTP) that calling a tool needs: messages and what a tool is
 * pinned by. Pure. Everything a server says is somebody's content: it is parsed, bounded, and never trusted.
 */
import * as z from "zod";
import { digestOf } from "../../shared/canonical.ts";
import { parseStrictJson, type Json, type JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";

/** Newest first: the first is asked for. */
export const PROTOCOLS: readonly string[] = ["2025-11-25", "2025-06-18"];

export type Tool = {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: JsonObject;
};

/** What a tool is pinned by: its name, its words and its schema. Errors of a server's canonical form count as another tool. */
export const toolDigest = ({ name, description, inputSchema }: Tool): string =>
  digestOf({ name, description: description ?? null, inputSchema });

export const Initialized = z.object({ protocolVersion: z.string().max(40) });
export const ToolPage = z.object({
  tools: z.array(
    z.object({
      name: z.string().max(200),
      description: z.string().optional(),
      inputSchema: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
    }),
  ),
  nextCursor: z.string().max(2_000).optional(),
});
export const CallResult = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  isError: z.boolean().optional(),
  structuredContent: (z.record(z.string(), z.json()) as z.ZodType<JsonObject>).optional(),
});

const Response = z.union([
  z.object({ jsonrpc: z.literal("2.0"), id: z.int(), result: z.json() as z.ZodType<Json> }),
  z.object({ jsonrpc: z.literal("2.0"), id: z.int(), error: z.object({ code: z.number() }) }),
]);
export type RpcResponse = { readonly result: Json } | { readonly error: { readonly code: number } };

/** The response to a request, in a JSON body or among the messages of an event stream; null where there is none. */
export function responseIn(body: string, isStream: boolean, id: number): RpcResponse | null {
  for (const text of isStream ? eventsOf(body) : [body]) {
    const json = parseStrictJson(text);
    const parsed = json.ok ? Response.safeParse(json.value) : null;
    if (parsed?.success === true && parsed.data.id === id) return parsed.data;
  }
  return null;
}

/** The data of each whole message of an event stream. */
const eventsOf = (body: string): string[] =>
  body
    .replaceAll("\r\n", "\n")
    .split("\n\n")
    .slice(0, -1)
    .map((message) =>
      message
        .split("\n")
        .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).replace(/^ /, "")] : []))
        .join("\n"),
    );

/** The texts of a result, one after another, cut off at the limit. */
export function textOf(content: readonly { readonly text?: string | undefined }[]): {
  text: string;
  truncated: boolean;
} {
  const whole = content.flatMap(({ text }) => text ?? []).join("\n");
  const text = whole.slice(0, LIMITS.toolTextChars).replace(/[\uD800-\uDBFF]$/, "");
  return { text, truncated: text.length < whole.length };
}
