/**
 * A8, and where every argument of a plan comes from: what a playbook plans is derived again and demanded to the letter; what an agent or a model
 * wrote is compared with what was said. Where models write texts for a playbook, all but those texts is the playbook's.
 */
import { labelOrigin, mayFollow } from "../../shared/classifier/label.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { intentFacts } from "../../shared/facts.ts";
import type { Json } from "../../shared/json.ts";
import { derivePlan } from "../../shared/playbook.ts";
import { problem } from "../../shared/problems.ts";
import type { Plan } from "../../shared/proposal.ts";
import type { Provenance } from "../../shared/provenance.ts";
import { provenanceOfPlan } from "../../shared/provenance-plan.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { unwritten } from "../../shared/writing.ts";
import { GUARDS } from "../guards/index.ts";
import type { AdmitTask } from "./admit.ts";
import type { DisclosedPlan } from "./disclose.ts";

type ByStep = Record<string, Record<string, Provenance>>;

/** Refuses with plan-mismatch, and with what deriving refuses. */
export function derive(
  plan: Plan,
  disclosed: DisclosedPlan,
  task: AdmitTask,
  release: CompiledRelease,
): Result<ByStep> {
  const { planner } = plan.agent;
  const byPlaybook = planner === "playbook" && release.playbook !== null;
  const isWritten = planner === "model" && release.bundle.writing !== undefined;
  const derived = byPlaybook || isWritten ? ofPlaybook(plan, disclosed, task, release) : null;
  if (derived !== null && (!derived.ok || byPlaybook)) return derived;
  const steps = plan.steps.map(({ id, capability }) => ({ id, capability, args: disclosed.argsByStep.get(id)! }));
  return ok(
    provenanceOfPlan(steps, release.declarations, {
      input: task.input,
      inputContract: release.input,
      records: task.records,
      openedByAgent: task.openedByAgent,
      fromEvent: task.fromEvent === true,
    }),
  );
}

function ofPlaybook(
  plan: Plan,
  { argsByStep, expectByStep }: DisclosedPlan,
  task: AdmitTask,
  release: CompiledRelease,
): Result<ByStep> {
  const { writing } = release.bundle;
  const classified = plan.classified ?? null;
  if (!mayFollow(release, classified, task.input))
    return err(problem("plan-mismatch", "The plan follows a label that the release's classifier does not give."));
  const derived = derivePlan(
    release.playbook!,
    intentFacts(task.automation, task, classified),
    {
      openedByAgent: task.openedByAgent,
      labelOrigin: labelOrigin(release, classified),
      fromEvent: task.fromEvent === true,
    },
    plan.toggles,
  );
  if (!derived.ok) return derived;
  const signed = plan.steps.map((step) => ({
    id: step.id,
    capability: step.capability,
    args: unwritten(writing, step.id, argsByStep.get(step.id)!),
    after: step.after,
    when: step.when,
    expect: expectByStep.get(step.id) ?? null,
    fanOut: step.fanOut ?? null,
  }));
  const wanted = derived.value.map(({ id, capability, args, after, when, expect, fanOut }) => ({
    id,
    capability,
    args: unwritten(writing, id, args),
    after,
    when,
    expect,
    fanOut: fanOut ?? null,
  }));
  if (!GUARDS["plan-of-playbook"](signed as unknown as Json, wanted as unknown as Json))
    return err(problem("plan-mismatch", "The plan is not what the release's playbook derives from this intent."));
  return ok(Object.fromEntries(derived.value.map((step) => [step.id, { ...step.provenance }])));
}
