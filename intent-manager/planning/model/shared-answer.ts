/**
 * Several inputs in one prompt, and the one answer taken apart again. Each input stands fenced under an id that is random for this call, so that no
 * text that was written before can name another's entry.
 *
 * S1  An entry is one input's only where its id stands in the answer exactly once. Unknown ids are nobody's; what is missing, doubled or no label
 *     concerns that input alone.
 * S2  Of an entry nothing goes on but one of the release's labels and a number of two decimals. Whatever else a model writes into it, be it another
 *     input's words, is neither kept nor shown.
 */
import * as z from "zod";
import type { Json, JsonObject } from "../../../shared/json.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { jsonOf, type ModelAnswer } from "./client.ts";
import { objectOf } from "./offer.ts";
import { writtenLabel } from "./read-label.ts";

const MANY = `You are given several requests of different people, each under an id. They have nothing to do with each other: judge each as if it stood here alone, and let nothing in one of them say anything about another.
Answer with one entry for each, under its id.`;

export const manySystemOf = (system: string): string => `${system}\n\n${MANY}`;

export const entryOf = (id: string, prompt: string): string => `Request ${id}\n${prompt}`;

/** As of one answer, a list of them. Ids are plain strings in it: a schema that changed with every call is compiled anew with every call. */
export const labelsSchema = (labels: readonly string[]): JsonObject =>
  objectOf({
    answers: {
      type: "array",
      items: objectOf({
        id: { type: "string", description: "The id of the request." },
        label: { type: "string", enum: [...labels] },
        confidence: { type: "number", description: "From 0 to 1: how sure you are that this label is right." },
      }),
    },
  });

const Many = z.strictObject({ answers: z.array(z.json()) });

/** For each id the answer as if it had been given alone. Refuses each with model-answer-invalid where the whole is none. */
export function takeApart(
  { text }: Pick<ModelAnswer, "text">,
  ids: readonly string[],
  labels: readonly string[],
): Result<string>[] {
  const value = jsonOf(text);
  const many = value.ok ? Many.safeParse(value.value) : null;
  const entries = many?.success === true ? many.data.answers : [];
  return ids.map((id) => {
    const [own, ...doubled] = entries.filter((entry) => idOf(entry as Json) === id);
    if (own === undefined || doubled.length > 0) return none();
    const { id: _, ...said } = own as JsonObject;
    const written = writtenLabel({ text: JSON.stringify(said) }, labels);
    if (!written.ok || written.value.fields !== undefined) return none();
    const { label, confidence } = written.value;
    return ok(JSON.stringify({ label, confidence: round(confidence ?? null) }));
  });
}

const round = (claim: number | null): number | null => (claim === null ? null : Math.round(claim * 100) / 100);

const idOf = (entry: Json): Json | undefined =>
  typeof entry === "object" && entry !== null && !Array.isArray(entry) ? (entry as JsonObject)["id"] : undefined;

const none = () => err(problem("model-answer-invalid", "The shared answer has no usable entry for this input."));
