/**
 * From a playbook and an intent to the steps of a plan: a pure function, so that whoever holds both can check what was proposed.
 *
 * A step whose condition over the intent is false is left out, and so is every step with an argument that refers to one left out;
 * a step that only stands after it takes over what it stood after.
 */
import type { Expectation } from "./expectation.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ArgNode, CompiledPlaybook, CompiledStep } from "./playbook-compile.ts";
import { fieldAt } from "./playbook-compile.ts";
import { type Expression, isCelError } from "./policy/expression.ts";
import { type Facts, intentValue, resultsValue, type StepResult } from "./policy/facts.ts";
import { fromCelValue } from "./policy/values.ts";
import { problem } from "./problems.ts";
import { provenanceOfReference, type SourceView } from "./provenance.ts";
import { type Provenance, weakest } from "./provenance-order.ts";
import { hasReservedKey } from "./references.ts";
import { err, ok, type Result } from "./result.ts";

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
};

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
export function derivePlan(compiled: CompiledPlaybook, intent: PlaybookIntent, voice: Voice): Result<DerivedStep[]> {
  try {
    return ok(new Derivation(compiled, intent, voice).run());
  } catch (error) {
    if (!(error instanceof Underivable)) throw error;
    return err(problem("plan-invalid", error.message));
  }
}

/**
 * A step's condition on the results so far, as the executor decides it; true where the step has none.
 * Errors: `reference-unresolved` when it cannot be evaluated on these results.
 */
export function evaluateCondition(
  compiled: CompiledPlaybook,
  stepId: string,
  intent: PlaybookIntent,
  results: { readonly [step: string]: StepResult },
): Result<boolean> {
  const when = compiled.steps.find((step) => step.id === stepId)?.when;
  if (when === undefined) return ok(true);
  const { declarations } = compiled;
  const answer = when.evaluate({
    intent: intentValue(intent, declarations.input),
    results: resultsValue(results, declarations),
  });
  return typeof answer === "boolean"
    ? ok(answer)
    : err(
        problem("reference-unresolved", `The condition of step ${stepId} cannot be evaluated`, {
          step: stepId,
        }),
      );
}

class Derivation {
  readonly #compiled: CompiledPlaybook;
  readonly #voice: Voice;
  readonly #bindings: { readonly intent: ReturnType<typeof intentValue> };
  readonly #sources = new Map<string, SourceView>();
  /** Steps left out, with what they stood after. */
  readonly #omitted = new Map<string, readonly string[]>();

  constructor(compiled: CompiledPlaybook, intent: PlaybookIntent, voice: Voice) {
    this.#compiled = compiled;
    this.#voice = voice;
    this.#bindings = { intent: intentValue(intent, compiled.declarations.input) };
  }

  run(): DerivedStep[] {
    return this.#compiled.steps.flatMap((step) => this.#derive(step) ?? []);
  }

  #derive(step: CompiledStep): DerivedStep | undefined {
    const after = this.#after(step);
    if (this.#isOmitted(step)) {
      this.#omitted.set(step.id, after);
      return undefined;
    }
    const args = Object.fromEntries(step.args.map(([name, node]) => [name, this.#value(node, step)]));
    const provenance = Object.fromEntries(step.args.map(([name, node]) => [name, this.#provenance(node)]));
    this.#sources.set(step.id, {
      keyProvenance: weakest(Object.values(provenance)),
      outputContract: step.declaration.output,
    });
    const when = needsResults(step.when) ? step.when!.source : null;
    return {
      id: step.id,
      capability: step.declaration.contract.name,
      args,
      after,
      when,
      provenance,
      expect:
        step.expect === undefined
          ? null
          : Object.fromEntries(step.expect.map(([field, node]) => [field, this.#value(node, step)])),
    };
  }

  /** What the step stands after, steps left out replaced by what those stood after; in the order of the file. */
  #after(step: CompiledStep): string[] {
    const all = new Set(step.after.flatMap((id) => this.#omitted.get(id) ?? [id]));
    return this.#compiled.playbook.steps.map(({ id }) => id).filter((id) => all.has(id));
  }

  #isOmitted(step: CompiledStep): boolean {
    if (step.args.some(([, node]) => referred(node).some((id) => this.#omitted.has(id)))) return true;
    if (step.when === undefined || needsResults(step.when)) return false;
    const answer = step.when.evaluate(this.#bindings);
    if (typeof answer !== "boolean")
      throw new Underivable(`The condition of step ${step.id} cannot be evaluated on this intent`);
    return !answer;
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
        return weakest(node.expression.paths.map(({ segments }) => this.#originOf(segments)));
    }
  }

  get #labelOrigin(): Provenance {
    const { labelOrigin = "principal", fromEvent } = this.#voice;
    return fromEvent === true ? weakest([labelOrigin, "content"]) : labelOrigin;
  }

  /** Whose words a path into the intent names. The whole intent, or a computed access, is as weak as its weakest field. */
  #originOf([name, ...rest]: readonly string[]): Provenance {
    if (this.#voice.openedByAgent) return "model";
    if (name === "label" || name === "labelledBy") return this.#labelOrigin;
    if (name !== undefined && name !== "input") return "principal";
    const declared = fieldAt(rest, this.#compiled.declarations.input.root)?.origin ?? "content";
    const origin = this.#voice.fromEvent === true ? "content" : declared;
    return name === undefined ? weakest([origin, this.#labelOrigin]) : origin;
  }
}

const needsResults = (when: Expression | undefined): boolean => when?.roots.has("results") === true;

function referred(node: ArgNode): string[] {
  if (node.kind === "ref") return [node.reference.step];
  if (node.kind === "list") return node.items.flatMap(referred);
  return node.kind === "object" ? node.entries.flatMap(([, part]) => referred(part)) : [];
}

/** The weakest provenance of a step's arguments: how much a record that it reads can be trusted to be the one that was meant. */
export const keyProvenance = (step: Pick<DerivedStep, "provenance">): Provenance =>
  weakest(Object.values(step.provenance));
