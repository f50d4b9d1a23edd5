/** What a plan must satisfy to enter a task, and a request to reach it (see executors/guards/index.ts). */
import type { CapabilityContract } from "../../shared/capability.ts";
import { mayPlan } from "../../shared/compiled-release.ts";
import { canonicalize, digestOf } from "../../shared/canonical.ts";
import { openCommitment, type Disclosure } from "../../shared/commitments.ts";
import type { Contract } from "../../shared/contracts.ts";
import { Expectation } from "../../shared/expectation.ts";
import { planId, proposalId } from "../../shared/ids.ts";
import { equalJson, type Json, type JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { refsIn } from "../../shared/playbook.ts";
import type { Plan, ProposedStep } from "../../shared/proposal.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { UndoTemplate } from "../../shared/undo.ts";

type Named = { readonly tenant: string; readonly region: string };
type OfTask = {
  readonly task: string;
  readonly region: string;
  readonly automation: string;
  readonly release: string;
  readonly inputCommitment: string;
};
/** How far a task has come. */
type Progress = {
  readonly settled: unknown;
  readonly cancelledBy: string | null;
  readonly last: boolean;
  readonly round: number;
  readonly steps: ReadonlyMap<string, unknown>;
};
type Route = { readonly region: string; readonly shard: number };

export const PLAN_GUARDS = {
  /** key-unknown, key-revoked: a stolen key would go on signing in what is under way. */
  "signer-not-revoked": (kid: string, revoked: ReadonlySet<string>): boolean => !revoked.has(kid),
  /** plan-invalid: a plan of any size would be kept for ever. */
  "plan-size": (bytes: number): boolean => bytes <= LIMITS.planBytes,
  /** audience-mismatch: a plan for one tenant would run in another. */
  "plan-tenant": (plan: Plan, here: Named): boolean => plan.tenant === here.tenant,
  /** audience-mismatch: data would be acted on outside of the region that was signed. */
  "plan-region": (plan: Plan, here: Named, task: OfTask): boolean =>
    plan.region === here.region && plan.region === task.region,
  /** audience-mismatch: the plan of one task would run again in every other. */
  "plan-task": (plan: Plan, task: OfTask): boolean => plan.task === task.task,
  /** audience-mismatch: a plan would act under the stops, limits and owner of another automation. */
  "plan-automation": (plan: Plan, task: OfTask): boolean => plan.automation === task.automation,
  /** audience-mismatch: a plan that was made for other words would run for these. */
  "plan-input": (plan: Plan, task: OfTask): boolean => plan.input === task.inputCommitment,
  /** not-yet-valid: a plan that was signed for later could be run now. */
  "plan-begun": (plan: Plan, nowMs: number): boolean => nowMs + LIMITS.clockSkewMs >= plan.notBeforeMs,
  /** expired: a plan that was held back could be run when its reasons are gone. */
  "plan-not-over": (plan: Plan, nowMs: number): boolean => nowMs < plan.expiresMs,
  /** plan-invalid: whoever holds the proposal key for a moment could sign plans for years. */
  "plan-lifetime": (plan: Plan): boolean => plan.expiresMs - plan.notBeforeMs <= LIMITS.planLifetimeMs,
  /** release-mismatch: a plan would be decided by another policy than the one it names. */
  "plan-release": (plan: Plan, task: OfTask, digest: string): boolean =>
    plan.release === task.release && plan.release === digest,
  /** release-mismatch: the policy of one automation would decide for another. */
  "release-automation": (automation: string, plan: Plan): boolean => automation === plan.automation,
  /** plan-mismatch: a model would plan where the release wants a playbook. */
  "plan-planner": (plan: Plan, bundle: ReleaseBundle): boolean => mayPlan(plan.agent.planner, bundle),
  /** stopped: new plans would enter what an operator has stopped. */
  "plan-not-stopped": (stop: string | null): stop is null => stop === null,
  /** release-revoked: plans would go on entering under a release that was stopped. */
  "release-not-stopped": (stop: string | null): stop is null => stop === null,
  /** stopped: new plans would use a capability that an operator has stopped. */
  "capability-not-stopped": (stop: string | null): stop is null => stop === null,

  /** plan-invalid: two plans could pass for one in the record. */
  "plan-id": (plan: Plan): boolean => plan.plan === planId(plan.task, plan.round),
  /** plan-invalid: empty plans would use up a task's rounds, each with a record. */
  "plan-not-empty": (plan: Plan): boolean => plan.steps.length > 0 || plan.last,
  /** plan-invalid: one step would take the place of another that was decided. */
  "step-named-once": (step: ProposedStep, seen: ReadonlySet<string>): boolean => !seen.has(step.id),
  /** plan-invalid: an action would carry another one's effect key, and one of them would be taken for done. */
  "proposal-id": (step: ProposedStep, plan: Plan, index: number): boolean =>
    step.proposal === proposalId(plan.task, plan.round, index),
  /** plan-invalid: steps could wait for each other for ever, or for what is not there. */
  "step-order": (step: ProposedStep, seen: ReadonlySet<string>): boolean => step.after.every((id) => seen.has(id)),
  /** plan-invalid: a step would act before the result that its arguments come from. */
  "reference-awaited": (step: ProposedStep): boolean =>
    refsIn(step.args as JsonObject).every((ref) => step.after.includes(ref.step)),
  /** contract-mismatch: what was signed under one contract would be done under another. */
  "contract-signed": (step: ProposedStep, inRelease: string | undefined): boolean => step.contract === inRelease,
  /** contract-mismatch: a capability that was deployed anew would act under the promise of the old one. */
  "contract-deployed": (contract: CapabilityContract, inRelease: string | undefined): boolean =>
    digestHere(contract) === inRelease,
  /** plan-mismatch: a plan would bring an undo of its own: another action, approved by nobody. */
  "undo-of-release": (signed: UndoTemplate | null, wanted: UndoTemplate | null): boolean =>
    signed === null || wanted === null ? signed === wanted : canonicalize(signed) === canonicalize(wanted),
  /** capability-unknown: an action would count as reversible although nothing here can reverse it. */
  "undo-deployed": (undo: UndoTemplate | null, registry: ReadonlyMap<string, unknown>): boolean =>
    undo === null || registry.has(undo.capability),
  /** disclosure-mismatch: values that nobody signed would be stored beside the record as if they belonged to it. */
  "disclosure-asked-for": (left: ReadonlySet<string>): boolean => left.size === 0,
  /** plan-invalid: an object in place of words would break the page of whoever has to decide. */
  "rationale-text": (rationale: Json): boolean => rationale === null || typeof rationale === "string",
  /** disclosure-mismatch: an action would be held against another prediction than the one that was signed. */
  "prediction-opens": (commitment: string, disclosure: Disclosure): boolean => openCommitment(commitment, disclosure),
  /** disclosure-mismatch: words that no model wrote would be shown as a model's. */
  "transcript-opens": (commitment: string, disclosure: Disclosure): boolean =>
    typeof disclosure.value === "string" && openCommitment(commitment, disclosure),
  /** plan-invalid: what no field can equal would count as a prediction, and every outcome as a mismatch. */
  "prediction-form": (expect: Json): boolean => Expectation.safeParse(expect).success,
  /** plan-invalid: a personal value would stand in the record, which nothing erases. */
  "personal-committed": (pointerInClear: string | null): pointerInClear is null => pointerInClear === null,
  /** contract-violation: a capability would get arguments that its contract excludes. */
  "arguments-fit": (contract: Contract, args: JsonObject): boolean => contract.check(args).ok,
  /** plan-mismatch: the record would say that rules had seen other values than they saw. */
  "features-of-input": (signed: Json, wanted: Json): boolean => equalJson(signed, wanted),
  /** plan-mismatch: with the proposal key alone, a playbook's automation would do anything its policy lets pass. */
  "plan-of-playbook": (signed: Json, derived: Json): boolean => equalJson(signed, derived),

  /** task-settled: what has ended or was cancelled would act again. */
  "task-takes-plans": ({ settled, cancelledBy }: Progress): boolean => settled === null && cancelledBy === null,
  /** round-closed: a task whose last plan has come would be given more to do. */
  "task-not-complete": ({ last }: Progress): boolean => !last,
  /** round-closed: one round could have two plans. */
  "round-not-used": (plan: Plan, { round }: Progress): boolean => plan.round > round,
  /** plan-invalid: rounds that never were would stand in the record. */
  "round-next": (plan: Plan, { round }: Progress): boolean => plan.round <= round + 1,
  /** task-limit: one task would grow until its executor cannot read it. */
  "steps-limited": (plan: Plan, { steps }: Progress): boolean => steps.size + plan.steps.length <= LIMITS.taskSteps,
  /** plan-invalid: a later plan would replace a step of an earlier one, and with it what became of its action. */
  "step-new": (plan: Plan, { steps }: Progress): boolean => plan.steps.every((step) => !steps.has(step.id)),

  /** audience-mismatch, not-found: two executors would each hold the task, and each would act. */
  "task-routed-here": (route: Route | null, region: string, shard: number): boolean =>
    route !== null && route.region === region && route.shard === shard,
  /** idempotency-conflict: one key's answer would be given for another request. */
  "request-same": (known: string | null, asked: string): boolean => known === asked,
};

const digestByContract = new WeakMap<object, string>();
/** Contracts live as long as the isolate; their digest is computed once. */
function digestHere(contract: object): string {
  const known = digestByContract.get(contract);
  if (known !== undefined) return known;
  const digest = digestOf(contract);
  digestByContract.set(contract, digest);
  return digest;
}
