/**
 * From a playbook and an intent to the steps of a plan: a pure function, so that whoever holds both can check what was proposed.
 *
 * A step whose condition over the intent is false is left out, and so is every step with an argument that refers to one left out;
 * a step that only stands after it takes over what it stood after. Of a fan-out over the intent the elements that are there enter the plan; of
 * one over results all that there may be, each with a condition that the executor decides.
 */
import type { Expectation } from "./expectation.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ArgNode, CompiledElement, CompiledPlaybook, CompiledStep } from "./playbook-compile.ts";
import { fieldAt } from "./playbook-compile.ts";
import type { CelInput } from "@bufbuild/cel";
import { featuresValue } from "./features.ts";
import { type Bindings, isCelError, type Path } from "./policy/expression.ts";
import { type Facts, intentValue, resultsValue, type StepResult } from "./policy/facts.ts";
import { fromCelValue, isCelList, toCelValue } from "./policy/values.ts";
import { problem, type Problem } from "./problems.ts";
import { provenanceOfReference, type SourceView } from "./provenance.ts";
import { type Provenance, weakest } from "./provenance-order.ts";
import { hasReservedKey } from "./references.ts";
import { err, ok, type Result } from "./result.ts";
import type { Toggles } from "./toggles.ts";

export type PlaybookIntent = Facts["intent"];

/** A step as it enters the plan. */
export type DerivedStep = {
  readonly id: string;
  readonly capability: string;
  /** Literals and `$ref`. */
  readonly args: JsonObject;
  readonly after: readonly string[];
  /** A condition that needs earlier results; the executor evaluates it. Null: none. */
  readonly when: string | null;
  readonly provenance: { readonly [argument: string]: Provenance };
  /** What is expected to be read after the action; null where nothing is predicted. */
  readonly expect: Expectation | null;
  /** Of an element of a fan-out some of whose elements may fail. */
  readonly fanOut?: FanOutElement | undefined;
};
/** Element `index` of the fan-out `of`, `mayFail` of whose elements may fail. */
export type FanOutElement = { readonly of: string; readonly index: number; readonly mayFail: number };

/** Why a step is not done, which fails nothing: its condition is false, its list has no such element, or it refers to a step left out. */
export type LeftOut = "condition" | "no-element" | "reference";

/** Whose words an intent is: an agent's own, those of an event from outside, or (neither) a principal's. */
export type Voice = {
  readonly openedByAgent: boolean;
  readonly fromEvent?: boolean;
  /** Whose words its label follows from. */
  readonly labelOrigin?: Provenance | undefined;
};

/** Thrown inside the derivation only. */
class Underivable extends Error {}

/**
 * Derives the steps of the plan, in an order in which they can run; none where every step is left out.
 * `voice`: whose words the intent is; only a principal's own counts as a principal's. Errors: `plan-invalid`.
 */
export function derivePlan(
  compiled: CompiledPlaybook,
  intent: PlaybookIntent,
  voice: Voice,
  toggles?: Toggles,
): Result<DerivedStep[]> {
  try {
    return ok(new Derivation(compiled, intent, voice, toggles).run());
  } catch (error) {
    if (!(error instanceof Underivable)) throw error;
    return err(problem("plan-invalid", error.message));
  }
}

/** The steps that an intent leaves out of the plan and why, in words; elements that its lists do not have are not among them. */
export function leftOutOf(
  compiled: CompiledPlaybook,
  intent: PlaybookIntent,
  toggles?: Toggles,
): readonly { readonly step: string; readonly why: string }[] {
  try {
    const derivation = new Derivation(compiled, intent, { openedByAgent: false }, toggles);
    derivation.run();
    return derivation.leftOut;
  } catch (error) {
    if (!(error instanceof Underivable)) throw error;
    return [];
  }
}

/**
 * Why a step is left out on the results so far, as the executor decides it; null where it is done.
 * Errors: `reference-unresolved` when its condition cannot be evaluated on these results, `task-limit` when its fan-out has too many elements.
 */
