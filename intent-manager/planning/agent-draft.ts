/**
 * Plans that an outside agent proposes, before they are signed. Where each argument's words come from is computed here and again in the
 * executor; what the agent says about itself is kept as a claim.
 */
import type { AgentStep } from "../../shared/intent.ts";
import { mayPlan, type CompiledRelease } from "../../shared/compiled-release.ts";
import type { TaskFacts } from "../../shared/facts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { MemoryShown } from "../../shared/memory.ts";
import { refsIn } from "../../shared/playbook.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { PlannerKind } from "../../shared/proposal.ts";
import type { RecordView } from "../../shared/provenance.ts";
import { provenanceOfPlan } from "../../shared/provenance-plan.ts";
import { err, type Result } from "../../shared/result.ts";
import type { Toggles } from "../../shared/toggles.ts";
import { newSalt } from "../intake/random.ts";
import { type DraftedPlan, draftPlan, type PlannedStep } from "./plan.ts";

/** Agents write JSON; only the type of the whole says so, because the strict parser has already made sure. */
export type ProposedByAgent = Omit<AgentStep, "args" | "expect"> & {
  readonly args: JsonObject;
  readonly expect?: JsonObject | undefined;
};

export type AgentPlan = {
  readonly tenant: string;
  readonly facts: TaskFacts;
  readonly release: CompiledRelease;
  readonly round: number;
  readonly last: boolean;
  /** Id of the API key that proposes. */
  readonly agent: string;
  /** The member whom that key belongs to: they may not approve what it proposes. */
  readonly agentMember: string | null;
  readonly inputCommitment: string;
  /** What the planner was shown of memory. */
  readonly memory?: readonly MemoryShown[];
  /** The feature toggles that the release looks at; absent where it looks at none. */
  readonly toggles?: Toggles | undefined;
  readonly steps: readonly ProposedByAgent[];
  readonly records: readonly RecordView[];
  /** Names that earlier rounds have used. */
  readonly usedStepIds: readonly string[];
  readonly openedByAgent: boolean;
  /** The task's input came out of an event. */
  readonly fromEvent?: boolean;
  readonly nowMs: number;
};

/** Refuses with forbidden (the automation takes no agent), plan-invalid, capability-not-in-release or contract-violation. */
export function draftByAgent(asked: AgentPlan): Result<DraftedPlan> {
  const { bundle } = asked.release;
  if (!mayPlan("agent", bundle) || (asked.openedByAgent && bundle.planner !== "agent"))
    return err(
      problem(
        "forbidden",
        "Agents propose only where the release says `planner: agent`, or where its models fall back to a person.",
      ),
    );
  return draftWords(asked, "agent");
}

/**
 * Words that nobody of this system stands for, an agent's or a model's, as a plan. Refuses with plan-invalid, capability-not-in-release or
 * contract-violation.
 */
export function draftWords(asked: AgentPlan, planner: PlannerKind): Result<DraftedPlan> {
  const { release, facts } = asked;
  const malformed = wrongSteps(asked);
  if (malformed !== null) return err(malformed);
  const steps: Omit<PlannedStep, "provenance">[] = [];
  for (const step of asked.steps) {
    const declared = release.declarations.capabilities.get(step.capability);
    if (declared === undefined)
      return err(
        problem("capability-not-in-release", `The release does not contain ${step.capability}.`, {
          step: step.id,
          capability: step.capability,
        }),
      );
    const unread = Object.keys(step.expect ?? {}).find(
      (field) => declared.observe !== undefined && !declared.observe.root.properties.has(field),
    );
    if (unread !== undefined)
      return err(
        problem("contract-violation", `${step.capability} does not read ${unread} back, so it cannot be expected.`, {
          step: step.id,
        }),
      );
    steps.push({
      id: step.id,
      capability: step.capability,
      args: step.args,
      after: [...new Set([...(step.after ?? []), ...refsIn(step.args).map((ref) => ref.step)])],
      when: null,
      premises: step.premises ?? [],
      claimedConfidence: step.claimedConfidence ?? null,
      rationale: step.rationale ?? null,
      expect: step.expect ?? null,
    });
  }
  const provenance = provenanceOfPlan(steps, release.declarations, {
    input: facts.input,
    inputContract: release.input,
    records: asked.records,
    openedByAgent: asked.openedByAgent,
    fromEvent: asked.fromEvent === true,
  });
  const traced = steps.map((step) => ({ ...step, provenance: provenance[step.id]! }));
  return draftPlan({ ...asked, planner, steps: traced, newSalt });
}

/** Names are new, and a step waits only for steps that stand before it in the same proposal, so that no plan holds a cycle. */
function wrongSteps({ steps, usedStepIds, last }: AgentPlan): Problem | null {
  if (steps.length === 0 && !last) return problem("plan-invalid", "A proposal without steps can only be the last one.");
  const used = new Set(usedStepIds);
  const before = new Set<string>();
  for (const { id, args, after = [] } of steps) {
    if (used.has(id) || before.has(id))
      return problem("plan-invalid", `The task already has a step named ${id}.`, { step: id });
    if (holdsOtherReserved(args))
      return problem("plan-invalid", `The arguments of ${id} hold a reserved key other than \`$ref\`.`, { step: id });
    const unknown = [...after, ...refsIn(args).map((ref) => ref.step)].find((name) => !before.has(name));
    if (unknown !== undefined)
      return problem("plan-invalid", `${id} waits for ${unknown}, which does not stand before it in this proposal.`, {
        step: id,
      });
    before.add(id);
  }
  return null;
}

/** Keys that start with "$" belong to the protocol; an agent may write a reference and nothing else of it. */
function holdsOtherReserved(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(holdsOtherReserved);
  const members = Object.entries(value as JsonObject);
  if (members.length === 1 && members[0]![0] === "$ref") return typeof members[0]![1] !== "string";
  return members.some(([key, inner]) => key.startsWith("$") || holdsOtherReserved(inner));
}
