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
import { featuresOf } from "./features.ts";
import { confidenceOf, scoresOf, topOf, type Scoring } from "./score.ts";
import type { Classifier } from "./schema.ts";

export type CompiledClassifier = {
  readonly classifier: Classifier;
  readonly scoring: Scoring;
  /** Whose words a label follows from: the weakest of the fields that it looks at. */
  readonly origin: Provenance;
};

/** A label, and the calibrated chance that it is right. */
export type Classified = { readonly label: string; readonly confidence: number };

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
  const features = wholes(trained.features, 4);
  const weights = wholes(trained.weights, 2);
  if (features === null || weights === null || !isAscending(features)) return wrong("its weights cannot be read");
  const width = features.length + 1;
  if (weights.length !== width * labels.length) return wrong("there are not as many weights as features and labels");
  return ok({
    classifier,
    scoring: {
      placeOf: new Map(features.map((feature, i) => [feature, i + 1])),
      byLabel: labels.map((_, l) => weights.slice(l * width, (l + 1) * width)),
    },
    origin: weakest(fields.map(({ field }) => input.originOf(field))),
  });
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

function ask({ classifier, scoring }: CompiledClassifier, input: Json): Classified {
  const { fields, labels, trained } = classifier;
  const { top, margin } = topOf(scoresOf(scoring, featuresOf(input, fields, trained.bounds)));
  return { label: labels[top]!, confidence: confidenceOf(trained, margin) };
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
