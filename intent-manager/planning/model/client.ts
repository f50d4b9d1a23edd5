/**
 * How a model is asked: one interface, and behind it the AI SDK over any OpenAI-compatible endpoint. Nothing here decides, retries or pays;
 * `callModel` does.
 *
 * A client sees prompts, schemas and names of models. It holds the provider's key and nothing else of this Worker.
 */
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, jsonSchema, NoObjectGeneratedError, Output, tool } from "ai";
import { parseStrictJson, type Json, type JsonObject } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Bindings } from "../../bindings.ts";

/** A capability as a model sees it. The name has only letters, digits, `_` and `-`. */
export type ToolDefinition = { readonly name: string; readonly description: string; readonly input: JsonObject };

export type ModelQuestion = {
  /** Exact name of the model. */
  readonly model: string;
  readonly system: string;
  readonly prompt: string;
  readonly maxOutputTokens: number;
  readonly timeoutMs: number;
} & (
  | { readonly schema: JsonObject; readonly tools?: undefined }
  | { readonly tools: readonly ToolDefinition[]; readonly schema?: undefined }
);

/** Usage as the provider said it, whatever that is. */
export type SaidUsage = { readonly input: unknown; readonly output: unknown };
export type ToolCall = { readonly name: string; readonly args: Json };
export type ModelAnswer = {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly usage: SaidUsage;
};

export interface ModelClient {
  /** Refuses with model-unavailable, model-timeout, or model-answer-invalid where the answer is none of this protocol. */
  ask(question: ModelQuestion): Promise<Result<ModelAnswer>>;
  /** One vector for each text, in their order. */
  embed(asked: {
    readonly model: string;
    readonly texts: readonly string[];
    readonly timeoutMs: number;
  }): Promise<Result<{ readonly vectors: readonly (readonly number[])[]; readonly usage: SaidUsage }>>;
}

/** The client of this deployment's endpoint; null where none is configured. */
export function modelClientOf(env: Pick<Bindings, "OPENAI_BASE_URL" | "OPENAI_API_KEY">): ModelClient | null {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseURL } = env;
  return key === undefined || key === "" ? null : new SdkClient(key, baseURL);
}

class SdkClient implements ModelClient {
  readonly #key: string;
  readonly #baseURL: string;

  constructor(key: string, baseURL: string) {
    this.#key = key;
    this.#baseURL = baseURL;
  }

  async ask(question: ModelQuestion): Promise<Result<ModelAnswer>> {
    const openai = this.#provider();
    const { schema, tools } = question;
    try {
      const result = await generateText({
        model: openai.chat(question.model),
        instructions: question.system,
        prompt: question.prompt,
        maxOutputTokens: question.maxOutputTokens,
        maxRetries: 0,
        abortSignal: AbortSignal.timeout(question.timeoutMs),
        ...(schema === undefined
          ? {
              toolChoice: "required" as const,
              tools: Object.fromEntries(
                tools.map(({ name, description, input }) => [
                  name,
                  // Without `execute`: what a model asks for is proposed, never run from here.
                  tool({ description, inputSchema: jsonSchema(input as never), strict: true }),
                ]),
              ),
            }
          : { output: Output.object({ schema: jsonSchema(schema as never) }) }),
      });
      return ok({
        text: result.text.slice(0, LIMITS.modelAnswerChars),
        calls: result.toolCalls.map(({ toolName, input }) => ({ name: toolName, args: input as Json })),
        usage: { input: result.usage.inputTokens, output: result.usage.outputTokens },
      });
    } catch (cause) {
      // What the SDK could not parse is judged by whoever asked, who sees the words.
      if (NoObjectGeneratedError.isInstance(cause))
        return ok({
          text: (cause.text ?? "").slice(0, LIMITS.modelAnswerChars),
          calls: [],
          usage: { input: cause.usage?.inputTokens, output: cause.usage?.outputTokens },
        });
      return err(failureOf(cause));
    }
  }

  async embed(asked: { readonly model: string; readonly texts: readonly string[]; readonly timeoutMs: number }) {
    const openai = this.#provider();
    try {
      const { embeddings, usage } = await embedMany({
        model: openai.embedding(asked.model),
        values: [...asked.texts],
        maxRetries: 0,
        abortSignal: AbortSignal.timeout(asked.timeoutMs),
      });
      return ok({ vectors: embeddings, usage: { input: usage.tokens, output: 0 } });
    } catch (cause) {
      return err(failureOf(cause));
    }
  }

  #provider() {
    (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
    return createOpenAI({
      apiKey: this.#key,
      baseURL: this.#baseURL,
      // The key goes to the configured address and to no other.
      fetch: (to, init) => fetch(to, { ...init, redirect: "manual" }),
    });
  }
}

/** What broke, without the provider's words: they may quote the prompt. */
function failureOf(cause: unknown) {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "TimeoutError" || name === "AbortError")
    return problem("model-timeout", "The model did not answer in time.");
  const status = (cause as { readonly statusCode?: unknown }).statusCode;
  if (status === 200) return problem("model-answer-invalid", "The endpoint's answer is none of a model.");
  return problem(
    "model-unavailable",
    typeof status === "number" ? `The endpoint answered ${status}.` : "The endpoint could not be reached.",
    typeof status === "number" ? { status } : undefined,
  );
}

/** The JSON that a model wrote, strictly read: nothing around it, no key twice. Refuses with model-answer-invalid. */
export function jsonOf(text: string): Result<Json> {
  const parsed = parseStrictJson(text.trim());
  return parsed.ok ? parsed : err(problem("model-answer-invalid", `This is not JSON: ${parsed.problem.detail}`));
}
