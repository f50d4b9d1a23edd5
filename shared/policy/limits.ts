/**
 * Aggregate limits: which of a policy's limits an action falls under, by how much, and in which group. Pure; the counting is done by one
 * object for each (tenant, automation, limit, group), which the executor asks before each claim.
 *
 * L1  A limit that cannot be evaluated denies, as a rule does: what is not counted must not happen.
 * L2  Amounts are whole numbers of at least 0, in the minor unit of whatever they count.
 */
import { canonicalize } from "../canonical.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256Hex } from "../sha256.ts";
import { capabilitiesOf } from "./about.ts";
import { compileExpression, type Expression, type Path } from "./expression.ts";
import { type Declarations, type Facts, FactView, ROOTS } from "./facts.ts";
import { type Limit, type Reviewers, windowMs } from "./schema.ts";

export type CompiledLimit = {
  readonly limit: Limit;
  readonly when: Expression;
  /** Null counts. */
  readonly sum: Expression | null;
  readonly group: Expression | null;
  /** The only capabilities that the limit can be about; null where it does not say. */
  readonly capabilities: ReadonlySet<string> | null;
  readonly windowMs: number;
};

/** What one action asks of one limit. */
export type Demand = {
  readonly limit: string;
  /** SHA-256 over the group's value: the value itself may be a person's and stands in no name. */
  readonly group: string;
  readonly amount: number;
  readonly windowMs: number;
  readonly max: number;
  readonly exceeded: "deny" | "review";
  readonly reviewers: Reviewers | null;
};

export function compileLimit(limit: Limit): Result<CompiledLimit> {
  const when = compileExpression(limit.when, ROOTS);
  if (!when.ok) return when;
  const sum = limit.sum === undefined ? ok(null) : compileExpression(limit.sum, ROOTS);
  if (!sum.ok) return sum;
  const group = limit.group === undefined ? ok(null) : compileExpression(limit.group, ROOTS);
  if (!group.ok) return group;
  const names = capabilitiesOf(when.value.ast);
  return ok({
    limit,
    when: when.value,
    sum: sum.value,
    group: group.value,
    capabilities: names === undefined ? null : new Set(names),
    windowMs: windowMs(limit.window),
  });
}

/** Everything that a limit looks at. */
export const pathsOfLimit = ({ when, sum, group }: CompiledLimit): readonly Path[] =>
  [when, sum, group].flatMap((expression) => expression?.paths ?? []);

/** Whether any limit can apply to actions of this capability. */
export const mayBeLimited = (limits: readonly CompiledLimit[], capability: string): boolean =>
  limits.some(({ capabilities }) => capabilities === null || capabilities.has(capability));

/**
 * The limits that an action falls under, in the policy's order. All facts must be there.
 * Errors: policy-denied where a limit cannot be evaluated (L1); `facts.rule` names it.
 */
export function limitDemands(
  limits: readonly CompiledLimit[],
  facts: Facts,
  declarations: Declarations,
): Result<readonly Demand[]> {
  const capability = declarations.capabilities.get(facts.capability);
  if (capability === undefined) return ok([]);
  const view = new FactView(facts, { args: true, preview: true, results: true }, declarations, capability);
  const demands: Demand[] = [];
  for (const { limit, when, sum, group, capabilities, windowMs: ms } of limits) {
    if (capabilities !== null && !capabilities.has(facts.capability)) continue;
    const applies = when.evaluate(view);
    if (applies === false) continue;
    const amount = sum === null ? 1n : sum.evaluate(view);
    const value = group === null ? "" : group.evaluate(view);
    if (applies !== true || !isAmount(amount) || !isGroup(value))
      return err(problem("policy-denied", `The limit ${limit.id} cannot be evaluated.`, { rule: limit.id }));
    demands.push({
      limit: limit.id,
      group: sha256Hex(canonicalize([typeof value, String(value)])),
      amount: Number(amount),
      windowMs: ms,
      max: limit.max,
      exceeded: limit.exceeded,
      reviewers: limit.reviewers ?? null,
    });
  }
  return ok(demands);
}

const isAmount = (value: unknown): value is bigint =>
  typeof value === "bigint" && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);
const isGroup = (value: unknown): value is string | bigint | boolean =>
  typeof value === "string" || typeof value === "bigint" || typeof value === "boolean";
