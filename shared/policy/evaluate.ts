/**
 * The decision. Every rule that may apply is asked; the strongest answer of all that match wins, so order means nothing.
 *
 * P1  A rule that errors, or answers anything but true or false, denies.
 * P2  A rule whose answer depends on a fact that is not there yet is deferred, and the decision is not final.
 * P3  Where nothing matches, the policy's default answers, and that is deny or review.
 * P4  What the rules would let happen still passes the guard of roles (role-guard.ts).
 */
import type { CompiledPolicy, CompiledRule } from "./compile.ts";
import { isCelError } from "./expression.ts";
import { type Available, type Facts, FactView } from "./facts.ts";
import { guardRoles } from "./role-guard.ts";
import { ANSWERS, type Answer } from "./schema.ts";

export type ReviewDemand = {
  readonly rule: string;
  readonly role: string;
  readonly quorum: number;
};

export type Decision = {
  readonly answer: Answer;
  /** False while a deferred rule could still change the answer. */
  readonly final: boolean;
  /** The rules that decided: all matches of the strongest answer, rules that failed among the denials. Sorted by id. */
  readonly rules: readonly { readonly id: string; readonly then: Answer }[];
  /** Every matching review, whatever the answer; where the answer is review, all must be satisfied. */
  readonly reviews: readonly ReviewDemand[];
  readonly errors: readonly { readonly rule: string; readonly message: string }[];
  readonly deferred: readonly string[];
  /** No rule matched. */
  readonly byDefault: boolean;
};

/** At resolution and after: everything is there. */
export const ALL_AVAILABLE: Available = { args: true, preview: true, results: true };

/**
 * Decides one step. The capability must be declared: one that is not is denied.
 * Equal facts give equal decisions, wherever this runs.
 */
export function evaluatePolicy(
  compiled: CompiledPolicy,
  facts: Facts,
  { available }: { readonly available: Available },
): Decision {
  const capability = compiled.declarations.capabilities.get(facts.capability);
  if (capability === undefined) return undeclared(compiled);
  const view = new FactView(facts, available, compiled.declarations, capability);
  const outcome: Outcome = { matched: [], errors: [], deferred: [] };
  for (const rule of compiled.byCapability.get(facts.capability) ?? []) ask(rule, view, outcome);
  for (const rule of compiled.always) ask(rule, view, outcome);
  return guardRoles(compiled, capability, facts, view, conclude(compiled, outcome));
}

type Outcome = {
  readonly matched: CompiledRule[];
  readonly errors: { rule: string; message: string }[];
  readonly deferred: string[];
};

function ask(rule: CompiledRule, view: FactView, outcome: Outcome): void {
  const answer = rule.expression.evaluate(view);
  const missed = FactView.takeMissed(view);
  if (answer === true) outcome.matched.push(rule);
  else if (answer === false) return;
  else if (missed) outcome.deferred.push(rule.id);
  else
    outcome.errors.push({
      rule: rule.id,
      message: isCelError(answer) ? describe(answer.message, rule) : "does not answer true or false",
    });
}

function conclude(compiled: CompiledPolicy, { matched, errors, deferred }: Outcome): Decision {
  const failed = errors.map(({ rule }) => ({ id: rule, then: "deny" as const }));
  const matches = [...matched.map(({ id, then }) => ({ id, then })), ...failed];
  const strongest = ANSWERS.find((answer) => matches.some(({ then }) => then === answer));
  const answer = strongest ?? compiled.policy.default;
  const reviews = matched.flatMap(({ id, rule }) => (rule.then === "review" ? [{ rule: id, ...rule.reviewers }] : []));
  if (strongest === undefined && compiled.policy.defaultReviewers !== undefined)
    reviews.push({ rule: "default", ...compiled.policy.defaultReviewers });
  return {
    answer,
    // A deferred rule may still match, or fail and deny; only a rule's own denial stands whatever comes.
    final: deferred.length === 0 || strongest === "deny",
    rules: matches.filter(({ then }) => then === answer).toSorted(byText(({ id }) => id)),
    reviews: reviews.toSorted(byText(({ rule }) => rule)),
    errors: errors.toSorted(byText(({ rule }) => rule)),
    deferred: deferred.toSorted(byText((id) => id)),
    byDefault: strongest === undefined,
  };
}

/** Code units, not a locale: the same order everywhere. */
const byText =
  <T>(text: (item: T) => string) =>
  (a: T, b: T): number =>
    text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;

const undeclared = (compiled: CompiledPolicy): Decision => ({
  answer: "deny",
  final: true,
  rules: [],
  reviews: [],
  errors: [],
  deferred: [],
  byDefault: compiled.policy.default === "deny",
});

/** What the evaluator says may quote a value; decisions are recorded, so only the rule's own words are repeated. */
function describe(message: string, { rule }: CompiledRule): string {
  const name = /field not found: (\w+)|field '?(\w+)'?|key[^\w]+(\w+)/
    .exec(message)
    ?.slice(1)
    .find((part) => part !== undefined);
  if (/not found|no such/i.test(message))
    return name !== undefined && rule.when.includes(name)
      ? `there is no ${name}`
      : "looks at something that is not there";
  if (/overload|mismatch|unsupported/i.test(message)) return "applies an operation to a value of another type";
  if (/divi|modul/i.test(message)) return "divides by zero";
  if (/overflow|range/i.test(message)) return "leaves the range of its type";
  if (/more than \d+ elements/.test(message)) return "looks at a list or map that is too large";
  return "cannot be evaluated";
}
