/**
 * The one place where the facts for policy are put together and the automation's tier is laid over the answer. The intent-manager calls it
 * for its advice, the executor for the decision that counts; given the same facts both get the same answer.
 */
import { worthOf, type Classification } from "./classifier/classification.ts";
import { applyThreshold } from "./classifier/threshold.ts";
import type { CompiledRelease } from "./compiled-release.ts";
import type { Principal, StepDecision } from "./events.ts";
import type { EvidenceFacts } from "./grounds.ts";
import { applyGates } from "./gates/gates.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { memoryFacts, type MemoryShown } from "./memory.ts";
import { evaluatePolicy, type Available, type Facts } from "./policy/index.ts";
import type { PlannerKind, PremiseClass } from "./proposal.ts";
import type { Provenance } from "./provenance.ts";
import type { Toggles } from "./toggles.ts";

/** What stands fixed for a whole task. */
export type TaskFacts = {
  readonly task: string;
  readonly region: string;
  readonly input: Json;
  readonly purpose: string | null;
  readonly principal: Principal;
  /** Anomaly gates that send the input to people: asked once, when it came in, and recorded with the task. */
  readonly unusual?: readonly string[] | undefined;
};

export type StepFacts = {
  readonly round: number;
  readonly planner: PlannerKind;
  readonly agent: string;
  readonly capability: string;
  readonly args: JsonObject;
  readonly provenance: { readonly [argument: string]: Provenance };
  readonly claimedConfidence: number | null;
  /** Of a release with a classifier: the label that the plan follows. */
  readonly classified?: Classification | null;
  /** Absent until the target's state was read. */
  readonly preview?: Json;
  readonly premises?: readonly PremiseClass[];
  /** Absent until the step acts. */
  readonly consent?: { readonly recorded: boolean; readonly given: boolean };
  /** Absent until the step acts, and where no rule asks for it. */
  readonly evidence?: EvidenceFacts;
  /** What the plan's planner was shown of memory. */
  readonly memory?: readonly MemoryShown[] | undefined;
  /** The feature toggles that its plan carries; an undo has those of what it takes back. */
  readonly toggles?: Toggles | undefined;
  /** Present for an undo. */
  readonly undo?: { readonly of: string; readonly kind: "compensation" | "reversal" };
  /** Absent until the step's dependencies have ended. */
  readonly results?: { readonly [step: string]: { readonly capability: string; readonly result: Json } };
};

/**
 * How likely it is that the step is right, as far as that was found out. A playbook's plan is code of a promoted release; where it follows a label
 * it is as sure as the label. Of what an agent or a model wrote nothing is known until its release says what its claims are worth.
 */
export function confidenceOfStep({ bundle, classifier }: CompiledRelease, step: StepFacts): number {
  const { planner, agent, claimedConfidence } = step;
  if (planner === "playbook") return classifier === null ? 1 : (step.classified?.confidence ?? 0);
  if (planner === "agent") return worthOf(bundle.confidence?.agent, claimedConfidence);
  const tier = agent === bundle.model?.small?.name ? "small" : "large";
  return worthOf(bundle.confidence?.[tier], claimedConfidence);
}

/** The intent as playbooks and rules see it. */
export const intentFacts = (
  automation: string,
  task: Pick<TaskFacts, "input" | "region" | "purpose">,
  classified: Classification | null | undefined,
): Facts["intent"] => ({
  automation,
  input: task.input,
  region: task.region,
  purpose: task.purpose ?? "",
  ...(classified === null || classified === undefined
    ? {}
    : {
        label: classified.label,
        labelledBy: classified.by,
        ...(classified.fields === undefined ? {} : { fields: classified.fields }),
      }),
});

/** Role that approves what only the tier, and no rule, sends to a person. */
const TIER_REVIEW = { role: "approver", quorum: 1 } as const;

/** Everything that a policy sees of one step. */
export const policyFacts = (release: CompiledRelease, task: TaskFacts, step: StepFacts, nowMs: number): Facts => ({
  intent: intentFacts(release.bundle.automation, task, step.classified),
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
  memory: memoryFacts(step.memory, nowMs),
  ...(step.toggles === undefined ? {} : { toggles: step.toggles }),
  ...(step.premises === undefined ? {} : { premises: step.premises }),
  ...(step.results === undefined ? {} : { results: step.results }),
  confidence: confidenceOfStep(release, step),
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
  const tiered = applyTier(plain, release, step.capability, step.undo !== undefined);
  // What takes something back is not held up by the input that led to it.
  const writes = release.bundle.capabilities[step.capability]?.effect === "write";
  if (step.undo !== undefined || !writes) return tiered;
  const sure =
    release.classifier === null
      ? tiered
      : applyThreshold(tiered, release.classifier.classifier, confidenceOfStep(release, step));
  return release.gates === null ? sure : applyGates(sure, release.gates, task.input, task.unusual);
}

/**
 * The tier is a ceiling: it can only make an answer stricter, and only for writes. Tier 2 acts where the release lets the action be taken back, and
 * tells; what nothing takes back waits for a person. What takes an action back is not held up by it; the same capability, proposed by itself, is.
 */
export function applyTier(
  decision: StepDecision,
  release: CompiledRelease,
  capability: string,
  isUndo: boolean,
): StepDecision {
  const writes = release.bundle.capabilities[capability]?.effect === "write";
  if (!writes || decision.answer === "deny" || decision.answer === "review") return decision;
  switch (release.bundle.tier) {
    case 1:
      return { ...decision, answer: "review", reviews: [{ rule: "tier-1", ...TIER_REVIEW }] };
    case 2: {
      if (!isUndo && !canBeTakenBack(release, capability))
        return { ...decision, answer: "review", reviews: [{ rule: "tier-2", ...TIER_REVIEW }] };
      const rules = [...decision.rules, "tier-2"].slice(-LIMITS.decisionRules);
      return decision.answer === "notify" ? decision : { ...decision, answer: "notify", rules };
    }
    case 3:
      return decision;
  }
}

/** Whether the release gives the action an undo and a window in which it may be asked for. */
function canBeTakenBack({ bundle }: CompiledRelease, capability: string): boolean {
  const undo = bundle.capabilities[capability]?.undo?.capability;
  return bundle.reversal !== undefined && undo !== undefined && bundle.capabilities[undo] !== undefined;
}
