/**
 * Admission: everything that must hold before a plan enters a task. Reads as a list; each line has its own code.
 *
 *  A1  signature by a proposal key that this executor trusts and that is not revoked    signature-*, key-unknown, key-revoked
 *  A2  audience: this tenant, region, shard and task                                     audience-mismatch
 *  A3  time: not before, not expired, not for longer than a plan may live                not-yet-valid, expired
 *  A4  release: held, promoted, not superseded for new tasks, not stopped                release-*, stopped
 *  A5  every capability in the release, its contract the one that was signed and the one deployed here,
 *      its undo the one that the release gives                                           capability-*, contract-mismatch, plan-mismatch
 *  A6  every commitment disclosed, nothing disclosed that is not committed,
 *      no personal value in the clear                                                    disclosure-*, plan-invalid
 *  A7  arguments satisfy their contracts                                                 contract-violation
 *  A8  a playbook's plan is exactly what the playbook derives from the intent and the
 *      label that the release's classifier gives it; where models write for it, all
 *      but what they write                                                               plan-mismatch
 *  A9  provenance computed here, policy run here                                         (answers stand in `decisions`)
 * Replay (one plan per round, one task per id) is refused where the state is, in task/decide.ts.
 */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { Contract } from "../../shared/contracts.ts";
import type { StepDecision, StopKind } from "../../shared/events.ts";
import { decideStep, type TaskFacts } from "../../shared/facts.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { PublicJwk } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { refsIn } from "../../shared/playbook.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { Plan, type ProposedStep } from "../../shared/proposal.ts";
import type { Provenance, RecordView } from "../../shared/provenance.ts";
import { err, ok, type Err, type Result } from "../../shared/result.ts";
import type { SignedPlan } from "../../shared/rpc.ts";
import { openEnvelope } from "../../shared/signing.ts";
import { undoTemplate } from "../../shared/undo.ts";
import type { CapabilityRegistry } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import type { AdmittedPlan } from "./decide.ts";
import { derive } from "./derive.ts";
import { disclose, personalInClear } from "./disclose.ts";
import { wrongFeatures } from "./features.ts";

/** What admission may rely on: this object's own name, keys, releases, capabilities, stops and clock. */
export type AdmitDeps = {
  readonly tenant: string;
  readonly region: string;
  readonly registry: CapabilityRegistry;
  readonly proposalKeys: ReadonlyMap<string, PublicJwk>;
  readonly nowMs: number;
  readonly stoppedBy: (kind: StopKind, target: string) => string | null;
};

/** The task that the plan must be for. */
export type AdmitTask = TaskFacts & {
  readonly automation: string;
  readonly release: string;
  readonly inputCommitment: string;
  /** An agent opened the task itself: nothing in it is a principal's word. */
  readonly openedByAgent: boolean;
  /** An event opened it: nothing in its input is a principal's word. */
  readonly fromEvent?: boolean;
  readonly records: readonly RecordView[];
};

/** A1: opens a plan's envelope. */
export async function openPlan(signed: SignedPlan, deps: AdmitDeps): Promise<Result<Plan>> {
  const opened = await openEnvelope(signed.envelope, {
    payloadType: PAYLOAD_TYPES.plan,
    keys: deps.proposalKeys,
    schema: Plan,
  });
  if (!opened.ok) return opened;
  if (!GUARDS["plan-size"](opened.value.payloadBytes.length))
    return err(problem("plan-invalid", `A plan has at most ${LIMITS.planBytes} bytes.`));
  return ok(opened.value.payload);
}

/** A2 to A9. Pure: the signature was checked by {@link openPlan}. */
export function admitPlan(
  plan: Plan,
  signed: SignedPlan,
  request: { readonly requestKey: string; readonly requestDigest: string },
  task: AdmitTask,
  release: CompiledRelease,
  deps: AdmitDeps,
): Result<AdmittedPlan> {
  const refusal =
    wrongAudience(plan, task, deps) ??
    wrongTime(plan, deps) ??
    wrongRelease(plan, task, release, deps) ??
    malformed(plan) ??
    wrongCapability(plan, release, deps);
  if (refusal !== null) return err(refusal);
  const disclosed = disclose(plan, signed.disclosures);
  if (!disclosed.ok) return disclosed;
  const features = wrongFeatures(plan, signed.disclosures, task, release);
  if (features !== null) return err(features);
  const inClear = personalInClear(plan, release);
  if (inClear !== null) return err(inClear);
  const { argsByStep } = disclosed.value;
  const provenance = derive(plan, disclosed.value, task, release);
  if (!provenance.ok) return provenance;
  const decisions: Record<string, StepDecision> = {};
  for (const step of plan.steps) {
    const args = argsByStep.get(step.id)!;
    const hasRefs = refsIn(args).length > 0;
    const contract = release.declarations.capabilities.get(step.capability)!.input;
    if (!hasRefs && !GUARDS["arguments-fit"](contract, args)) return unfit(contract, args, step.id);
    decisions[step.id] = decide(plan, step, args, provenance.value[step.id]!, hasRefs, task, release, deps);
  }
  return ok({
    plan,
    envelope: signed.envelope,
    disclosures: signed.disclosures,
    decisions,
    provenance: provenance.value,
    requestKey: request.requestKey,
    requestDigest: request.requestDigest,
    decidedMs: deps.nowMs,
  });
}

function unfit(contract: Contract, args: JsonObject, step: string): Err<Problem> {
  const checked = contract.check(args);
  const why = checked.ok ? problem("contract-violation", "The arguments do not fit their contract.") : checked.problem;
  return err({ ...why, facts: { ...why.facts, step } });
}