export function leftOutNow(
  compiled: CompiledPlaybook,
  stepId: string,
  intent: PlaybookIntent,
  results: { readonly [step: string]: StepResult },
  toggles: Toggles = {},
): Result<LeftOut | null> {
  const step = compiled.steps.find(({ id }) => id === stepId);
  if (step?.when === undefined) return ok(null);
  const { declarations, lists } = compiled;
  const bindings = {
    intent: intentValue(intent, declarations.input),
    features: featuresValue(declarations, intent.input),
    results: resultsValue(results, declarations, lists),
    toggles: toCelValue(toggles, undefined) as CelInput,
  };
  let missing = false;
  for (const element of step.elements.filter(({ early }) => !early)) {
    const list = element.expression.evaluate(bindings);
    const size = isCelError(list) || !isCelList(list) ? 0 : list.size;
    if (size > element.max) return err(tooMany(element, size));
    if (size <= element.index) missing = true;
  }
  const answer = step.when.evaluate(bindings);
  if (missing && answer !== true) return ok("no-element");
  return typeof answer === "boolean"
    ? ok(answer ? null : "condition")
    : err(
        problem("reference-unresolved", `The condition of step ${stepId} cannot be evaluated`, {
          step: stepId,
        }),
      );
}

/** Whether a step is done on the results so far; errors as of leftOutNow. */
export function evaluateCondition(...asked: Parameters<typeof leftOutNow>): Result<boolean> {
  const why = leftOutNow(...asked);
  return why.ok ? ok(why.value === null) : why;
}

const tooMany = ({ of, max }: Pick<CompiledElement, "of" | "max">, size: number): Problem =>
  problem("task-limit", `The list of ${of} has ${size} elements, and its fan-out takes ${max} at most.`, {
    step: of,
    elements: size,
  });

class Derivation {
  readonly #compiled: CompiledPlaybook;
  readonly #voice: Voice;
  readonly #bindings: Bindings;
  readonly #sources = new Map<string, SourceView>();
  /** Steps left out, with what they stood after. */
  readonly #omitted = new Map<string, readonly string[]>();
  readonly leftOut: { readonly step: string; readonly why: string }[] = [];

