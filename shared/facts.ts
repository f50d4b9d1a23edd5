/**
 * The one place where the facts for policy are put together and the automation's tier is laid over the answer. The intent-manager calls it
 * for its advice, the executor for the decision that counts; given the same facts both get the same answer.
 */
import type { CompiledRelease } from "./compiled-release.ts";
import type { Principal, StepDecision } from "./events.ts";
import type { EvidenceFacts } from "./grounds.ts";
import { applyGates } from "./gates/gates.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { evaluatePolicy, type Available, type Facts } from "./policy/index.ts";
import type { PlannerKind, PremiseClass } from "./proposal.ts";
import type { Provenance } from "./provenance.ts";

/** What stands fixed for a whole task. */
export type TaskFacts = {
  readonly task: string;
  readonly region: string;
  readonly input: Json;
  readonly purpose: string | null;
  readonly principal: Principal;
};

export type StepFacts = {
  readonly round: number;
  readonly planner: PlannerKind;
  readonly agent: string;
  readonly capability: string;
  readonly args: JsonObject;
  readonly provenance: { readonly [argument: string]: Provenance };
  readonly claimedConfidence: number | null;
  /** Absent until the target's state was read. */
  readonly preview?: Json;
  readonly premises?: readonly PremiseClass[];
  /** Absent until the step acts. */
  readonly consent?: { readonly recorded: boolean; readonly given: boolean };
  /** Absent until the step acts, and where no rule asks for it. */
  readonly evidence?: EvidenceFacts;
  /** Present for an undo. */
  readonly undo?: { readonly of: string; readonly kind: "compensation" | "reversal" };
  /** Absent until the step's dependencies have ended. */
  readonly results?: { readonly [step: string]: { readonly capability: string; readonly result: Json } };
};

/** A playbook's plan is code of a promoted release; of what an agent or a model wrote nothing is known until it is calibrated. */
const CONFIDENCE: Record<PlannerKind, number> = { playbook: 1, agent: 0, model: 0, loop: 0 };

/** Role that approves what only the tier, and no rule, sends to a person. */
const TIER_REVIEW = { rule: "tier-1", role: "approver", quorum: 1 } as const;

/** Everything that a policy sees of one step. */
export const policyFacts = (release: CompiledRelease, task: TaskFacts, step: StepFacts, nowMs: number): Facts => ({
  intent: {
    automation: release.bundle.automation,
    input: task.input,
    region: task.region,
    purpose: task.purpose ?? "",
  },
  task: { id: task.task, region: task.region, round: step.round },
  principal: {
    key: task.principal.key,
    role: task.principal.role,
    member: task.principal.member ?? "",
    person: task.principal.sod === "evaluable",
  },
  agent: { id: step.agent, planner: step.planner },
  capability: step.capability,
  ...(step.undo === undefined ? {} : { undo: step.undo }),
  args: step.args,
  provenance: step.provenance,
  ...(step.preview === undefined ? {} : { preview: step.preview }),
  ...(step.consent === undefined ? {} : { consent: step.consent }),
  ...(step.evidence === undefined ? {} : { evidence: step.evidence }),
  ...(step.premises === undefined ? {} : { premises: step.premises }),
  ...(step.results === undefined ? {} : { results: step.results }),
  confidence: CONFIDENCE[step.planner],
  claimedConfidence: step.claimedConfidence,
  nowMs,
});

/** Decides one step under a release. */
export function decideStep(
  release: CompiledRelease,
  task: TaskFacts,
  step: StepFacts,
  available: Available,
  nowMs: number,
): StepDecision {
  const decision = evaluatePolicy(release.policy, policyFacts(release, task, step, nowMs), { available });
  const plain: StepDecision = {
    answer: decision.answer,
    final: decision.final,
    rules: decision.rules.slice(0, LIMITS.decisionRules).map((rule) => rule.id),
    reviews: decision.reviews.map(({ rule, role, quorum }) => ({ rule, role, quorum })),
    errors: decision.errors
      .slice(0, LIMITS.decisionErrors)
      .map((error) => `${error.rule}: ${error.message}`.slice(0, LIMITS.decisionErrorChars)),
    deferred: decision.deferred.slice(0, LIMITS.decisionRules),
    byDefault: decision.byDefault,
  };
  if (plain.reviews.length > LIMITS.decisionReviews)
    return {
      ...plain,
      answer: "deny",
      final: true,
      reviews: [],
      errors: [`more than ${LIMITS.decisionReviews} reviews`],
    };
  const tiered = applyTier(plain, release, step.capability);
  // What takes something back is not held up by the input that led to it.
  if (release.gates === null || step.undo !== undefined) return tiered;
  const writes = release.bundle.capabilities[step.capability]?.effect === "write";
  return writes ? applyGates(tiered, release.gates, task.input) : tiered;
}

/** The tier is a ceiling: it can only make an answer stricter, and only for writes. */
export function applyTier(decision: StepDecision, release: CompiledRelease, capability: string): StepDecision {
  const writes = release.bundle.capabilities[capability]?.effect === "write";
  if (!writes || decision.answer === "deny" || decision.answer === "review") return decision;
  switch (release.bundle.tier) {
    case 1:
      return { ...decision, answer: "review", reviews: [TIER_REVIEW] };
    case 2:
      return { ...decision, answer: "notify" };
    case 3:
      return decision;
  }
}
