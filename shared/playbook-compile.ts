/**
 * Checks a playbook against its release and prepares it: names resolved, expressions compiled, steps in an order that works.
 * What passes here can fail later only for reasons that lie in the intent or in results.
 */
import type { Json, JsonObject } from "./json.ts";
import { isExpectation } from "./expectation.ts";
import { type Element, type Expanded, expandPlaybook, type FlatStep, Refused } from "./playbook-expand.ts";
import { Playbook } from "./playbook-schema.ts";
import { LIMITS } from "./limits.ts";
import { escapeSegment, isObject } from "./pointer.ts";
import { compileExpression, type Expression } from "./policy/expression.ts";
import type { CapabilityDeclaration, Declarations } from "./policy/facts.ts";
import { problem } from "./problems.ts";
import { asReference, type Reference } from "./references.ts";
import { err, ok, type Result } from "./result.ts";
import { wrongToggle } from "./toggles.ts";

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
  /** What is decided when the plan is made. */
  readonly early: readonly Expression[];
  /** What needs results, in one: the executor decides it. */
  readonly when: Expression | undefined;
  /** Fan-outs that it is an element of, from the outermost. */
  readonly elements: readonly CompiledElement[];
  /** What the step predicts; undefined where it predicts nothing. */
  readonly expect: readonly (readonly [string, ArgNode])[] | undefined;
};

export type CompiledElement = Element & { readonly expression: Expression };

export type CompiledPlaybook = {
  readonly playbook: Playbook;
  readonly declarations: Declarations;
  /** Each step after all that it depends on; the order of the file where that leaves a choice. */
  readonly steps: readonly CompiledStep[];
  /** Their ids in the order of the file. */
  readonly ids: readonly string[];
  /** Fan-out → its elements, whose results conditions see as a list. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
};

/** Compiles a playbook for one release. Errors: `playbook-invalid`; `facts.at` is a JSON pointer to the place in the file. */
export function compilePlaybook(playbook: Playbook, declarations: Declarations): Result<CompiledPlaybook> {
  try {
    const parsed = Playbook.safeParse(playbook);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      const at = issue.path as (string | number)[];
      throw new Refused(`it is not well formed at ${at.join(".") || "its root"}: ${issue.message}`, at);
    }
    const { steps, lists } = expandPlaybook(parsed.data);
    const byId = new Map(steps.map((step) => [step.id, step]));
    const compiled = steps.map((step) => new StepCompiler(step, byId, declarations, lists).compile());
    return ok({ playbook, declarations, steps: ordered(compiled), ids: [...byId.keys()], lists });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const at = error.at.map((segment) => `/${escapeSegment(String(segment))}`).join("");
    return err(problem("playbook-invalid", `The playbook is not acceptable: ${error.message}`, { at }));
  }
}

class StepCompiler {
  readonly #step: FlatStep;
  readonly #byId: ReadonlyMap<string, FlatStep>;
  readonly #declarations: Declarations;
  readonly #lists: Expanded["lists"];
  readonly #edges: Set<string>;
  #at: readonly string[] = [];

  constructor(
    step: FlatStep,
    byId: ReadonlyMap<string, FlatStep>,
    declarations: Declarations,
    lists: Expanded["lists"],
  ) {
    this.#step = step;
    this.#byId = byId;
    this.#declarations = declarations;
    this.#lists = lists;
    this.#edges = new Set(step.after);
  }

  compile(): CompiledStep {
    const { id, capability, args, expect, elements } = this.#step;
    this.#at = ["capability"];
    const declaration =
      this.#declarations.capabilities.get(capability) ?? this.#refuse(`there is no capability ${capability}`);
    this.#at = ["for", "each"];
    const within = elements.map((element) => ({ ...element, expression: this.#list(element) }));
    const declared = declaration.input.root.properties;
    this.#at = ["args"];
    for (const name of Object.keys(args))
      if (!declared.has(name)) this.#refuse(`${capability} has no argument ${name}`);
    for (const name of (declaration.input.schema.required as readonly string[] | undefined) ?? [])
      if (!Object.hasOwn(args, name)) this.#refuse(`${capability} needs the argument ${name}`);
    const nodes = Object.entries(args).map(([name, value]) => {
      this.#at = ["args", name];
      return [name, this.#argument(value)] as const;
    });
    this.#at = ["expect"];
    const expected = expect === undefined ? undefined : this.#expectation(expect, declaration);
    this.#at = ["when"];
    const { early, when } = this.#conditions();
    this.#at = ["after"];
    for (const step of this.#edges) if (!this.#byId.has(step)) this.#refuse(`there is no step ${step}`);
    return {
      id,
      declaration,
      args: nodes,
      after: [...this.#byId.keys()].filter((step) => this.#edges.has(step)),
      early,
      when,
      elements: within,
      expect: expected,
    };
  }

  /** What is known when the plan is made is decided then; the rest is one condition, whose text stands in the plan. */
  #conditions(): Pick<CompiledStep, "early" | "when"> {
    const all = this.#step.conditions.map((source) => this.#expression(source, CONDITION_ROOTS));
    const later = all.filter(({ roots }) => roots.has("results")).map(({ source }) => source);
    return {
      early: all.filter(({ roots }) => !roots.has("results")),
      when:
        later.length === 0
          ? undefined
          : this.#expression(
              later.length === 1 ? later[0]! : later.map((source) => `(${source})`).join(" && "),
              CONDITION_ROOTS,
            ),
    };
  }

  /** The list of a fan-out must be one by its contract. */
  #list({ list, early }: Element): Expression {
    const expression = this.#expression(list, ["intent", "results"]);
    const [{ segments } = { segments: [] }] = expression.paths;
    const output = this.#declarations.capabilities.get(this.#byId.get(segments[0] ?? "")?.capability ?? "")?.output;
    const field = early
      ? fieldAt(segments.slice(1), this.#declarations.input.root)
      : output && fieldAt(segments.slice(1), output.root);
    if (field?.items === undefined) this.#refuse(`${list} is no list`);
    return expression;
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
      return { kind: "cel", expression: this.#expression(value.$cel, ["intent", "features"]) };
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
    const toggle = wrongToggle(compiled.value.paths);
    if (toggle !== null) this.#refuse(toggle);
    for (const { root, segments } of compiled.value.paths) {
      if (root === "results")
        for (const id of this.#awaited(segments[0] ?? this.#refuse("results are named by their step: results.lookup")))
          this.#edges.add(id);
      if (root === "features" && !(segments.length === 1 && this.#declarations.features?.has(segments[0]!)))
        this.#refuse(`there is no ${["features", ...segments].join(".")}`);
      if (root === "intent" && !isIntentField(segments, this.#declarations))
        this.#refuse(`there is no ${["intent", ...segments].join(".")}`);
    }
    return compiled.value;
  }

  #awaited = (name: string): readonly string[] => this.#lists.get(name) ?? [name];

  #refuse(why: string): never {
    throw new Refused(`step ${this.#step.id}: ${why}`, [...this.#step.at, ...this.#at]);
  }
}

/** Conditions may look at toggles; arguments may not: a value of a plan comes from the intent or the release. */
const CONDITION_ROOTS = ["intent", "features", "results", "toggles"];

const isIntentField = ([name, ...rest]: readonly string[], { input, fields }: Declarations): boolean => {
  if (name === undefined || name === "input") return fieldAt(rest, input.root) !== undefined;
  if (name === "fields") return rest.length === 1 && fields?.has(rest[0]!) === true;
  return rest.length === 0 && INTENT_FIELDS.has(name);
};

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
