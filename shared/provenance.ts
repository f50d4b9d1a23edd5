/**
 * Provenance: whose words an argument repeats. It is computed by code and never claimed, because policy contains a hijacked planner by it.
 *
 * For a value that a model or an agent wrote:
 * - `principal` when the whole value equals, after typed normalisation, a principal field of the input, or is a token of a distinctive
 *   type (e-mail address, IBAN, URL, declared id) that a principal's text names and nowhere takes back (shared/naming.ts);
 * - `record` when it equals a trusted field of a record that was read in this task under a key of such provenance;
 * - else `model`. A list or an object is as its weakest part.
 *
 * Short values prove nothing by being equal: booleans, numbers, null, empty lists, amounts, dates, texts under four characters, digits
 * under six and members of a closed list count only against a field of the same name. A choice between fixed options carries nobody's
 * text, but it is still the model's choice and says so.
 */
import type { Contract, Field } from "./contracts.ts";
import type { Json, JsonObject } from "./json.ts";
import { isTime, normalWhole, numberOf } from "./normal.ts";
import { isObject } from "./pointer.ts";
import type { CapabilityDeclaration } from "./policy/facts.ts";
import { atLeast, type Provenance, weakest } from "./provenance-order.ts";
import { asReference, type Reference } from "./references.ts";
import { asToken, naming } from "./tokens.ts";

export { atLeast, PROVENANCE, type Provenance, weakest } from "./provenance-order.ts";

/** Where a reference leads: a step, the weakest provenance of its arguments, and what its fields are declared to be. */
export type SourceView = { readonly keyProvenance: Provenance; readonly outputContract: Contract };

/** A result of an earlier applied read step of the same task. */
export type RecordView = SourceView & {
  readonly step: string;
  readonly capability: string;
  readonly result: Json;
};

export type AgentView = {
  readonly args: JsonObject;
  readonly argsContract: Contract;
  readonly input: Json;
  readonly inputContract: Contract;
  readonly records: readonly RecordView[];
  /** The agent opened the task itself: nothing in it is a principal's word. */
  readonly openedByAgent: boolean;
  /** The input came out of an event: whatever the contract says of its fields, nothing in it is a principal's word. */
  readonly fromEvent?: boolean;
  /** Steps that arguments may refer to, by id; the records' steps are known without it. */
  readonly sources?: ReadonlyMap<string, SourceView>;
};

/** Argument name → the strongest statement that holds for all of its parts. */
export function provenanceForAgent(view: AgentView): Record<string, Provenance> {
  const names = Object.keys(view.args);
  if (view.openedByAgent) return Object.fromEntries(names.map((name) => [name, "model"]));
  const evidence = new Evidence(view);
  return Object.fromEntries(
    names.map((name) => [name, evidence.judge(view.args[name]!, view.argsContract.root.properties.get(name), name)]),
  );
}

/**
 * How well an agent's read named the record that it returned: as its weakest argument. One whose targets name nothing, because the contract
 * declares none or because many records answer to them (numbers, dates, choices, short texts), searches or lists: its result is content,
 * whoever owns it, since whoever plants a word decides what a search for it finds.
 */
export function keyProvenanceForAgent(
  args: JsonObject,
  { contract, input }: Pick<CapabilityDeclaration, "contract" | "input">,
  provenance: { readonly [argument: string]: Provenance },
  sources: ReadonlyMap<string, SourceView> = new Map(),
): Provenance {
  const names = (contract.roles.target ?? []).some(
    (name) => Object.hasOwn(args, name) && namesSomething(args[name]!, input.root.properties.get(name), sources),
  );
  return names ? weakest(Object.keys(args).map((name) => provenance[name] ?? "model")) : "content";
}

function namesSomething(value: Json, field: Field | undefined, sources: ReadonlyMap<string, SourceView>): boolean {
  const reference = asReference(value);
  // What it leads to is not known yet; only a declared id is sure to be more than a number, a date or a short text.
  if (reference !== undefined) return isId(field) || (reference !== null && isId(fieldOf(reference, sources)));
  if (Array.isArray(value))
    return (value as readonly Json[]).some((item) => namesSomething(item, field?.items, sources));
  if (isObject(value))
    return Object.entries(value).some(([key, part]) => namesSomething(part, field?.properties.get(key), sources));
  return typeof value === "string" && !isShort(value) && !isTime(value) && field?.closed !== true;
}

const isId = (field: Field | undefined): boolean => field?.id !== undefined;
const fieldOf = ({ step, pointer }: Reference, sources: ReadonlyMap<string, SourceView>): Field | undefined =>
  sources.get(step)?.outputContract.field(pointer);

/** A reference is `record` where the tenant's own data is read under a trusted key, else somebody's content. */
export const provenanceOfReference = ({ pointer }: Reference, source: SourceView): Provenance =>
  source.outputContract.isTrusted(pointer) && atLeast(source.keyProvenance, "record") ? "record" : "content";

class Evidence {
  readonly #principal = new Sayings();
  readonly #records = new Sayings();
  readonly #sources: Map<string, SourceView>;
  readonly #ids: readonly RegExp[];

