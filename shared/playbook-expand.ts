/**
 * A playbook taken apart: fan-outs become one step for each element that there may be, a sub-playbook becomes its steps, all over the intent and
 * the results of the whole. What comes out is the list of steps that a plan can hold, known when the release is published.
 *
 * X1  Ids are stable: element 2 of `lines` is `lines_2`, step `mail` of the sub-playbook that `tell` uses is `tell_mail`.
 * X2  The largest plan that a playbook can give has LIMITS.planSteps steps; more is refused at publish, not when the list is long.
 * X3  A sub-playbook never uses itself, and LIMITS.playbookDepth bounds how deep they stand in each other.
 */
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { celAt, celResult, renameInCel } from "./playbook-cel.ts";
import type { FanOut, Playbook, PlaybookEntry, PlaybookStep } from "./playbook-schema.ts";
import { escapeSegment, isObject, parsePointer } from "./pointer.ts";
import { compileExpression, type Path, pathOf } from "./policy/expression.ts";
import { asReference } from "./references.ts";

/** Why a playbook is refused, and where: the path to the place in its file. */
export class Refused extends Error {
  readonly at: readonly (string | number)[];
  constructor(why: string, at: readonly (string | number)[] = []) {
    super(why);
    this.at = at;
  }
}

/** One element of a fan-out, for each step that belongs to it. */
export type Element = {
  readonly of: string;
  readonly index: number;
  readonly max: number;
  /** How many elements may fail. */
  readonly mayFail: number;
  /** CEL of the list. */
  readonly list: string;
  /** Whether the list is known when the plan is made. */
  readonly early: boolean;
};

/** A step as it may enter a plan, with what must hold for it. */
export type FlatStep = Omit<PlaybookStep, "when"> & {
  /** All must hold: of its elements, of the sub-playbooks that it stands in, its own. */
  readonly conditions: readonly string[];
  /** From the outermost fan-out to its own. */
  readonly elements: readonly Element[];
  /** Where it stands in the file. */
  readonly at: readonly (string | number)[];
};

