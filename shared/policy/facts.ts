/**
 * The facts that rules speak of, and how they reach the evaluator: each converted at most once per evaluation, and only when read.
 * A fact that is not there yet answers with a marker, so that a rule whose answer depends on it is deferred instead of failing.
 */
import { NO_MEMORY, type MemoryFacts } from "../memory.ts";
import { celError, type CelInput } from "@bufbuild/cel";
import { type CapabilityContract, renderTemplate, type Role, ROLES } from "../capability.ts";
import type { Contract } from "../contracts.ts";
import { type CompiledFeatures, featuresValue } from "../features.ts";
import { type EvidenceFacts, NO_EVIDENCE } from "../grounds.ts";
import type { Json, JsonObject } from "../json.ts";
import type { PlannerKind, PremiseClass } from "../proposal.ts";
import { type Provenance, weakest } from "../provenance-order.ts";
import type { Toggles } from "../toggles.ts";
import { type Bindings, type CelError, type CelValue, compileExpression } from "./expression.ts";
import { lazyMap, toCelList, toCelValue } from "./values.ts";

/** A capability of the release, with its contracts compiled. */
export type CapabilityDeclaration = {
  readonly contract: CapabilityContract;
  readonly input: Contract;
  readonly output: Contract;
  readonly preview?: Contract | undefined;
  readonly observe?: Contract | undefined;
};

/** What expressions may speak of: the automation's input contract, its features and the release's capabilities by name. */
export type Declarations = {
  readonly input: Contract;
  /** Values computed from the input, by name; absent where the release declares none. */
  readonly features?: CompiledFeatures | undefined;
  /** Names of `intent.fields`, where the release reads a text. */
  readonly fields?: ReadonlySet<string> | undefined;
  readonly capabilities: ReadonlyMap<string, CapabilityDeclaration>;
};

/** Everything that a rule may see about one step, as plain JSON. */
export type Facts = {
  readonly intent: {
    readonly automation: string;
    readonly input: Json;
    readonly region: string;
    readonly purpose: string;
    /** Of a release with a classifier: the label, and who gave it. Empty texts in CEL otherwise. */
    readonly label?: string;
    readonly labelledBy?: string;
    /** Of a release that reads a text: its fields, each there; an empty text or 0 where nothing was found. */
    readonly fields?: { readonly [name: string]: string | number };
  };
  readonly task: { readonly id: string; readonly region: string; readonly round: number };
  readonly principal: {
    readonly key: string;
    readonly role: string;
    readonly member: string;
    readonly person: boolean;
  };
  readonly agent: { readonly id: string; readonly planner: PlannerKind };
  /** Of an undo: the capability whose action it takes back, and why. Empty texts in CEL for any other step. */
  readonly undo?: { readonly of: string; readonly kind: "compensation" | "reversal" };
  /** Name of a declared capability; what else rules see of it comes from its contract. */
  readonly capability: string;
  readonly args: JsonObject;
  /** Argument name → provenance; an argument without one counts as `model`. */
  readonly provenance: { readonly [argument: string]: Provenance };
  /** What the data subjects of the task said about its purpose; nothing recorded where absent. Known when the step is resolved. */
  readonly consent?: { readonly recorded: boolean; readonly given: boolean };
  /** What the act would change; an empty map where the capability shows nothing. */
  readonly preview?: Json;
  /** How strongly each record that the act relies on will hold when it happens. */
  readonly premises?: readonly PremiseClass[];
  /** What the arguments rest on; known when the step is resolved. */
  readonly evidence?: EvidenceFacts;
  /** The quality of what the planner was shown of memory; nothing where absent. */
  readonly memory?: MemoryFacts;
  /** The feature toggles that the release looks at, as the plan has them; one that is not set is absent. */
  readonly toggles?: Toggles;
  /** Results of earlier steps by step id. */
  readonly results?: { readonly [step: string]: StepResult };
  readonly confidence: number;
  /** Null is -1.0 in CEL. */
  readonly claimedConfidence: number | null;
  /** `now` in CEL is a timestamp. */
  readonly nowMs: number;
};

export type StepResult = { readonly capability: string; readonly result: Json };

/** Which facts are there. The others (`capability.tags` among them, with `args`) defer the rules that depend on them. */
export type Available = {
  readonly args: boolean;
  readonly preview: boolean;
  readonly results: boolean;
};

export const ROOTS = [
  "intent",
  "features",
  "task",
  "principal",
  "agent",
  "undo",
  "capability",
  "args",
  "provenance",
  "roles",
  "preview",
  "premises",
  "consent",
  "evidence",
  "memory",
  "toggles",
  "results",
  "confidence",
  "claimedConfidence",
  "now",
] as const;