  constructor(view: AgentView) {
    this.#ids = [...view.argsContract.ids, ...view.inputContract.ids];
    this.#sources = new Map([...(view.sources ?? []), ...view.records.map((record) => [record.step, record] as const)]);
    if (view.fromEvent !== true)
      this.#principal.collect(view.input, view.inputContract.root, "", (field) => field.origin === "principal");
    for (const { keyProvenance, result, outputContract } of view.records)
      if (atLeast(keyProvenance, "record"))
        this.#records.collect(result, outputContract.root, "", (field) => field.trusted);
  }

  judge(value: Json, field: Field | undefined, name: string): Provenance {
    const reference = asReference(value);
    if (reference !== undefined) {
      const source = reference === null ? undefined : this.#sources.get(reference.step);
      return source === undefined ? "model" : provenanceOfReference(reference!, source);
    }
    if (Array.isArray(value) && value.length > 0)
      return weakest((value as readonly Json[]).map((item) => this.judge(item, field?.items, name)));
    if (isObject(value) && Object.keys(value).length > 0)
      return weakest(Object.entries(value).map(([key, part]) => this.judge(part, field?.properties.get(key), key)));
    return this.#judgeScalar(value, field, name);
  }

  #judgeScalar(value: Json, field: Field | undefined, name: string): Provenance {
    if (typeof value !== "string" || provesLittle(value) || field?.closed === true) {
      if (this.#principal.saysShort(name, value)) return "principal";
      return this.#records.saysShort(name, value) ? "record" : "model";
    }
    const token = asToken(value, this.#ids);
    const key = token?.normal ?? value;
    if (this.#principal.says(key)) return "principal";
    const named = token === undefined ? "absent" : naming(this.#principal.texts, token);
    if (named === "named") return "principal";
    // What the principal said is not meant is not meant either where a record has it.
    if (named === "taken back") return "model";
    return this.#records.says(key) ? "record" : "model";
  }
}

/** What one kind of source says, field by field. */
export class Sayings {
  readonly texts: string[] = [];
  readonly #whole = new Set<string>();
  readonly #short = new Set<string>();

  collect(value: Json, field: Field | undefined, name: string, counts: (field: Field) => boolean): void {
    if (field === undefined) return;
    if (Array.isArray(value) && value.length > 0) {
      for (const item of value as readonly Json[]) this.collect(item, field.items, name, counts);
    } else if (isObject(value) && Object.keys(value).length > 0) {
      for (const [key, part] of Object.entries(value)) this.collect(part, field.properties.get(key), key, counts);
    } else if (counts(field)) {
      for (const key of saidKeys(name, value)) this.#short.add(key);
      if (typeof value !== "string" || provesLittle(value)) return;
      this.#whole.add(asToken(value, [])?.normal ?? value);
      this.texts.push(value);
    }
  }

  /** Whether some part of the value is said here as a whole: equal in its spelling, short ones under the same name. */
  saysPart(value: Json, field: Field | undefined, name: string, ids: readonly RegExp[]): boolean {
    if (Array.isArray(value))
      return (value as readonly Json[]).some((item) => this.saysPart(item, field?.items, name, ids));
    if (isObject(value))
      return Object.entries(value).some(([key, part]) => this.saysPart(part, field?.properties.get(key), key, ids));
    if (typeof value !== "string" || provesLittle(value) || field?.closed === true) return this.saysShort(name, value);
    return this.says(asToken(value, ids)?.normal ?? value);
  }

  says = (normal: string): boolean => this.#whole.has(normal);
  saysShort = (name: string, value: Json): boolean => askedKeys(name, value).some((key) => this.#short.has(key));
}

const isShort = (text: string): boolean =>
  text.trim().length < 4 || (/^[\d\s.,+-]*$/.test(text) && text.replace(/\D/g, "").length < 6);
/** Amounts, dates and times too: many things have the same. */
const provesLittle = (text: string): boolean =>
  isShort(text) || normalWhole(text) !== undefined || (text.includes(".") && numberOf(text) !== null);

/** `order_id` and `orderId` are one name. */
const plain = (name: string): string => name.replace(/[_-]/g, "").toLowerCase();
/** A text in one spelling, where it has a type that has several. */
const spelling = (value: Json): string =>
  typeof value === "string" ? (normalWhole(value) ?? JSON.stringify(value)) : JSON.stringify(value);

/** What a field says of a short value. A number is also said by its decimal text, and the other way round; two texts are not one by being one number. */
function saidKeys(name: string, value: Json): string[] {
  const number = numberOf(value);
  if (typeof value === "number") return [`${plain(name)} num ${number}`];
  return [`${plain(name)} ${spelling(value)}`, ...(number === null ? [] : [`${plain(name)} dec ${number}`])];
}
function askedKeys(name: string, value: Json): string[] {
  const number = numberOf(value);
  if (typeof value === "number") return [`${plain(name)} num ${number}`, `${plain(name)} dec ${number}`];
  return [`${plain(name)} ${spelling(value)}`, ...(number === null ? [] : [`${plain(name)} num ${number}`])];
}