export type Expanded = {
  readonly steps: readonly FlatStep[];
  /** Fan-out of one capability → its elements' steps, which conditions may look at as a list. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
};

type Where = readonly (string | number)[];
type Scope = {
  readonly prefix: string;
  readonly params: ReadonlyMap<string, Json>;
  readonly element: { readonly as: string; readonly text: string; readonly path: Path; readonly index: number } | null;
  readonly conditions: readonly string[];
  readonly elements: readonly Element[];
  readonly after: readonly string[];
  readonly trail: readonly string[];
  readonly at: Where;
};

/** Throws Refused. */
export function expandPlaybook(playbook: Playbook): Expanded {
  const expansion = new Expansion(playbook);
  const root = { prefix: "", params: new Map(), element: null, conditions: [], elements: [], after: [], trail: [] };
  expansion.graph(playbook.steps, { ...root, at: ["steps"] });
  for (const name of Object.keys(playbook.playbooks ?? {}))
    if (!expansion.used.has(name)) throw new Refused(`nothing uses ${name}`, ["playbooks", name]);
  return { steps: expansion.steps, lists: expansion.lists };
}

class Expansion {
  readonly steps: FlatStep[] = [];
  readonly lists = new Map<string, string[]>();
  readonly used = new Set<string>();
  readonly #playbook: Playbook;

  constructor(playbook: Playbook) {
    this.#playbook = playbook;
  }

  /** Adds the steps of a graph; gives what each name in it stands for. */
  graph(entries: readonly PlaybookEntry[], scope: Scope): readonly string[] {
    const names = new Map<string, readonly string[]>();
    for (const [i, { id }] of entries.entries()) {
      if (names.has(id)) throw new Refused(`two steps are called ${id}`, [...scope.at, i, "id"]);
      names.set(id, []);
    }
    const begin = this.steps.length;
    const graph = new Graph(this, names, scope);
    // Names are known before what refers to them is written out: a step may stand before what it waits for.
    for (const [i, entry] of entries.entries()) names.set(entry.id, graph.idsOf(entry, [...scope.at, i, "use"]));
    for (const [i, entry] of entries.entries()) graph.add(entry, [...scope.at, i]);
    return this.steps.slice(begin).map(({ id }) => id);
  }

  sub(name: string, at: Where) {
    const found = this.#playbook.playbooks?.[name];
    if (found === undefined) throw new Refused(`there is no sub-playbook ${name}`, at);
    this.used.add(name);
    return found;
  }

  push(step: FlatStep): void {
    if (step.id.length > 64) throw new Refused(`step ${step.id}: its id has more than 64 characters`, step.at);
    if (this.steps.some(({ id }) => id === step.id)) throw new Refused(`two steps are called ${step.id}`, step.at);
    this.steps.push(step);
    if (this.steps.length > LIMITS.planSteps)
      throw new Refused(`it can give a plan of more than ${LIMITS.planSteps} steps`, step.at);
  }
}

class Graph {
  readonly #all: Expansion;
  readonly #names: ReadonlyMap<string, readonly string[]>;
  readonly #scope: Scope;

  constructor(all: Expansion, names: ReadonlyMap<string, readonly string[]>, scope: Scope) {
    this.#all = all;
    this.#names = names;
    this.#scope = scope;
  }

  /** Ids of the steps that an entry becomes. */
  idsOf(entry: PlaybookEntry, at: Where, trail = this.#scope.trail, prefix = this.#scope.prefix): string[] {
    const bases = basesOf(entry, prefix);
    if (entry.use === undefined) return bases;
    if (trail.includes(entry.use)) throw new Refused(`step ${entry.id}: ${entry.use} would use itself`, at);
    if (trail.length >= LIMITS.playbookDepth)
      throw new Refused(`step ${entry.id}: sub-playbooks stand more than ${LIMITS.playbookDepth} deep`, at);
    const { steps } = this.#all.sub(entry.use, at);
    const inner = [...trail, entry.use];
    const place = ["playbooks", entry.use, "steps"];
    const ids = bases.flatMap((base) =>
      steps.flatMap((step, i) => this.idsOf(step, [...place, i, "use"], inner, `${base}_`)),
    );
    if (ids.length > LIMITS.planSteps)
      throw new Refused(`it can give a plan of more than ${LIMITS.planSteps} steps`, at);
    return ids;
  }

  add(entry: PlaybookEntry, at: Where): void {
    const scope = this.#scope;
    const refuse = (why: string, ...place: Where): never => {
      throw new Refused(`step ${entry.id}: ${why}`, [...at, ...place]);
    };
    if (entry.for === undefined) return this.#one(entry, `${scope.prefix}${entry.id}`, scope, at);
    const { as = "item", max, mayFail = 0 } = entry.for;
    const { text, path } = this.#list(entry.for, refuse);
    if (mayFail > max) refuse("more elements may fail than there are", "for", "mayFail");
    if (mayFail > 0 && scope.elements.length > 0)
      refuse("it stands in a fan-out, which says itself how many of its elements may fail", "for", "mayFail");
    if (["intent", "results", "features", "params", "index"].includes(as)) refuse(`${as} is taken`, "for", "as");
    const of = `${scope.prefix}${entry.id}`;
    if (entry.use === undefined) this.#all.lists.set(of, basesOf(entry, scope.prefix));
    const early = path.root === "intent";
    for (let index = 0; index < max; index++) {
      const element = { of, index, max, mayFail, list: text, early };
      const guard = `${text.endsWith("]") ? "" : `has(${text}) && `}size(${text}) > ${index}`;
      const inner: Scope = {
        ...scope,
        element: { as, text: `${text}[${index}]`, path, index },
        conditions: [...scope.conditions, guard],
        elements: [...scope.elements, element],
      };
      new Graph(this.#all, this.#names, inner).#one(entry, `${of}_${index}`, inner, at);
    }
  }

  /** The list as a path over the whole playbook. */
  #list({ each }: FanOut, refuse: (why: string, ...place: Where) => never): { text: string; path: Path } {
    const text = this.#cel(each, (why) => refuse(why, "for", "each"));
    const compiled = compileExpression(text, ["intent", "results"]);
    const path = compiled.ok ? pathOf(compiled.value.ast) : refuse(compiled.problem.detail, "for", "each");
    if (path === undefined || path.segments.length < 2)
      return refuse("`each` is a path to a list: intent.input.lines, or results.order.items", "for", "each");
    return { text, path };
  }

  /** One step, or one use of a sub-playbook. */
  #one(entry: PlaybookEntry, id: string, scope: Scope, at: Where): void {
    const refuse =
      (place: Where) =>
      (why: string): never => {
        throw new Refused(`step ${entry.id}: ${why}`, [...at, ...place]);
      };
    const after = [...scope.after, ...(entry.after ?? []).flatMap((name) => this.#ids(name, refuse(["after"])))];
    const own = entry.when === undefined ? [] : [this.#cel(entry.when, refuse(["when"]))];
    const conditions = [...scope.conditions, ...own];
    if (entry.use === undefined) {
      const values = (from: JsonObject, place: string): JsonObject =>
        Object.fromEntries(
          Object.entries(from).map(([name, value]) => [name, this.#value(value, refuse([place, name]))]),
        );
      return this.#all.push({
        id,
        capability: entry.capability!,
        args: values(entry.args!, "args"),
        after,
        conditions,
        ...(entry.expect === undefined ? {} : { expect: values(entry.expect, "expect") }),
        elements: scope.elements,
        at,
      });
    }
    const { params = [], steps } = this.#all.sub(entry.use, [...at, "use"]);
    const given = entry.with ?? {};
    for (const name of Object.keys(given))
      if (!params.includes(name)) refuse(["with", name])(`${entry.use} has no parameter ${name}`);
    const inner = new Map<string, Json>();
    for (const name of params) {
      if (!Object.hasOwn(given, name)) refuse(["with"])(`${entry.use} needs the parameter ${name}`);
      inner.set(name, this.#value(given[name]!, refuse(["with", name])));
    }
    this.#all.graph(steps, {
      prefix: `${id}_`,
      params: inner,
      element: null,
      conditions,
      elements: scope.elements,
      after,
      trail: [...scope.trail, entry.use],
      at: ["playbooks", entry.use, "steps"],
    });
  }

  /** What a name of this graph stands for: a step of it, an element, or a step inside of a sub-playbook that it uses. */
  #ids(name: string, refuse: (why: string) => never): readonly string[] {
    const all = this.#names.get(name);
    if (all !== undefined) return all;
    const full = `${this.#scope.prefix}${name}`;
    return [...this.#names.values()].some((ids) => ids.includes(full)) ? [full] : refuse(`there is no step ${name}`);
  }

  #value(value: Json, refuse: (why: string) => never): Json {
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => this.#value(item, refuse));
    if (!isObject(value)) return value;
    const alone = Object.keys(value).length === 1;
    if (alone && typeof value.$cel === "string") return { $cel: this.#cel(value.$cel, refuse) };
    if (Object.hasOwn(value, "$each")) return this.#each(alone ? value.$each! : null, refuse);
    if (Object.hasOwn(value, "$param")) {
      const name = alone && typeof value.$param === "string" ? value.$param : refuse("$param names a parameter, alone");
      return this.#scope.params.get(name) ?? refuse(`there is no parameter ${name} here`);
    }
    const reference = asReference(value);
    if (reference === null || reference === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, this.#value(part, refuse)]));
    const ids = this.#ids(reference.step, refuse);
    if (ids.length !== 1 || this.#isFanOut(ids, reference.step))
      return refuse(`${reference.step} stands for several steps; name one of them, such as ${ids[0] ?? "its first"}`);
    return { $ref: `steps.${ids[0]}.result#${reference.pointer}` };
  }

  /** A part of the element, as data of the intent or as a reference into a result. */
  #each(pointer: Json, refuse: (why: string) => never): Json {
    const { element } = this.#scope;
    if (element === null) return refuse("$each stands in a step with `for`; a sub-playbook gets it as a parameter");
    const segments = typeof pointer === "string" ? parsePointer(pointer) : undefined;
    if (segments === undefined)
      return refuse("$each is a JSON pointer into the element, such as /sku, and stands alone");
    const { path, text, index } = element;
    if (path.root === "intent") return { $cel: celAt(text, segments) };
    const [step, ...rest] = path.segments;
    return {
      $ref: `steps.${step}.result#${[...rest, String(index), ...segments].map((part) => `/${escapeSegment(part)}`).join("")}`,
    };
  }

  #cel(source: string, refuse: (why: string) => never): string {
    const { element, params, prefix } = this.#scope;
    return renameInCel(source, {
      of: (name) =>
        element === null
          ? undefined
          : name === element.as
            ? element.text
            : name === "index"
              ? `${element.index}`
              : undefined,
      member: (root, name) => {
        if (root === "params") {
          const value = params.get(name);
          return value === undefined
            ? refuse(`there is no parameter ${name} here`)
            : this.#paramInCel(name, value, refuse);
        }
        if (root !== "results") return undefined;
        const ids = this.#ids(name, refuse);
        if (this.#isFanOut(ids, name)) return celResult(`${prefix}${name}`);
        return ids.length === 1 ? celResult(ids[0]!) : refuse(`${name} stands for several steps; name one of them`);
      },
    });
  }

  #isFanOut = (ids: readonly string[], name: string): boolean =>
    ids.length > 0 && ids.every((id, i) => id === `${this.#scope.prefix}${name}_${i}`);

  #paramInCel(name: string, value: Json, refuse: (why: string) => never): string {
    if (isObject(value) && typeof value.$cel === "string") return `(${value.$cel})`;
    const reference = asReference(value);
    if (reference !== undefined && reference !== null)
      return celAt(celResult(reference.step), parsePointer(reference.pointer)!);
    if (JSON.stringify(value).includes('"$'))
      return refuse(`CEL takes the parameter ${name} as a whole $cel or $ref only`);
    return JSON.stringify(value);
  }
}

const basesOf = (entry: PlaybookEntry, prefix: string): string[] =>
  entry.for === undefined
    ? [`${prefix}${entry.id}`]
    : Array.from({ length: entry.for.max }, (_, i) => `${prefix}${entry.id}_${i}`);