  constructor(compiled: CompiledPlaybook, intent: PlaybookIntent, voice: Voice, toggles: Toggles = {}) {
    this.#compiled = compiled;
    this.#voice = voice;
    this.#bindings = {
      intent: intentValue(intent, compiled.declarations.input),
      features: featuresValue(compiled.declarations, intent.input),
      toggles: toCelValue(toggles, undefined) as CelInput,
    };
  }

  run(): DerivedStep[] {
    return this.#compiled.steps.flatMap((step) => this.#derive(step) ?? []);
  }

  #derive(step: CompiledStep): DerivedStep | undefined {
    const after = this.#after(step);
    const why = this.#whyOmitted(step);
    if (why !== null) {
      this.#omitted.set(step.id, after);
      if (why !== "") this.leftOut.push({ step: step.id, why });
      return undefined;
    }
    const args = Object.fromEntries(step.args.map(([name, node]) => [name, this.#value(node, step)]));
    const provenance = Object.fromEntries(step.args.map(([name, node]) => [name, this.#provenance(node)]));
    this.#sources.set(step.id, {
      keyProvenance: weakest(Object.values(provenance)),
      outputContract: step.declaration.output,
    });
    const [outermost] = step.elements;
    return {
      id: step.id,
      capability: step.declaration.contract.name,
      args,
      after,
      when: step.when?.source ?? null,
      provenance,
      expect:
        step.expect === undefined
          ? null
          : Object.fromEntries(step.expect.map(([field, node]) => [field, this.#value(node, step)])),
      ...(outermost === undefined || outermost.mayFail === 0
        ? {}
        : { fanOut: { of: outermost.of, index: outermost.index, mayFail: outermost.mayFail } }),
    };
  }

  /** What the step stands after, steps left out replaced by what those stood after; in the order of the file. */
  #after(step: CompiledStep): string[] {
    const all = new Set(step.after.flatMap((id) => this.#omitted.get(id) ?? [id]));
    return this.#compiled.ids.filter((id) => all.has(id));
  }

  /** Null where the step is planned; empty where its list has no such element. */
  #whyOmitted(step: CompiledStep): string | null {
    for (const element of step.elements.filter(({ early }) => early)) {
      const list = element.expression.evaluate(this.#bindings);
      const size = isCelError(list) || !isCelList(list) ? 0 : list.size;
      if (size > element.max) throw new Underivable(tooMany(element, size).detail);
      if (size <= element.index) return "";
    }
    const referred = step.args.flatMap(([, node]) => referredBy(node)).find((id) => this.#omitted.has(id));
    if (referred !== undefined) return `it refers to ${referred}, which is left out`;
    for (const condition of step.early) {
      const answer = condition.evaluate(this.#bindings);
      if (typeof answer !== "boolean")
        throw new Underivable(`The condition of step ${step.id} cannot be evaluated on this intent`);
      if (!answer) return `${condition.source} is false`;
    }
    return null;
  }

  #value(node: ArgNode, step: CompiledStep): Json {
    switch (node.kind) {
      case "literal":
      case "ref":
      case "own":
        return node.value;
      case "list":
        return node.items.map((item) => this.#value(item, step));
      case "object":
        return Object.fromEntries(node.entries.map(([key, part]) => [key, this.#value(part, step)]));
      case "cel": {
        const value = node.expression.evaluate(this.#bindings);
        const json = isCelError(value) ? undefined : fromCelValue(value);
        // Data that looks like a reference would be resolved as one.
        if (json === undefined || hasReservedKey(json))
          throw new Underivable(`A value of step ${step.id} cannot be computed from this intent`);
        return json;
      }
    }
  }

  #provenance(node: ArgNode): Provenance {
    switch (node.kind) {
      case "literal":
      // Stands in expectations only, which no provenance is asked of.
      case "own":
        return "release";
      case "list":
        return weakest(node.items.map((item) => this.#provenance(item)));
      case "object":
        return weakest(node.entries.map(([, part]) => this.#provenance(part)));
      case "ref":
        return provenanceOfReference(node.reference, this.#sources.get(node.reference.step)!);
      case "cel":
        return weakest(node.expression.paths.flatMap((path) => this.#originsOf(path)));
    }
  }

  /** A feature is as weak as the fields that it is computed from. */
  #originsOf({ root, segments }: Path): Provenance[] {
    if (root !== "features") return [this.#originOf(segments)];
    const fields = this.#compiled.declarations.features?.get(segments[0]!)?.expression.paths ?? [];
    return fields.map((path) => this.#originOf(["input", ...path.segments]));
  }

  get #labelOrigin(): Provenance {
    const { labelOrigin = "principal", fromEvent } = this.#voice;
    return fromEvent === true ? weakest([labelOrigin, "content"]) : labelOrigin;
  }

  /** Whose words a path into the intent names. The whole intent, or a computed access, is as weak as its weakest field. */
  #originOf([name, ...rest]: readonly string[]): Provenance {
    if (this.#voice.openedByAgent) return "model";
    if (name === "label" || name === "labelledBy" || name === "fields") return this.#labelOrigin;
    if (name !== undefined && name !== "input") return "principal";
    const declared = fieldAt(rest, this.#compiled.declarations.input.root)?.origin ?? "content";
    const origin = this.#voice.fromEvent === true ? "content" : declared;
    return name === undefined ? weakest([origin, this.#labelOrigin]) : origin;
  }
}

function referredBy(node: ArgNode): string[] {
  if (node.kind === "ref") return [node.reference.step];
  if (node.kind === "list") return node.items.flatMap(referredBy);
  return node.kind === "object" ? node.entries.flatMap(([, part]) => referredBy(part)) : [];
}

/** The weakest provenance of a step's arguments: how much a record that it reads can be trusted to be the one that was meant. */
export const keyProvenance = (step: Pick<DerivedStep, "provenance">): Provenance =>
  weakest(Object.values(step.provenance));
