/**
 * Checks a playbook against its release and prepares it: names resolved, expressions compiled, steps in an order that works.
 * What passes here can fail later only for reasons that lie in the intent or in results.
 */
import type { Json, JsonObject } from "./json.ts";
import { Playbook, type PlaybookStep } from "./playbook-schema.ts";
import { isExpectation } from "./expectation.ts";
import { LIMITS } from "./limits.ts";
import { isObject } from "./pointer.ts";
import { compileExpression, type Expression } from "./policy/expression.ts";
import type { CapabilityDeclaration, Declarations } from "./policy/facts.ts";
import { problem } from "./problems.ts";
import { asReference, type Reference } from "./references.ts";
import { err, ok, type Result } from "./result.ts";

/** An argument, ready to be evaluated. */
export type ArgNode =
  | { readonly kind: "literal"; readonly value: Json }
  | { readonly kind: "cel"; readonly expression: Expression }
  | { readonly kind: "ref"; readonly reference: Reference; readonly value: JsonObject }
  /** Of an expectation: a part of the action's own arguments or result, put in place once it is applied. */
  | { readonly kind: "own"; readonly value: JsonObject }
  | { readonly kind: "list"; readonly items: readonly ArgNode[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, ArgNode])[] };

export type CompiledStep = {
  readonly id: string;
  readonly declaration: CapabilityDeclaration;
  readonly args: readonly (readonly [string, ArgNode])[];
  /** Explicit and implied, in the order of the file, without repeats. */
  readonly after: readonly string[];
  readonly when: Expression | undefined;
  /** What the step predicts; undefined where it predicts nothing. */
  readonly expect: readonly (readonly [string, ArgNode])[] | undefined;
};

export type CompiledPlaybook = {
  readonly playbook: Playbook;
  readonly declarations: Declarations;
  /** Each step after all that it depends on; the order of the file where that leaves a choice. */
  readonly steps: readonly CompiledStep[];
};

/** Thrown inside the compiler only. */
class Refused extends Error {}

/** Compiles a playbook for one release. Errors: `playbook-invalid`. */
export function compilePlaybook(playbook: Playbook, declarations: Declarations): Result<CompiledPlaybook> {
  try {
    const parsed = Playbook.safeParse(playbook);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new Refused(`it is not well formed at ${issue.path.join(".") || "its root"}: ${issue.message}`);
    }
    const ids = playbook.steps.map((step) => step.id);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) throw new Refused(`two steps are called ${twice}`);
    const byId = new Map(playbook.steps.map((step) => [step.id, step]));
    return ok({
      playbook,
      declarations,
      steps: ordered(playbook.steps.map((step) => new StepCompiler(step, byId, declarations).compile())),
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return err(problem("playbook-invalid", `The playbook is not acceptable: ${error.message}`));
  }
}

class StepCompiler {
  readonly #step: PlaybookStep;
  readonly #byId: ReadonlyMap<string, PlaybookStep>;
  readonly #declarations: Declarations;
  readonly #edges: Set<string>;

  constructor(step: PlaybookStep, byId: ReadonlyMap<string, PlaybookStep>, declarations: Declarations) {
    this.#step = step;
    this.#byId = byId;
    this.#declarations = declarations;
    this.#edges = new Set(step.after);
  }

