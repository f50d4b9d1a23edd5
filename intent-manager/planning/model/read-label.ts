/** What a model wrote, as a label of the release: the one reading for an answer of its own and for one entry of a shared answer. */
import * as z from "zod";
import { disprovedFields } from "../../../shared/classifier/label.ts";
import { READERS } from "../../../shared/classifier/reading/readers.ts";
import { ReadFields } from "../../../shared/classifier/reading/schema.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { jsonOf, type ModelAnswer } from "./client.ts";

/** `claimed`: the model's own number. */
export type Given = { readonly label: string; readonly fields?: ReadFields; readonly claimed: number | null };

const Written = z.strictObject({
  label: z.string(),
  fields: ReadFields.optional(),
  confidence: z.number().min(0).max(1).nullish(),
});
type Written = z.infer<typeof Written>;

/** What the release's reader reads, by name; null where nothing is read. */
export function fieldsOf({ classifier }: CompiledRelease): { readonly [name: string]: "text" | "cents" } | null {
  const reads = classifier?.classifier.reads;
  return reads === undefined ? null : READERS[reads.as].fields;
}

/** One of these labels with what stands beside it. Refuses with model-answer-invalid. */
export function writtenLabel({ text }: Pick<ModelAnswer, "text">, labels: readonly string[]): Result<Written> {
  const value = jsonOf(text);
  if (!value.ok) return value;
  const written = Written.safeParse(value.value);
  return written.success && labels.includes(written.data.label)
    ? ok(written.data)
    : err(problem("model-answer-invalid", "The answer is none of the labels."));
}

/** Refuses with model-answer-invalid, or model-unsure where its own number is below `minConfidence`. */
export function readLabel(
  answer: Pick<ModelAnswer, "text">,
  release: CompiledRelease,
  input: JsonObject,
): Result<Given> {
  const written = writtenLabel(answer, release.classifier!.classifier.labels);
  if (!written.ok) return written;
  const { label, fields, confidence } = written.value;
  if ((fields === undefined) !== (fieldsOf(release) === null))
    return err(problem("model-answer-invalid", "The answer does not have the fields that are read."));
  const why = fields === undefined ? null : disprovedFields(release, fields, input);
  if (why !== null) return err(problem("model-answer-invalid", `The answer's fields: ${why}.`));
  const claimed = confidence ?? null;
  const { minConfidence } = release.bundle.model!;
  if (minConfidence !== undefined && claimed !== null && claimed < minConfidence)
    return err(problem("model-unsure", "The model itself is not sure.", { confidence: claimed }));
  return ok({ label, ...(fields === undefined ? {} : { fields }), claimed });
}