const NOT_YET: CelError = celError("not available yet");

/** The bindings of one evaluation. Property reads are the evaluator's look-ups of roots. */
export class FactView implements Record<(typeof ROOTS)[number], CelInput | CelError> {
  readonly [root: string]: CelInput | CelError | undefined;
  /** Set when a fact was asked for that is not there yet. */
  #missed = false;
  readonly #facts: Facts;
  readonly #available: Available;
  readonly #declarations: Declarations;
  readonly #capability: CapabilityDeclaration;
  readonly #made = new Map<string, CelInput>();

  constructor(facts: Facts, available: Available, declarations: Declarations, capability: CapabilityDeclaration) {
    this.#facts = facts;
    this.#available = available;
    this.#declarations = declarations;
    this.#capability = capability;
  }

  /** Whether a missing fact was asked for since the last call. */
  static takeMissed(view: FactView): boolean {
    const missed = view.#missed;
    view.#missed = false;
    return missed;
  }

  #once(root: string, make: () => CelInput): CelInput {
    let value = this.#made.get(root);
    if (value === undefined) this.#made.set(root, (value = make()));
    return value;
  }

  #ifThere(there: boolean, root: string, make: () => CelInput): CelInput | CelError {
    if (there) return this.#once(root, make);
    this.#missed = true;
    return NOT_YET;
  }

  get intent(): CelInput {
    return this.#once("intent", () => intentValue(this.#facts.intent, this.#declarations.input));
  }
  get features(): CelInput {
    return this.#once("features", () => featuresValue(this.#declarations, this.#facts.intent.input));
  }
  get task(): CelInput {
    return this.#once("task", () => toCelValue(this.#facts.task, undefined));
  }
  get principal(): CelInput {
    return this.#once("principal", () => toCelValue(this.#facts.principal, undefined));
  }
  get agent(): CelInput {
    return this.#once("agent", () => toCelValue(this.#facts.agent, undefined));
  }
  get undo(): CelInput {
    return this.#once("undo", () => toCelValue(this.#facts.undo ?? { of: "", kind: "" }, undefined));
  }
  get capability(): CelInput {
    const { contract } = this.#capability;
    const tags = () =>
      this.#ifThere(this.#available.args, "tags", () => tagsOf(contract, this.#facts.args)) as CelValue | CelError;
    return this.#once("capability", () => lazyMap({ ...capabilityThunks(contract), tags }));
  }
  get args(): CelInput | CelError {
    return this.#ifThere(this.#available.args, "args", () => toCelValue(this.#facts.args, this.#capability.input.root));
  }
  get provenance(): CelInput {
    return this.#once("provenance", () => toCelValue(provenanceOfAll(this.#facts), undefined));
  }
  get roles(): CelInput {
    return this.#once("roles", () =>
      toCelValue(rolesOf(this.#capability.contract, provenanceOfAll(this.#facts)), undefined),
    );
  }
  get preview(): CelInput | CelError {
    return this.#ifThere(this.#available.preview, "preview", () =>
      toCelValue(this.#facts.preview ?? {}, this.#capability.preview?.root),
    );
  }
  get premises(): CelInput | CelError {
    return this.#ifThere(this.#available.preview, "premises", () => {
      const classes = this.#facts.premises ?? [];
      return toCelValue({ count: classes.length, weakest: weakestClass(classes) }, undefined);
    });
  }
  get consent(): CelInput | CelError {
    // A word may be taken back at any time, so it counts at the moment of the act alone.
    return this.#ifThere(this.#available.preview, "consent", () => {
      const { recorded = false, given = false } = this.#facts.consent ?? {};
      return toCelValue({ recorded, given }, undefined);
    });
  }
  get evidence(): CelInput | CelError {
    // It gets older until the act.
    return this.#ifThere(this.#available.results, "evidence", () =>
      toCelValue({ ...(this.#facts.evidence ?? NO_EVIDENCE) }, undefined),
    );
  }
  get memory(): CelInput {
    return this.#once("memory", () => toCelValue({ ...(this.#facts.memory ?? NO_MEMORY) }, undefined) as CelInput);
  }
  get toggles(): CelInput {
    return this.#once("toggles", () => toCelValue(this.#facts.toggles ?? {}, undefined) as CelInput);
  }
  get results(): CelInput | CelError {
    return this.#ifThere(this.#available.results, "results", () =>
      resultsValue(this.#facts.results ?? {}, this.#declarations),
    );
  }
  get confidence(): CelInput {
    return this.#facts.confidence;
  }
  get claimedConfidence(): CelInput {
    return this.#facts.claimedConfidence ?? -1;
  }
  get now(): CelInput | CelError {
    return this.#once("now", () => timestamp(this.#facts.nowMs) as CelInput);
  }
}

/** `none` where the act relies on nothing that was read. */
const weakestClass = (classes: readonly PremiseClass[]): PremiseClass | "none" =>
  WEAKEST_FIRST.find((one) => classes.includes(one)) ?? "none";
const WEAKEST_FIRST = ["checked-before", "conditional-request", "same-transaction"] as const;

const constants = (values: { readonly [key: string]: Json }): Thunks =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, () => toCelValue(value, undefined)]));

