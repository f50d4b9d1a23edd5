/**
 * From the text of a policy to something that can be evaluated a hundred thousand times a second.
 *
 * Rules whose top-level conjunction says which capability they are about are kept by capability; the others are always evaluated.
 * That is only a shortcut: such a rule is false for every other capability, whatever its other conjuncts do, because in CEL
 * `false && error` is false.
 */
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { type Ast, compileExpression, constantOf, type Expression, pathOf } from "./expression.ts";
import { type Declarations, ROOTS } from "./facts.ts";
import { type Answer, Policy, type Rule } from "./schema.ts";

export type CompiledRule = {
  readonly rule: Rule;
  readonly id: string;
  readonly then: Answer;
  readonly expression: Expression;
};

export type CompiledPolicy = {
  readonly policy: Policy;
  readonly declarations: Declarations;
  /** Capability name → the rules that speak of it. */
  readonly byCapability: ReadonlyMap<string, readonly CompiledRule[]>;
  /** Rules that name no capability. */
  readonly always: readonly CompiledRule[];
};

/**
 * Compiles a policy for one release. Errors: `policy-invalid`; `facts.rules` names the rules at fault.
 * `indexed: false` evaluates every rule every time and gives the same decisions.
 */
export function compilePolicy(
  policy: Policy,
  declarations: Declarations,
  options: { readonly indexed: boolean } = { indexed: true },
): Result<CompiledPolicy> {
  const parsed = Policy.safeParse(policy);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return err(
      problem(
        "policy-invalid",
        `The policy is not well formed at ${issue.path.join(".") || "its root"}: ${issue.message}`,
      ),
    );
  }
  const faults: { id: string; why: string }[] = [];
  const seen = new Set<string>();
  const compiled: CompiledRule[] = [];
  for (const rule of policy.rules) {
    if (seen.has(rule.id)) faults.push({ id: rule.id, why: "the id is used twice" });
    seen.add(rule.id);
    const expression = compileExpression(rule.when, ROOTS);
    if (expression.ok) compiled.push({ rule, id: rule.id, then: rule.then, expression: expression.value });
    else faults.push({ id: rule.id, why: expression.problem.detail });
  }
  if (faults.length > 0)
    return err(
      problem(
        "policy-invalid",
        faults
          .slice(0, 5)
          .map(({ id, why }) => `${id}: ${why}`)
          .join("; "),
        {
          rules: [...new Set(faults.map(({ id }) => id))].slice(0, 50),
        },
      ),
    );
  return ok({ policy, declarations, ...index(compiled, options.indexed) });
}

function index(rules: readonly CompiledRule[], indexed: boolean): Pick<CompiledPolicy, "byCapability" | "always"> {
  const byCapability = new Map<string, CompiledRule[]>();
  const always: CompiledRule[] = [];
  for (const rule of rules) {
    const names = indexed ? capabilitiesOf(rule.expression.ast) : undefined;
    if (names === undefined) always.push(rule);
    for (const name of new Set(names)) byCapability.set(name, [...(byCapability.get(name) ?? []), rule]);
  }
  return { byCapability, always };
}

/** The only capabilities for which the expression can be anything but false; undefined where it does not say. */
export function capabilitiesOf(ast: Ast): readonly string[] | undefined {
  const { exprKind: kind } = ast;
  if (kind.case !== "callExpr") return undefined;
  const { function: name, args } = kind.value;
  if (name === "_&&_") {
    for (const arg of args) {
      const found = capabilitiesOf(arg);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [left, right] = args;
  if (left === undefined || right === undefined) return undefined;
  if (name === "_==_") {
    const value = isCapabilityName(left) ? constantOf(right) : isCapabilityName(right) ? constantOf(left) : undefined;
    return typeof value === "string" ? [value] : undefined;
  }
  if (name !== "@in" || !isCapabilityName(left) || right.exprKind.case !== "listExpr") return undefined;
  const values = right.exprKind.value.elements.map(constantOf);
  return values.every((value) => typeof value === "string") ? values : undefined;
}

function isCapabilityName(node: Ast): boolean {
  const path = pathOf(node);
  return (
    path?.root === "capability" && path.segments.length === 1 && path.segments[0] === "name" && !isPresenceTest(node)
  );
}

const isPresenceTest = (node: Ast): boolean => node.exprKind.case === "selectExpr" && node.exprKind.value.testOnly;
