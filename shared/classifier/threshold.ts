/** The threshold of a release's classifier, laid over a decision about a write: what follows a label that nobody is sure of waits for people. */
import type { StepDecision } from "../events.ts";
import { LIMITS } from "../limits.ts";
import type { Classifier } from "./schema.ts";

/** How records and reviews call it. */
export const UNSURE_RULE = "classifier-unsure";

/** It can only make an answer stricter. */
export function applyThreshold(
  decision: StepDecision,
  { threshold, reviewers }: Pick<Classifier, "threshold" | "reviewers">,
  confidence: number,
): StepDecision {
  if (decision.answer === "deny" || confidence >= threshold) return decision;
  const reviews = [...decision.reviews, { rule: UNSURE_RULE, ...reviewers }];
  if (reviews.length > LIMITS.decisionReviews)
    return { ...decision, answer: "deny", final: true, reviews: [], rules: [UNSURE_RULE] };
  const rules = [...(decision.answer === "review" ? decision.rules : []), UNSURE_RULE];
  return { ...decision, answer: "review", rules: rules.slice(0, LIMITS.decisionRules), reviews };
}
