/**
 * Decisions in words, for the person who asks why.
 */
import type { Decision } from "./evaluate.ts";
import type { Policy } from "./schema.ts";

const VERB = {
  deny: "Denied",
  review: "Waits for people",
  notify: "Allowed, with a notice",
  allow: "Allowed",
} as const;

/** A few lines of plain text: the answer, each rule that decided with its message or condition, what is still open. */
export function explainDecision(decision: Decision, policy: Policy): string {
  const ruleById = new Map(policy.rules.map((rule) => [rule.id, rule]));
  const failures = new Map(decision.errors.map(({ rule, message }) => [rule, message]));
  const lines = [`${VERB[decision.answer]}${decision.final ? "" : ", as far as is known now"}.`];
  if (decision.byDefault) lines.push(`No rule speaks of this; the policy's default is ${policy.default}.`);
  for (const { id } of decision.rules) {
    const failure = failures.get(id);
    const rule = ruleById.get(id);
    lines.push(
      `- ${id}: ${failure === undefined ? (rule?.message ?? rule?.when ?? "") : `the rule failed (${failure}), and a rule that fails denies`}`,
    );
  }
  if (decision.answer === "review")
    for (const { rule, role, quorum } of decision.reviews)
      lines.push(`- ${rule} needs ${quorum === 1 ? "one person" : `${quorum} people`} with the role ${role}.`);
  if (decision.deferred.length > 0) lines.push(`Not yet decidable: ${decision.deferred.join(", ")}.`);
  return lines.join("\n");
}
