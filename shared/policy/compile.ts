/**
 * From the text of a policy to something that can be evaluated a hundred thousand times a second.
 *
 * Rules whose top-level conjunction says which capability they are about are kept by capability; the others are always evaluated.
 * That is only a shortcut: such a rule is false for every other capability, whatever its other conjuncts do, because in CEL
 * `false && error` is false.
 */
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { capabilitiesOf } from "./about.ts";
import { compileExpression, type Expression, type Path } from "./expression.ts";
import { type Declarations, ROOTS } from "./facts.ts";
import { type CompiledLimit, compileLimit, pathsOfLimit } from "./limits.ts";
import { type CompiledUnguarded, GUARD_ID } from "./role-guard.ts";
import { type Answer, Policy, type Rule } from "./schema.ts";
import { wrongToggle } from "../toggles.ts";

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
  readonly limits: readonly CompiledLimit[];
  /** Exceptions from the guard of roles. */
  readonly unguarded: readonly CompiledUnguarded[];
  /** Some rule may look at `consent`: what was decided before the act does not stand then. */
  readonly asksConsent: boolean;
  /** Some rule or limit may look at `memory`, which gets older too. */
  readonly asksMemory: boolean;
  /** Some rule or limit may look at `evidence`, which gets older. */
  readonly asksEvidence: boolean;
  /** Everything that its rules, limits and exceptions look at. */
  readonly paths: readonly Path[];
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
    const unknown = expression.ok
      ? (unknownFeature(expression.value, declarations) ?? wrongToggle(expression.value.paths))
      : null;
    if (unknown !== null) faults.push({ id: rule.id, why: unknown });
    else if (expression.ok) compiled.push({ rule, id: rule.id, then: rule.then, expression: expression.value });
    else faults.push({ id: rule.id, why: expression.problem.detail });
  }
  const limits: CompiledLimit[] = [];
  for (const limit of policy.limits ?? []) {
    if (seen.has(limit.id)) faults.push({ id: limit.id, why: "the id is used twice" });
    seen.add(limit.id);
    const made = compileLimit(limit);
    const unnamed = made.ok ? wrongToggle(pathsOfLimit(made.value)) : null;
    if (unnamed !== null) faults.push({ id: limit.id, why: unnamed });
    else if (made.ok) limits.push(made.value);
    else faults.push({ id: limit.id, why: made.problem.detail });
  }
  const unguarded: CompiledUnguarded[] = [];
  for (const entry of policy.unguarded ?? []) {
    if (seen.has(entry.id)) faults.push({ id: entry.id, why: "the id is used twice" });
    seen.add(entry.id);
    const expression = compileExpression(entry.when, ROOTS);
    const unnamed = expression.ok ? wrongToggle(expression.value.paths) : null;
    if (unnamed !== null) faults.push({ id: entry.id, why: unnamed });
    else if (expression.ok) unguarded.push({ entry, expression: expression.value });
    else faults.push({ id: entry.id, why: expression.problem.detail });
  }
  for (const id of seen)
    if (GUARD_ID.test(id)) faults.push({ id, why: "ids that begin with unnamed- are the guard's own" });
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
  const asksConsent = [...policy.rules, ...(policy.unguarded ?? [])].some(({ when }) => when.includes("consent"));
  const asks = (root: string) =>
    [...policy.rules, ...(policy.limits ?? []), ...(policy.unguarded ?? [])].some((one) =>
      JSON.stringify(one).includes(root),
    );
  return ok({
    policy,
    declarations,
    limits,
    unguarded,
    asksConsent,
    asksEvidence: asks("evidence"),
    asksMemory: asks("memory"),
    paths: [
      ...compiled.flatMap(({ expression }) => expression.paths),
      ...limits.flatMap(pathsOfLimit),
      ...unguarded.flatMap(({ expression }) => expression.paths),
    ],
    ...index(compiled, options.indexed),
  });
}

/** A feature that the release does not declare can never be looked at. */
function unknownFeature({ paths }: Expression, { features }: Declarations): string | null {
  const missing = paths.find(
    ({ root, segments: [name] }) => root === "features" && name !== undefined && !features?.has(name),
  );
  return missing === undefined ? null : `there is no features.${missing.segments[0]}`;
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
