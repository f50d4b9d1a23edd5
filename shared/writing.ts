/**
 * Writing: a release whose models write texts and decide nothing. The playbook says what is done; two arguments of one of its steps are written:
 * the texts, and the terms that they keep to. An executor derives the plan from the playbook like any other and demands everything else of it.
 *
 * W1  Only the written arguments of the written step may differ from what the playbook derives.
 * W2  What the models are given to write about holds no personal value, so what they wrote may be kept and used again.
 */
import * as z from "zod";
import type { Field } from "./contract-fields.ts";
import type { Contract } from "./contracts.ts";
import { StepId } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { MemoryKey, MemoryNamespace } from "./memory.ts";
import type { Playbook } from "./playbook-schema.ts";
import { parsePointer } from "./pointer.ts";
import { Language } from "./terms.ts";

const Pointer = z.string().startsWith("/").max(200);
const Argument = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/);

export const WritingSpec = z.strictObject({
  /** The step of the playbook whose arguments are written. There the playbook says `[]`. */
  step: StepId,
  texts: Argument,
  terms: Argument,
  /** The language that is written first, and translated from. */
  source: Language,
  /** Where the input says which other languages there are: a list of tags such as `de`. */
  languages: Pointer,
  /** Where the input says what to write: a list of `{ id, notes }`. The first one's heading is the title of the whole. */
  sections: Pointer,
  /** The terminology: items of canonical memory, each a list of terms in JSON. */
  glossary: z.strictObject({
    namespace: MemoryNamespace,
    keys: z.array(MemoryKey).min(1).max(LIMITS.glossaryItems),
  }),
  /** The namespace of memory where what was written is kept for the next time the same is to be written; without it, all is written anew. */
  reuse: MemoryNamespace.optional(),
});
export type WritingSpec = z.infer<typeof WritingSpec>;

/** What is wrong with a release's `writing`; null where nothing is. */
export function wrongWriting(spec: WritingSpec, playbook: Playbook, input: Contract): string | null {
  const step = playbook.steps.find(({ id }) => id === spec.step);
  if (step?.args === undefined || step.for !== undefined)
    return `\`writing\` names the step ${spec.step}; the playbook has no such step with arguments of its own.`;
  const open = [spec.texts, spec.terms].find((name) => !isEmptyList(step.args?.[name]));
  if (open !== undefined) return `\`writing\`: in the step ${spec.step} the playbook says \`${open}: []\`.`;
  const languages = fieldAt(input, spec.languages);
  if (languages?.items?.types.has("string") !== true)
    return `\`writing\`: the input contract has no list of texts at ${spec.languages}.`;
  const section = fieldAt(input, spec.sections)?.items;
  const texts = ["id", "notes"].map((name) => section?.properties.get(name));
  if (texts.some((field) => field?.types.has("string") !== true))
    return `\`writing\`: the input contract has no list of { id, notes } at ${spec.sections}.`;
  return texts.some((field) => field!.personal) ? "`writing`: what is written about holds no personal values." : null;
}

/** The arguments of a step without those that are written (W1). */
export const unwritten = (spec: WritingSpec | undefined, step: string, args: JsonObject): JsonObject =>
  spec === undefined || step !== spec.step ? args : { ...args, [spec.texts]: [], [spec.terms]: [] };

const isEmptyList = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 0;

const fieldAt = (input: Contract, pointer: string): Field | undefined =>
  (parsePointer(pointer) ?? [""]).reduce<Field | undefined>(
    (field, segment) => field?.properties.get(segment),
    input.root,
  );
