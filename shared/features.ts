/**
 * Features: values computed from an intent's input by the release, with a name, a type and a version. Rules, gates and playbooks look at them as
 * `features.name`, and the plan records which fields each came from.
 *
 * F1  A feature is a function of release and input alone: whoever holds both computes the same value, so nothing else of it has to be kept.
 * F2  One that cannot be computed, or has another type than it declares, is an error where it is looked at: the rule denies, the gate fails.
 */
import { celError } from "@bufbuild/cel";
import * as z from "zod";
import { ContractVersion } from "./capability.ts";
import type { Contract } from "./contracts.ts";
import type { Json } from "./json.ts";
import { LIMITS } from "./limits.ts";
import {
  type CelError,
  type CelInput,
  type CelValue,
  compileExpression,
  type Expression,
  isCelError,
} from "./policy/expression.ts";
import type { Declarations } from "./policy/facts.ts";
import { fromCelValue, lazyMap, toCelValue } from "./policy/values.ts";
import { escapeSegment } from "./pointer.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export const FeatureType = z.enum(["boolean", "integer", "number", "string"]);

export const Feature = z.strictObject({
  /** Rises when the feature comes to mean something else. */
  version: ContractVersion,
  type: FeatureType,
  /** CEL over `input`. */
  value: z.string().min(1).max(LIMITS.celChars),
  /** What it says, for people. */
  summary: z.string().min(1).max(200).optional(),
});
export type Feature = z.infer<typeof Feature>;

export const FeatureName = z.string().regex(/^[a-z][A-Za-z0-9]{0,49}$/);
export const Features = z
  .record(FeatureName, Feature)
  .refine((all) => Object.keys(all).length <= LIMITS.features, `at most ${LIMITS.features}`);
export type Features = z.infer<typeof Features>;

export type CompiledFeature = {
  readonly name: string;
  readonly feature: Feature;
  readonly expression: Expression;
  /** JSON pointers to the fields of the input that it looks at, sorted. */
  readonly from: readonly string[];
};
export type CompiledFeatures = ReadonlyMap<string, CompiledFeature>;

/** Compiles the features of a release, by name. Errors: `features-invalid`. */
export function compileFeatures(features: Features, input: Contract): Result<CompiledFeatures> {
  const compiled = new Map<string, CompiledFeature>();
  for (const name of Object.keys(features).toSorted()) {
    const feature = features[name]!;
    const wrong = (why: string) => err(problem("features-invalid", `The feature ${name}: ${why}.`, { feature: name }));
    const expression = compileExpression(feature.value, ["input"]);
    if (!expression.ok) return wrong(expression.problem.detail);
    const from = new Set<string>();
    for (const { segments } of expression.value.paths) {
      const pointer = segments.map((segment) => `/${escapeSegment(segment)}`).join("");
      if (input.field(pointer) === undefined) return wrong(`the contract has no field ${pointer || "of that name"}`);
      from.add(pointer);
    }
    if (from.size === 0) return wrong("it looks at no field of the input");
    compiled.set(name, { name, feature, expression: expression.value, from: [...from].toSorted() });
  }
  return ok(compiled);
}

/** `features` in CEL. */
export const featuresValue = ({ features, input }: Pick<Declarations, "features" | "input">, value: Json): CelInput =>
  lazyMap(
    Object.fromEntries(
      [...(features ?? [])].map(([name, feature]) => [name, () => celOf(feature, value, input) as CelValue]),
    ),
  );

function celOf({ expression, feature, name }: CompiledFeature, value: Json, input: Contract): CelValue | CelError {
  const answer = expression.evaluate({ input: toCelValue(value, input.root) });
  return isCelError(answer) || HAS_TYPE[feature.type](answer)
    ? answer
    : celError(`feature ${name} is no ${feature.type}`);
}
const HAS_TYPE: { readonly [type in Feature["type"]]: (value: CelValue) => boolean } = {
  boolean: (value) => typeof value === "boolean",
  integer: (value) => typeof value === "bigint",
  number: (value) => typeof value === "number",
  string: (value) => typeof value === "string",
};

/** A feature as it stands in the record of a task: null where it could not be computed. */
export type FeatureValue = {
  readonly name: string;
  readonly version: string;
  readonly from: readonly string[];
  readonly value: Json;
};

/** The features of an input, by name in order. */
export const featuresOf = (
  { features, input }: Pick<Declarations, "features" | "input">,
  value: Json,
): FeatureValue[] =>
  [...(features?.values() ?? [])].map((feature) => {
    const answer = celOf(feature, value, input);
    const { name, from } = feature;
    const json = isCelError(answer) ? null : (fromCelValue(answer) ?? null);
    return { name, version: feature.feature.version, from, value: json };
  });