  compile(): CompiledStep {
    const { id, capability, args, when, expect } = this.#step;
    const declaration =
      this.#declarations.capabilities.get(capability) ?? this.#refuse(`there is no capability ${capability}`);
    const declared = declaration.input.root.properties;
    for (const name of Object.keys(args))
      if (!declared.has(name)) this.#refuse(`${capability} has no argument ${name}`);
    for (const name of (declaration.input.schema.required as readonly string[] | undefined) ?? [])
      if (!Object.hasOwn(args, name)) this.#refuse(`${capability} needs the argument ${name}`);
    const nodes = Object.entries(args).map(([name, value]) => [name, this.#argument(value)] as const);
    const expected = expect === undefined ? undefined : this.#expectation(expect, declaration);
    const condition = when === undefined ? undefined : this.#expression(when, ["intent", "results"]);
    for (const step of this.#edges) if (!this.#byId.has(step)) this.#refuse(`there is no step ${step}`);
    return {
      id,
      declaration,
      args: nodes,
      after: [...this.#byId.keys()].filter((step) => this.#edges.has(step)),
      when: condition,
      expect: expected,
    };
  }

  /** What cannot be read back can never come true: that is a fault of the playbook, found when it is published. */
  #expectation(expect: JsonObject, { contract, observe }: CapabilityDeclaration): CompiledStep["expect"] {
    if (observe === undefined)
      return this.#refuse(`nothing is read back of ${contract.name}, so nothing can be expected`);
    const entries = Object.entries(expect);
    if (entries.length === 0 || entries.length > LIMITS.expectedFields)
      this.#refuse(`it expects one to ${LIMITS.expectedFields} fields`);
    for (const [field] of entries)
      if (!observe.root.properties.has(field)) this.#refuse(`${contract.name} does not read ${field} back`);
    return entries.map(([field, value]) => [field, this.#argument(value, true)] as const);
  }

  #own(value: JsonObject): ArgNode | null {
    const name = value["$arg"] ?? value["$result"];
    if (name === undefined) return null;
    const { args, capability } = this.#step;
    const declaration = this.#declarations.capabilities.get(capability)!;
    if (!isExpectation(value))
      return this.#refuse("$arg names an argument, $result is a pointer, and each stands alone");
    if (value["$arg"] !== undefined && !Object.hasOwn(args, name as string))
      return this.#refuse(`it expects its argument ${JSON.stringify(name)}, which it does not give`);
    if (value["$result"] !== undefined && declaration.output.field(name as string) === undefined)
      return this.#refuse(`the result of ${capability} has no field ${JSON.stringify(name)}`);
    return { kind: "own", value };
  }

  /** @param expected the value is one that is expected after the action, and may name parts of the action itself */
  #argument(value: Json, expected = false): ArgNode {
    if (Array.isArray(value))
      return {
        kind: "list",
        items: (value as readonly Json[]).map((item) => this.#argument(item, expected)),
      };
    if (!isObject(value)) return { kind: "literal", value };
    const own = expected ? this.#own(value) : null;
    if (own !== null) return own;
    const reference = asReference(value);
    if (reference === null)
      return this.#refuse(`${JSON.stringify(value.$ref)} is not a reference such as steps.lookup.result#/orders/0`);
    if (reference !== undefined) return this.#reference(reference, value);
    const keys = Object.keys(value);
    if (keys.includes("$cel")) {
      if (keys.length > 1 || typeof value.$cel !== "string")
        return this.#refuse("$cel stands alone and holds an expression");
      return { kind: "cel", expression: this.#expression(value.$cel, ["intent"]) };
    }
    const reserved = keys.find((key) => key.startsWith("$"));
    if (reserved !== undefined) return this.#refuse(`the key ${reserved} is reserved`);
    return {
      kind: "object",
      entries: Object.entries(value).map(([key, part]) => [key, this.#argument(part, expected)] as const),
    };
  }

  #reference(reference: Reference, value: JsonObject): ArgNode {
    const source = this.#byId.get(reference.step) ?? this.#refuse(`there is no step ${reference.step}`);
    const output = this.#declarations.capabilities.get(source.capability)?.output;
    if (output?.field(reference.pointer) === undefined)
      this.#refuse(`the result of ${reference.step} has no field ${reference.pointer}`);
    this.#edges.add(reference.step);
    return { kind: "ref", reference, value };
  }

  #expression(source: string, roots: readonly string[]): Expression {
    const compiled = compileExpression(source, roots);
    if (!compiled.ok) return this.#refuse(compiled.problem.detail);
    for (const { root, segments } of compiled.value.paths) {
      if (root === "results")
        this.#edges.add(segments[0] ?? this.#refuse("results are named by their step: results.lookup"));
      if (root === "intent" && !isIntentField(segments, this.#declarations))
        this.#refuse(`there is no ${["intent", ...segments].join(".")}`);
    }
    return compiled.value;
  }

  #refuse(why: string): never {
    throw new Refused(`step ${this.#step.id}: ${why}`);
  }
}

const isIntentField = ([name, ...rest]: readonly string[], { input }: Declarations): boolean =>
  name === undefined || name === "input"
    ? fieldAt(rest, input.root) !== undefined
    : rest.length === 0 && INTENT_FIELDS.has(name);

const INTENT_FIELDS = new Set(["automation", "region", "purpose", "label", "labelledBy"]);

type Field = Declarations["input"]["root"];
/** The field at constant accesses; an access into something else than an object or a list names none. */
export const fieldAt = (segments: readonly string[], root: Field): Field | undefined =>
  segments.reduce<Field | undefined>(
    (field, segment) => field?.properties.get(segment) ?? (/^\d+$/.test(segment) ? field?.items : undefined),
    root,
  );

/** Steps so that each stands after what it depends on. */
function ordered(steps: readonly CompiledStep[]): readonly CompiledStep[] {
  const placed = new Set<string>();
  const order: CompiledStep[] = [];
  while (order.length < steps.length) {
    const next = steps.find((step) => !placed.has(step.id) && step.after.every((id) => placed.has(id)));
    if (next === undefined)
      throw new Refused(
        `these steps wait for each other: ${steps
          .filter((step) => !placed.has(step.id))
          .map((step) => step.id)
          .join(", ")}`,
      );
    placed.add(next.id);
    order.push(next);
  }
  return order;
}
