/**
 * A release's classifier made ready, and asked. Pure: the intent-manager asks it to plan, and the executor asks it again before it admits what was
 * planned, so nobody can put another label or another confidence in its mouth.
 */
import type { Contract } from "../contracts.ts";
import { fromBase64 } from "../bytes.ts";
import type { Json } from "../json.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { weakest, type Provenance } from "../provenance-order.ts";
import { featuresOf, withCodes } from "./features.ts";
import { sureOf } from "./reading/confidence.ts";
import { readIn } from "./reading/readers.ts";
import type { ReadFields } from "./reading/schema.ts";
import { confidenceOf, stepped, scoresOf, topOf, type Scoring } from "./score.ts";
import type { Classifier } from "./schema.ts";

export type CompiledClassifier = {
  readonly classifier: Classifier;
  readonly scoring: Scoring;
  /** How sure a reading is, from its evidence; null where nothing is read. */
  readonly reading: Scoring | null;
  /** Whose words a label follows from: the weakest of the fields that it looks at. */
  readonly origin: Provenance;
};

/** A label, and the calibrated chance that it is right: with the fields of the text, where they count for the label. */
export type Classified = { readonly label: string; readonly confidence: number; readonly fields?: ReadFields };

const TYPES = {
  text: ["string"],
  category: ["string", "integer", "boolean"],
  number: ["integer", "number"],
} as const;

/** Errors: classifier-invalid, where weights are not what training gives or fields not what the contract has. */
export function compileClassifier(classifier: Classifier, input: Contract): Result<CompiledClassifier> {
  const wrong = (why: string) => err(problem("classifier-invalid", `The classifier: ${why}.`));
  const { fields, labels, trained } = classifier;
  for (const { field, as } of fields) {
    const type = input.typeOf(field);
    if (type === undefined) return wrong(`the contract has no field ${field}`);
    if (!(TYPES[as] as readonly string[]).includes(type)) return wrong(`${field} is ${type}, which is no ${as}`);
  }
  if (!isAscending(labels)) return wrong("its labels are not sorted, or not each named once");
  if (trained.bounds.length !== fields.length) return wrong("there are not as many lists of bounds as fields");
  if (trained.bounds.some((bounds, i) => !isAscending(bounds) || (bounds.length > 0 && fields[i]!.as !== "number")))
    return wrong("bounds are not ascending, or stand beside a field that is no number");
  const scoring = scoringOf(trained, labels.length);
  if (scoring === null) return wrong("its weights cannot be read, or are not as many as features and labels");
  const { reads } = classifier;
  if ((reads === undefined) !== (trained.reading === undefined))
    return wrong("what is read and what was trained differ");
  if (reads !== undefined && input.typeOf(reads.field) !== "string") return wrong(`${reads.field} is no text`);
  if (reads !== undefined && input.isPersonal(reads.field))
    return wrong(`${reads.field} is a personal value, and what is read stands in the record`);
  if (reads?.labels.some((label) => !labels.includes(label)) === true)
    return wrong("it reads for a label that it has not");
  const reading = trained.reading === undefined ? null : scoringOf(trained.reading, 2);
  if (trained.reading !== undefined && reading === null) return wrong("the weights of its reading cannot be read");
  return ok({
    classifier,
    scoring,
    reading,
    origin: weakest(
      [...fields.map(({ field }) => field), ...(reads === undefined ? [] : [reads.field])].map((field) =>
        input.originOf(field),
      ),
    ),
  });
}

/** Null where the weights are not what training gives. */
function scoringOf(trained: { readonly features: string; readonly weights: string }, labels: number): Scoring | null {
  const features = wholes(trained.features, 4);
  const weights = wholes(trained.weights, 2);
  const width = (features?.length ?? 0) + 1;
  if (features === null || weights === null || !isAscending(features) || weights.length !== width * labels) return null;
  return {
    placeOf: new Map(features.map((feature, i) => [feature, i + 1])),
    byLabel: Array.from({ length: labels }, (_, l) => weights.slice(l * width, (l + 1) * width)),
  };
}

const knownByInput = new WeakMap<CompiledClassifier, WeakMap<object, Classified>>();

/** The best label for an input. Asked once for each input. */
export function classify(compiled: CompiledClassifier, input: Json): Classified {
  if (typeof input !== "object" || input === null) return ask(compiled, input);
  let known = knownByInput.get(compiled);
  if (known === undefined) knownByInput.set(compiled, (known = new WeakMap()));
  let classified = known.get(input);
  if (classified === undefined) known.set(input, (classified = ask(compiled, input)));
  return classified;
}

function ask({ classifier, scoring, reading }: CompiledClassifier, input: Json): Classified {
  const { fields, labels, trained, reads } = classifier;
  const words = featuresOf(input, fields, trained.bounds);
  const read = reads === undefined ? null : readIn(reads, input);
  const { top, margin } = topOf(scoresOf(scoring, read === null ? words : withCodes(words, read.about)));
  const label = labels[top]!;
  const confidence = confidenceOf(trained, margin);
  if (reads === undefined || reading === null || read === null) return { label, confidence };
  const sure = sureOf(trained.reading!, reading, read);
  // Whether the label is right says nothing of the fields, nor they of it: both have to be.
  return {
    label,
    confidence: reads.labels.includes(label) ? stepped(confidence * sure) : confidence,
    fields: read.fields,
  };
}

/** Whole numbers of so many bytes each, big endian; null for what is none. */
function wholes(text: string, bytes: 2 | 4): number[] | null {
  const raw = fromBase64(text);
  if (raw === null || raw.length % bytes !== 0) return null;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / bytes }, (_, i) =>
    bytes === 2 ? view.getInt16(i * 2) : view.getUint32(i * 4),
  );
}

const isAscending = <T extends string | number>(values: readonly T[]): boolean =>
  values.every((value, i) => i === 0 || values[i - 1]! < value);
