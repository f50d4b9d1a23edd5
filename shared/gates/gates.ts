/**
 * Quality gates made ready, and asked. Pure, over the input alone: the intent-manager asks them before it plans, the executor asks them
 * again with every decision.
 *
 * G1  A gate that cannot be evaluated fails.
 * G2  A gate only makes an answer stricter: `refuse` denies writes, `review` sends them to people.
 */
import type { StepDecision } from "../events.ts";
import type { Json } from "../json.ts";
import { featuresValue } from "../features.ts";
import { LIMITS } from "../limits.ts";
import { parsePointer } from "../pointer.ts";
import { compileExpression, type Expression } from "../policy/expression.ts";
import type { Declarations } from "../policy/facts.ts";
import { toCelValue } from "../policy/values.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import type { Bounds } from "./baseline.ts";
import type { Gate, Gates } from "./schema.ts";

/** A number of an input, for an anomaly gate. `key` names its baseline, which begins anew when the gate looks at another field. */
export type Reading = { readonly gate: string; readonly key: string; readonly value: number; readonly bounds: Bounds };

export type CompiledGate = { readonly gate: Gate; readonly check: Expression | null };
/** The contract of the input, and what is computed from it. */
export type GateFacts = Pick<Declarations, "input" | "features">;
export type CompiledGates = { readonly gates: readonly CompiledGate[]; readonly facts: GateFacts };

/** One gate that an input does not pass: `field` is the pointer at fault, or empty where the whole is. */
export type FailedGate = { readonly gate: Gate; readonly field: string };

/** Compiles the gates of a release. Errors: `gates-invalid`. */
export function compileGates(gates: Gates, facts: GateFacts): Result<CompiledGates> {
  const { input, features } = facts;
  const wrong = (id: string, why: string) => err(problem("gates-invalid", `The gate ${id}: ${why}.`, { gate: id }));
  const seen = new Set<string>();
  const compiled: CompiledGate[] = [];
  for (const gate of gates) {
    if (seen.has(gate.id)) return wrong(gate.id, "the id is used twice");
    seen.add(gate.id);
    const number = gate.range?.field ?? gate.anomaly?.field;
    const fields = [...(gate.complete ?? []), ...(number === undefined ? [] : [number])];
    const unknown = fields.find((field) => input.field(field) === undefined);
    if (unknown !== undefined) return wrong(gate.id, `the contract has no field ${unknown}`);
    if (number !== undefined && !["integer", "number"].includes(input.typeOf(number) ?? ""))
      return wrong(gate.id, `${number} is no number`);
    const check = gate.check === undefined ? null : compileExpression(gate.check, ["input", "features"]);
    if (check !== null && !check.ok) return wrong(gate.id, check.problem.detail);
    const missing = check?.value.paths.find(
      ({ root, segments: [name = ""] }) => root === "features" && !features?.has(name),
    );
    if (missing !== undefined) return wrong(gate.id, `there is no features.${missing.segments.join(".")}`);
    compiled.push({ gate, check: check === null ? null : check.value });
  }
  return ok({ gates: compiled, facts });
}

const failedByInput = new WeakMap<CompiledGates, WeakMap<object, readonly FailedGate[]>>();

/** The gates that an input does not pass, in the order of the release. Asked once for each input. */
export function failedGates(compiled: CompiledGates, input: Json): readonly FailedGate[] {
  if (typeof input !== "object" || input === null) return ask(compiled, input);
  let known = failedByInput.get(compiled);
  if (known === undefined) failedByInput.set(compiled, (known = new WeakMap()));
  let failed = known.get(input);
  if (failed === undefined) known.set(input, (failed = ask(compiled, input)));
  return failed;
}

const ask = (compiled: CompiledGates, input: Json): readonly FailedGate[] =>
  compiled.gates.flatMap(({ gate, check }) => {
    const field = faultOf(gate, check, input, compiled.facts);
    return field === null ? [] : [{ gate, field }];
  });

