/** From a release and an input to the label that a plan may follow, and the check of a label that a plan says it followed. */
import { canonicalize } from "../canonical.ts";
import type { CompiledRelease } from "../compiled-release.ts";
import type { Json } from "../json.ts";
import type { Provenance } from "../provenance-order.ts";
import { worthOf, type Classification } from "./classification.ts";
import { classify } from "./classify.ts";
import { valueAt } from "./features.ts";
import { READERS } from "./reading/readers.ts";
import type { ReadFields } from "./reading/schema.ts";

/** What the local tier says; null where the release has no classifier. */
export function labelHere({ classifier }: CompiledRelease, input: Json): Classification | null {
  if (classifier === null) return null;
  const { label, confidence, fields } = classify(classifier, input);
  return { label, by: "local", ...(fields === undefined ? {} : { fields }), confidence, claimed: null, escalated: [] };
}

export const isSure = ({ classifier }: CompiledRelease, { confidence }: Pick<Classification, "confidence">): boolean =>
  classifier === null || confidence >= classifier.classifier.threshold;

/** Whose words a label follows from: a model's label is the model's word. */
export const labelOrigin = (release: CompiledRelease, classified: Classification | null): Provenance | undefined =>
  classified === null ? undefined : classified.by === "local" ? (release.classifier?.origin ?? "model") : "model";

/**
 * Whether a plan may say so. The local tier says what it says here; a model is asked only where that was not sure, gives a label of the release, and
 * its claim is worth what the release says.
 */
export function mayFollow(release: CompiledRelease, classified: Classification | null, input: Json): boolean {
  const here = labelHere(release, input);
  if (here === null || classified === null) return here === classified;
  const { label, by, fields, confidence, claimed, escalated } = classified;
  const [first] = escalated;
  const isFirstHonest = first === undefined || (first.by === "local" && first.confidence === here.confidence);
  if (!isFirstHonest || (first !== undefined && isSure(release, here))) return false;
  if (by === "local")
    return label === here.label && confidence === here.confidence && claimed === null && areSame(fields, here.fields);
  return (
    first !== undefined &&
    (fields === undefined ? here.fields === undefined : disprovedFields(release, fields, input) === null) &&
    release.classifier!.classifier.labels.includes(label) &&
    release.bundle.model?.[by] !== undefined &&
    confidence === worthOf(release.bundle.confidence?.[by], claimed)
  );
}

const areSame = (a: ReadFields | undefined, b: ReadFields | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalize(a) === canonicalize(b);

/** Why fields that a model gives for an input are none that its text says; null where they are. */
export function disprovedFields({ classifier }: CompiledRelease, fields: ReadFields, input: Json): string | null {
  const reads = classifier?.classifier.reads;
  if (reads === undefined) return "nothing is read";
  const reader = READERS[reads.as];
  const fit = Object.entries(reader.fields).every(
    ([name, type]) => typeof fields[name] === (type === "cents" ? "number" : "string"),
  );
  if (!fit || Object.keys(fields).length !== Object.keys(reader.fields).length)
    return "they are not the reader's fields";
  const text = valueAt(input, reads.field);
  return reader.disproves(typeof text === "string" ? text : "", fields, reads);
}