function wrongAudience(plan: Plan, task: AdmitTask, deps: AdmitDeps): Problem | null {
  const mine =
    GUARDS["plan-tenant"](plan, deps) && GUARDS["plan-region"](plan, deps, task) && GUARDS["plan-task"](plan, task);
  return mine && GUARDS["plan-automation"](plan, task) && GUARDS["plan-input"](plan, task)
    ? null
    : problem("audience-mismatch", "The plan is for another tenant, region, task, automation or input.");
}

function wrongTime(plan: Plan, deps: AdmitDeps): Problem | null {
  if (!GUARDS["plan-begun"](plan, deps.nowMs)) return problem("not-yet-valid", "The plan is not valid yet.");
  if (!GUARDS["plan-not-over"](plan, deps.nowMs)) return problem("expired", "The plan has expired.");
  if (!GUARDS["plan-lifetime"](plan))
    return problem("plan-invalid", `A plan is valid for at most ${LIMITS.planLifetimeMs} ms.`);
  return null;
}

function wrongRelease(plan: Plan, task: AdmitTask, release: CompiledRelease, deps: AdmitDeps): Problem | null {
  if (
    !GUARDS["plan-release"](plan, task, release.digest) ||
    !GUARDS["release-automation"](release.bundle.automation, plan)
  )
    return problem("release-mismatch", "The plan names another release than the task.");
  if (!GUARDS["plan-planner"](plan, release.bundle))
    return problem("plan-mismatch", `Plans of this automation come from a ${release.bundle.planner}.`);
  const stopped =
    deps.stoppedBy("tenant", deps.tenant) ??
    deps.stoppedBy("automation", plan.automation) ??
    deps.stoppedBy("agent", plan.agent.id) ??
    deps.stoppedBy("key", plan.agent.id);
  if (!GUARDS["plan-not-stopped"](stopped)) return problem("stopped", `Stopped by ${stopped}.`, { stop: stopped });
  return GUARDS["release-not-stopped"](deps.stoppedBy("release", plan.release))
    ? null
    : problem("release-revoked", "The release is stopped.");
}

/** Names follow from the task and the position; nothing else is accepted for them. */
function malformed(plan: Plan): Problem | null {
  if (!GUARDS["plan-id"](plan))
    return problem("plan-invalid", "The plan's id does not follow from its task and round.");
  if (!GUARDS["plan-not-empty"](plan)) return problem("plan-invalid", "A plan without steps can only be the last one.");
  const seen = new Set<string>();
  for (const [index, step] of plan.steps.entries()) {
    if (!GUARDS["step-named-once"](step, seen))
      return problem("plan-invalid", `Two steps are named ${step.id}.`, { step: step.id });
    if (!GUARDS["proposal-id"](step, plan, index))
      return problem("plan-invalid", `The proposal id of ${step.id} does not follow from its place.`, {
        step: step.id,
      });
    // Steps stand in an order in which each comes after what it waits for, so a plan cannot contain a cycle.
    if (!GUARDS["step-order"](step, seen))
      return problem("plan-invalid", `${step.id} waits for a step that does not come before it.`, { step: step.id });
    if (!GUARDS["reference-awaited"](step))
      return problem("plan-invalid", `${step.id} refers to a step without waiting for it.`, { step: step.id });
    seen.add(step.id);
  }
  return null;
}

function wrongCapability(plan: Plan, release: CompiledRelease, deps: AdmitDeps): Problem | null {
  for (const step of plan.steps) {
    const facts = { step: step.id, capability: step.capability };
    const inRelease = release.contractDigestByName.get(step.capability);
    if (inRelease === undefined)
      return problem("capability-not-in-release", `The release does not contain ${step.capability}.`, facts);
    const here = deps.registry.get(step.capability);
    if (here === undefined)
      return problem("capability-unknown", `There is no capability ${step.capability} here.`, facts);
    if (!GUARDS["contract-signed"](step, inRelease) || !GUARDS["contract-deployed"](here.contract, inRelease))
      return problem("contract-mismatch", `The contract of ${step.capability} is not the one that was signed.`, facts);
    const undo = undoTemplate(here.contract, release);
    if (!GUARDS["undo-of-release"](step.undo, undo))
      return problem("plan-mismatch", `The undo of ${step.id} is not the one that the release gives.`, facts);
    if (!GUARDS["undo-deployed"](undo, deps.registry))
      return problem("capability-unknown", `There is no capability here that undoes ${step.capability}.`, {
        ...facts,
        capability: undo?.capability ?? "",
      });
    const stopped = deps.stoppedBy("capability", step.capability);
    if (!GUARDS["capability-not-stopped"](stopped))
      return problem("stopped", `${step.capability} is stopped by ${stopped}.`, { ...facts, stop: stopped });
  }
  return null;
}

function decide(
  plan: Plan,
  step: ProposedStep,
  args: JsonObject,
  provenance: Record<string, Provenance>,
  hasRefs: boolean,
  task: AdmitTask,
  release: CompiledRelease,
  deps: AdmitDeps,
): StepDecision {
  const facts = {
    round: plan.round,
    planner: plan.agent.planner,
    agent: plan.agent.id,
    capability: step.capability,
    args,
    provenance,
    claimedConfidence: step.claimedConfidence,
    classified: plan.classified ?? null,
    memory: plan.memory,
    toggles: plan.toggles,
  };
  return decideStep(release, task, facts, { args: !hasRefs, preview: false, results: false }, deps.nowMs);
}
