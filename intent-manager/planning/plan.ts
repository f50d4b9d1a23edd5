/**
 * From steps to the payload of a plan: contracts checked, each step decided under policy, personal values replaced by commitments.
 * Pure; the executor checks and decides all of it again. A step that policy denies stays in the plan: the executor records the denial.
 */
import { commit, commitFields, containsReserved, type Disclosure } from "../../shared/commitments.ts";
import type { Classification } from "../../shared/classifier/classification.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { Contract } from "../../shared/contracts.ts";
import type { Expectation } from "../../shared/expectation.ts";
import { featuresOf } from "../../shared/features.ts";
import { decideStep, type TaskFacts } from "../../shared/facts.ts";
import { planId, proposalId } from "../../shared/ids.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { MemoryShown } from "../../shared/memory.ts";
import { type FanOutElement, refsIn } from "../../shared/playbook.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Plan, PlannerKind, Premise, ProposedStep } from "../../shared/proposal.ts";
import type { Provenance } from "../../shared/provenance.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Toggles } from "../../shared/toggles.ts";
import { undoTemplate } from "../../shared/undo.ts";

/** A step as a planner gives it. */
export type PlannedStep = {
  readonly id: string;
  readonly capability: string;
  readonly args: JsonObject;
  readonly after: readonly string[];
  readonly when: string | null;
  readonly premises: readonly Premise[];
  readonly claimedConfidence: number | null;
  readonly rationale: string | null;
  /** What is expected to be read after the action. */
  readonly expect: Expectation | null;
  readonly provenance: { readonly [argument: string]: Provenance };
  readonly fanOut?: FanOutElement | undefined;
};

export type PlanParts = {
  readonly tenant: string;
  readonly facts: TaskFacts;
  readonly release: CompiledRelease;
  readonly round: number;
  readonly last: boolean;
  readonly planner: PlannerKind;
  readonly agent: string;
  /** The member whom the agent's key belongs to. */
  readonly agentMember: string | null;
  readonly inputCommitment: string;
  /** What the planner was shown of memory. */
  readonly memory?: readonly MemoryShown[];
  /** The feature toggles that the release looks at; absent where it looks at none. */
  readonly toggles?: Toggles | undefined;
  readonly steps: readonly PlannedStep[];
  /** The label that the steps follow, where the release has a classifier. */
  readonly classified?: Classification | null;
  readonly nowMs: number;
  readonly newSalt: () => string;
};

export type DraftedPlan = { readonly plan: Plan; readonly disclosures: { readonly [commitment: string]: Disclosure } };

/** Refuses with capability-not-in-release or contract-violation, naming the step. */
export function draftPlan(parts: PlanParts): Result<DraftedPlan> {
  const { facts, release, round } = parts;
  const disclosures: Record<string, Disclosure> = {};
  const steps: ProposedStep[] = [];
  for (const [position, step] of parts.steps.entries()) {
    const declared = release.declarations.capabilities.get(step.capability);
    if (declared === undefined)
      return err(
        problem("capability-not-in-release", `The release does not contain ${step.capability}.`, {
          step: step.id,
          capability: step.capability,
        }),
      );
    const resolved = refsIn(step.args).length === 0;
    if (resolved) {
      const checked = declared.input.check(step.args);
      if (!checked.ok) return err(inStep(checked.problem, step.id));
    }
    const { answer, final, rules } = decideStep(
      release,
      facts,
      {
        round,
        planner: parts.planner,
        agent: parts.agent,
        capability: step.capability,
        args: step.args,
        provenance: step.provenance,
        claimedConfidence: step.claimedConfidence,
        classified: parts.classified ?? null,
        memory: parts.memory,
        toggles: parts.toggles,
      },
      { args: resolved, preview: false, results: false },
      parts.nowMs,
    );
    steps.push({
      id: step.id,
      proposal: proposalId(facts.task, round, position),
      capability: step.capability,
      contract: release.contractDigestByName.get(step.capability)!,
      args: commitPersonal(step.args, declared.input, parts.newSalt, disclosures) as ProposedStep["args"],
      after: [...step.after],
      when: step.when,
      premises: [...step.premises],
      undo: undoTemplate(declared.contract, release),
      claimedConfidence: step.claimedConfidence,
      rationale: step.rationale === null ? null : { $commit: seal(step.rationale, parts.newSalt, disclosures) },
      predicted: step.expect === null ? null : { $commit: seal(step.expect, parts.newSalt, disclosures) },
      advice: { answer, final, rules: rules.slice(0, ADVICE_RULES) },
      ...(step.fanOut === undefined ? {} : { fanOut: step.fanOut }),
    });
  }
  return ok({
    plan: {
      version: 1,
      tenant: parts.tenant,
      region: facts.region,
      task: facts.task,
      automation: release.bundle.automation,
      plan: planId(facts.task, round),
      round,
      last: parts.last,
      agent: { planner: parts.planner, id: parts.agent, member: parts.agentMember },
      release: release.digest,
      input: parts.inputCommitment,
      notBeforeMs: parts.nowMs,
      expiresMs: parts.nowMs + LIMITS.planLifetimeMs,
      steps,
      ...(parts.classified === null || parts.classified === undefined ? {} : { classified: parts.classified }),
      ...(round > 1 ? {} : featuresIn(parts, disclosures)),
      ...(parts.memory === undefined || parts.memory.length === 0 ? {} : { memory: [...parts.memory] }),
      ...(parts.toggles === undefined ? {} : { toggles: parts.toggles }),
    },
    disclosures,
  });
}

/** What the release computes from the input: the fields in the clear, the values committed to. */
function featuresIn({ facts, release, newSalt }: PlanParts, into: Record<string, Disclosure>): Pick<Plan, "features"> {
  const features = featuresOf(release.declarations, facts.input);
  if (features.length === 0) return {};
  const of = features.map(({ name, version, from }) => ({ name, version, from: [...from] }));
  const values = Object.fromEntries(features.map(({ name, value }) => [name, value]));
  return { features: { of, values: { $commit: seal(values, newSalt, into) } } };
}

/** As many as the plan's schema takes; advice is for people, the executor's own decision lists all. */
const ADVICE_RULES = 50;

const inStep = (p: Problem, step: string): Problem => ({ ...p, facts: { ...p.facts, step } });

function seal(value: Json, newSalt: () => string, into: Record<string, Disclosure>): string {
  const salt = newSalt();
  const commitment = commit(salt, value);
  into[commitment] = { salt, value };
  return commitment;
}

/**
 * Commits to what the contract calls personal, field by field. A reference holds no value yet and stays in the clear, whatever field it
 * stands in; so do the lists and objects around it.
 */
function commitPersonal(
  args: JsonObject,
  contract: Contract,
  newSalt: () => string,
  into: Record<string, Disclosure>,
): Json {
  const { committed, disclosures } = commitFields(
    args,
    (pointer, value) =>
      pointer !== "" && !INSIDE_REFERENCE.test(pointer) && !containsReserved(value) && contract.isPersonal(pointer),
    newSalt,
  );
  Object.assign(into, disclosures);
  return committed;
}
const INSIDE_REFERENCE = /\/\$[^/]*$/;