type Thunks = { readonly [key: string]: () => CelValue };
const thunksByContract = new WeakMap<CapabilityContract, Thunks>();

/** What of a capability is the same in every evaluation; made once per contract object. */
function capabilityThunks(contract: CapabilityContract): Thunks {
  let thunks = thunksByContract.get(contract);
  if (thunks === undefined) {
    const { name, version, risk, effect, reversible, delivery } = contract;
    thunks = constants({ name, version, risk, effect, reversible, delivery });
    thunksByContract.set(contract, thunks);
  }
  return thunks;
}

/** `intent` in CEL. */
export const intentValue = (intent: Facts["intent"], input: Contract): CelInput =>
  lazyMap({
    ...constants({
      automation: intent.automation,
      region: intent.region,
      purpose: intent.purpose,
      label: intent.label ?? "",
      labelledBy: intent.labelledBy ?? "",
      fields: intent.fields ?? {},
    }),
    input: () => toCelValue(intent.input, input.root),
  });

/**
 * `results` in CEL, each by the output contract of the capability that gave it.
 * @param lists fan-outs of one capability: the results of their elements stand in one list, in order, those that have none left out
 */
export const resultsValue = (
  results: { readonly [step: string]: StepResult },
  declarations: Declarations,
  lists: ReadonlyMap<string, readonly string[]> = new Map(),
): CelInput => {
  const rootOf = (capability: string) => declarations.capabilities.get(capability)?.output.root;
  const listOf = (ids: readonly string[]) => {
    const found = ids.flatMap((id) => (Object.hasOwn(results, id) ? [results[id]!] : []));
    return toCelList(
      found.map(({ result }) => result),
      rootOf(found[0]?.capability ?? ""),
    );
  };
  return lazyMap({
    ...Object.fromEntries([...lists].map(([name, ids]) => [name, () => listOf(ids)])),
    ...Object.fromEntries(
      Object.entries(results).map(([step, { capability, result }]) => [
        step,
        () => toCelValue(result, rootOf(capability)),
      ]),
    ),
  });
};

/** Every argument has a provenance; one of unknown origin counts as the model's. */
export const provenanceOfAll = ({ args, provenance }: Facts): Record<string, Provenance> =>
  Object.fromEntries(
    Object.keys(args).map((name) => [name, Object.hasOwn(provenance, name) ? provenance[name]! : "model"]),
  );

/** Role → weakest provenance of the arguments that carry it; `none` where the step has no such argument. */
export function rolesOf(
  contract: CapabilityContract,
  provenance: { readonly [argument: string]: Provenance },
): Record<Role, Provenance | "none"> {
  const of = (role: Role): Provenance | "none" => {
    const present = (contract.roles[role] ?? []).filter((name) => Object.hasOwn(provenance, name));
    return present.length === 0 ? "none" : weakest(present.map((name) => provenance[name]!));
  };
  return Object.fromEntries(ROLES.map((role) => [role, of(role)])) as Record<Role, Provenance | "none">;
}

/** A tag that cannot be rendered is an error and no missing tag: a rule that looks at tags must not overlook one. */
function tagsOf(contract: CapabilityContract, args: JsonObject): CelInput {
  const tags = contract.tags.map((template) => renderTemplate(template, args));
  const failed = tags.find((tag) => !tag.ok);
  if (failed !== undefined && !failed.ok) throw new Error(failed.problem.detail);
  return toCelValue(
    tags.map((tag) => (tag.ok ? tag.value : "")),
    undefined,
  );
}

const toTimestamp = compileExpression("timestamp(text)", ["text"]);

/** A CEL timestamp; an error value for a time outside CEL's years. */
function timestamp(ms: number): CelValue | CelError {
  if (!toTimestamp.ok || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return celError("now is not a time");
  const bindings: Bindings = { text: new Date(ms).toISOString() };
  return toTimestamp.value.evaluate(bindings);
}
