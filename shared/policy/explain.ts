/**
 * Decisions in words, for the person who asks why.
 */
import type { Decision } from "./evaluate.ts";
import { guardMessage } from "./role-guard.ts";
import type { Policy } from "./schema.ts";

const VERB = {
  deny: "Denied",
  review: "Waits for people",
  notify: "Allowed, with a notice",
  allow: "Allowed",
} as const;

/** What a recorded decision says of a denial: ids of the rules that denied, and of each rule that failed `id: why`. */
export type Denial = {
  readonly rules: readonly string[];
  readonly errors: readonly string[];
  readonly byDefault: boolean;
};

/** Longest answer of {@link whyDenied}: a few full messages; the ids of all rules stand in the decision itself. */
const WHY_CHARS = 2_000;

/** Why a step is denied, for whoever asked: the message of each rule that denied, after its name. */
export function whyDenied({ rules, errors, byDefault }: Denial, policy: Policy): string {
  const messageById = new Map([
    ...policy.rules.map(({ id, message }) => [id, message] as const),
    ...(policy.limits ?? []).map(({ id, message }) => [id, message ?? "this would exceed the limit."] as const),
  ]);
  const reasons = rules.map((id) => {
    const failure = errors.find((error) => error.startsWith(`${id}: `))?.slice(id.length + 2);
    if (failure !== undefined) return `${id}: the rule failed (${failure}), and a rule that fails denies.`;
    return `${id}: ${messageById.get(id) ?? "this is denied."}`;
  });
  const said = reasons.length > 0 ? reasons : byDefault || errors.length === 0 ? ["No rule allows this."] : errors;
  return said.join(" ").slice(0, WHY_CHARS);
}

/** A few lines of plain text: the answer, each rule that decided with its message or condition, what is still open. */
export function explainDecision(decision: Decision, policy: Policy): string {
  const ruleById = new Map([...policy.rules, ...(policy.limits ?? [])].map((rule) => [rule.id, rule]));
  const failures = new Map(decision.errors.map(({ rule, message }) => [rule, message]));
  const lines = [`${VERB[decision.answer]}${decision.final ? "" : ", as far as is known now"}.`];
  if (decision.byDefault) lines.push(`No rule speaks of this; the policy's default is ${policy.default}.`);
  for (const { id } of decision.rules) {
    const failure = failures.get(id);
    const rule = ruleById.get(id);
    lines.push(
      `- ${id}: ${failure === undefined ? (rule?.message ?? rule?.when ?? guardMessage(id) ?? "") : `the rule failed (${failure}), and a rule that fails denies`}`,
    );
  }
  if (decision.answer === "review")
    for (const { rule, role, quorum } of decision.reviews)
      lines.push(`- ${rule} needs ${quorum === 1 ? "one person" : `${quorum} people`} with the role ${role}.`);
  if (decision.deferred.length > 0) lines.push(`Not yet decidable: ${decision.deferred.join(", ")}.`);
  return lines.join("\n");
}