function faultOf({ complete, range }: Gate, check: Expression | null, input: Json, facts: GateFacts): string | null {
  if (complete !== undefined) return complete.find((field) => isEmpty(at(input, field))) ?? null;
  if (range !== undefined) {
    const value = at(input, range.field);
    if (value === undefined || value === null) return null;
    const inside =
      typeof value === "number" && value >= (range.minimum ?? -Infinity) && value <= (range.maximum ?? Infinity);
    return inside ? null : range.field;
  }
  // An anomaly is asked of what is stored (readingsOf), not of the input alone.
  if (check === null) return null;
  const answer = check.evaluate({
    input: toCelValue(input, facts.input.root),
    features: featuresValue(facts, input),
  });
  if (answer === true) return null;
  // The one field that it looks at, where there is one.
  const fields = new Set(
    check!.paths.flatMap(({ root, segments }) =>
      root === "features" ? (facts.features?.get(segments[0]!)?.from ?? []) : [`/${segments.join("/")}`],
    ),
  );
  return fields.size === 1 ? [...fields][0]! : "";
}

/** What the anomaly gates of a release look at in an input: numbers, each with what its baseline is called. */
export const readingsOf = (compiled: CompiledGates, input: Json): Reading[] =>
  compiled.gates.flatMap(({ gate: { id, anomaly } }) => {
    const value = anomaly === undefined ? undefined : at(input, anomaly.field);
    if (anomaly === undefined || typeof value !== "number") return [];
    const { field, deviations, after, window = LIMITS.baselineWindow } = anomaly;
    return [{ gate: id, key: `${id} ${field}`, value, bounds: { window: Math.max(window, after), after, deviations } }];
  });

function at(value: Json, pointer: string): Json | undefined {
  return (parsePointer(pointer) ?? []).reduce<Json | undefined>(
    (inner, segment) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, segment)
        ? (inner as { readonly [key: string]: Json })[segment]
        : undefined,
    value,
  );
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (Array.isArray(value) && value.length === 0);

/** The gates of these ids that look for anomalies. */
export const unusualGates = ({ gates }: CompiledGates, ids: readonly string[]): readonly FailedGate[] =>
  gates.flatMap(({ gate }) =>
    gate.anomaly !== undefined && ids.includes(gate.id) ? [{ gate, field: gate.anomaly.field }] : [],
  );

/** Whether each of these is an anomaly gate of the release that sends what is unusual to people. */
export const mayBeUnusual = (compiled: CompiledGates | null, ids: readonly string[]): boolean =>
  ids.every((id) =>
    compiled?.gates.some(({ gate }) => gate.id === id && gate.anomaly !== undefined && gate.onFail === "review"),
  );

/** How records and reviews call a gate. */
export const ruleOfGate = ({ id }: Gate): string => `gate-${id}`;

/** Why a failing gate asks for people, in words for them. */
export const messageOfGate = ({ id, message, anomaly }: Gate): string =>
  message ??
  (anomaly === undefined
    ? `The input does not pass the gate ${id}.`
    : `${anomaly.field} is far from what came in lately (gate ${id}).`);

/**
 * Lays the gates over a decision about a write (G2).
 * @param unusual anomaly gates that the input failed when it came in
 */
export function applyGates(
  decision: StepDecision,
  compiled: CompiledGates,
  input: Json,
  unusual: readonly string[] = [],
): StepDecision {
  const failed = [...failedGates(compiled, input), ...unusualGates(compiled, unusual)];
  if (failed.length === 0 || decision.answer === "deny") return decision;
  const refusing = failed.filter(({ gate }) => gate.onFail === "refuse").map(({ gate }) => ruleOfGate(gate));
  if (refusing.length > 0) return { ...decision, answer: "deny", final: true, rules: refusing, reviews: [] };
  const reviews = failed.flatMap(({ gate }) =>
    gate.onFail === "review" ? [{ rule: ruleOfGate(gate), ...gate.reviewers }] : [],
  );
  const all = [...decision.reviews, ...reviews];
  if (all.length > LIMITS.decisionReviews)
    return { ...decision, answer: "deny", final: true, reviews: [], rules: reviews.map(({ rule }) => rule) };
  const rules = [...(decision.answer === "review" ? decision.rules : []), ...reviews.map(({ rule }) => rule)];
  return { ...decision, answer: "review", rules: rules.slice(0, LIMITS.decisionRules), reviews: all };
}
