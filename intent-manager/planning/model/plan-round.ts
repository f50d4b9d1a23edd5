/**
 * One round of planning by models: the executor gives the right to plan it, those of the release's list are asked in their order, and the first
 * usable plan is signed and admitted. Where nobody has one, the executor records that, and the task waits for a person or ends.
 *
 * P1  A round has one plan. A planner that was taken for dead and comes back has lost its lease, and its plan is refused (planning-moved).
 * P2  Repeating it after any crash is harmless: what was admitted closes the round, and what was not is planned again, inside the same budget.
 * P3  What a model wrote is planned as an outside agent's words: contracts, provenance and policy here, and all of it again in the executor.
 */
import { labelsByModel, plansByModel, type CompiledRelease } from "../../../shared/compiled-release.ts";
import { digestOf } from "../../../shared/canonical.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { ModelSpec } from "../../../shared/model.ts";
import { isRetryable, problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { PlanningLease, ProposeCommand, TaskContext } from "../../../shared/rpc.ts";
import type { Bindings } from "../../bindings.ts";
import { callExecutorOf, inText } from "../../dispatch/executor.ts";
import { subjectDigest } from "../../dispatch/subjects.ts";
import type { Tenant } from "../../http/caller.ts";
import { TenantMemory } from "../../memory/memory.ts";
import { NOTHING, remember, type Remembered } from "../../memory/remember.ts";
import { deliveryOf, loadRelease } from "../../releases/in-force.ts";
import { draftWords } from "../agent-draft.ts";
import type { DraftedPlan } from "../plan.ts";
import { draftByPlaybook } from "../playbook-planner.ts";
import { recordsOf } from "../records.ts";
import { signPlan } from "../sign-plan.ts";
import { planByWriting } from "../writing/plan-by-writing.ts";
import { askTier, type CallLog } from "./ask-tier.ts";
import type { LabelDeps } from "./ask-label.ts";
import { planByLabel } from "./plan-by-label.ts";
import { offered, planSchema, toolsOf } from "./offer.ts";
import { readPlan, readTools, type Written } from "./read-answer.ts";
import type { DecisionsRpc } from "./decision-book.ts";
import { keepPlan, keyOf, recallPlan } from "./recall.ts";
import { isSwitchedOff, switchedOff, togglesNow } from "./switch.ts";
import { promptOf, systemOf } from "./words.ts";

export type RoundDeps = LabelDeps & { readonly env: Bindings; readonly decisions: DecisionsRpc };
export type RoundOf = {
  readonly tenant: Tenant;
  readonly task: string;
  /** Somebody asked for planning again after it had stopped for a person. */
  readonly again: boolean;
};
/** `done`: nothing is left to plan. `later`: its steps are under way, or something is out of reach. `next`: another round follows. */
export type RoundEnd = "done" | "later" | "next";

export async function planRound(deps: RoundDeps, round: RoundOf): Promise<RoundEnd> {
  const { env } = deps;
  const leased = await callExecutorOf(env, round.tenant, round.task, (stub) => stub.leasePlanning(round.task));
  if (!leased.ok) return leased.problem.code === "subject-erased" ? "done" : "later";
  const lease = leased.value;
  if (lease.closed || (lease.stopped && !round.again)) return "done";
  const { task } = lease.context;
  if (task.steps.some(({ status }) => !ENDED.has(status))) return "later";
  const release = await loadRelease(env, round.tenant.id, task.release);
  if (!release.ok) return isRetryable(release.problem.code) ? "later" : "done";
  const labels = labelsByModel(release.value.bundle);
  if (!labels && !plansByModel(release.value.bundle)) return "done";

  const log: CallLog = { calls: [], disclosures: {} };
  const isWritten = release.value.bundle.writing !== undefined;
  const planned = await (labels ? planByLabel : isWritten ? planByWriting : planByList)(
    deps,
    round,
    lease,
    release.value,
    log,
  );
  return planned.ok ? propose(deps, round, lease, planned.value, log) : stop(deps, round, lease, planned.problem, log);
}

const ENDED: ReadonlySet<string> = new Set([
  "applied",
  "failed",
  "denied",
  "skipped",
  "reversed",
  "compensated",
  "expired",
]);

/** Everybody of the list in its order. Refuses with why the last one asked gave nothing. */
async function planByList(
  deps: RoundDeps,
  { tenant, task }: RoundOf,
  lease: PlanningLease,
  release: CompiledRelease,
  log: CallLog,
): Promise<Result<DraftedPlan>> {
  const { context } = lease;
  const spec = release.bundle.model!;
  const toggles = await togglesNow(deps, tenant.id, release);
  const isOff = isSwitchedOff(spec, toggles);
  const over = loopIsOver(spec, lease, release, deps.nowMs());
  if (over !== null) return err(over);
  const offer = offered(release);
  const isLoop = release.bundle.planner === "loop";
  const facts = {
    task,
    region: context.task.region,
    input: context.input,
    purpose: context.purpose,
    principal: context.task.principal,
    unusual: context.task.unusual,
  };
  const common = {
    tenant: tenant.id,
    facts,
    release,
    toggles,
    round: context.nextRound,
    inputCommitment: context.inputCommitment,
  };
  const remembered = isOff ? NOTHING : await rememberFor(deps, tenant.id, context, release, log);
  const draftAs = ({ steps, last }: Written, model: string): Result<DraftedPlan> =>
    draftWords(
      {
        ...common,
        memory: remembered.shown,
        last,
        agent: model,
        agentMember: null,
        steps,
        records: recordsOf(context, release),
        usedStepIds: context.stepIds,
        openedByAgent: context.task.principal.role === "agent",
        fromEvent: context.fromEvent,
        nowMs: deps.nowMs(),
      },
      isLoop ? "loop" : "model",
    );
  // What memory says today may be something else than when a plan was kept.
  const key = release.bundle.memory === undefined && !isOff ? keyOf(deps, tenant.id, context, release) : null;
  const recalled = key === null ? null : await recallPlan(deps, key, context.input, draftAs, isLoop);
  if (recalled !== null) return ok(recalled);
  const prompt = await promptOf(context, remembered);
  let why: Problem = isOff ? switchedOff(spec) : problem("model-not-configured", "The release's list names no model.");
  for (const who of spec.fallback) {
    if (who === "person") break;
    if (isOff && who !== "playbook") continue;
    const nowMs = deps.nowMs();
    if (who === "playbook") {
      if (context.nextRound > 1) continue;
      const drafted = draftByPlaybook(
        { ...facts, tenant: tenant.id, fromEvent: context.fromEvent, nowMs },
        {
          task,
          region: facts.region,
          inputCommitment: context.inputCommitment,
          release,
          toggles,
          unusual: facts.unusual,
        },
      );
      if (drafted.ok)
        return ok({ ...drafted.value, plan: { ...drafted.value.plan, insteadOf: why.code.slice(0, 60) } });
      why = drafted.problem;
      continue;
    }
    const pin = spec[who]!;
    const said: { written: Written | null } = { written: null };
    const drafted = await askTier(
      deps,
      {
        tier: who,
        pin,
        task,
        automation: release.bundle.automation,
        budget: spec.budget,
        deadlineMs: Date.parse(context.task.deadlineAt),
        system: systemOf(release),
        prompt,
        shape: isLoop ? { tools: toolsOf(offer) } : { schema: planSchema(offer) },
        minConfidence: spec.minConfidence,
        read: (answer) => (isLoop ? readTools(answer, offer, context.nextRound) : readPlan(answer, offer)),
        draft: (words) => draftAs((said.written = words), pin.name),
      },
      log,
    );
    if (drafted.ok && key !== null && said.written !== null)
      await keepPlan(deps, key, said.written, log.calls, context, release);
    if (drafted.ok) return drafted;
    why = drafted.problem;
  }
  return err(why);
}

/** What memory has for the models of this task; embeddings of searches are paid from the task's budget. */
function rememberFor(
  { env, nowMs }: RoundDeps,
  tenant: string,
  { task, input }: TaskContext,
  release: CompiledRelease,
  log: CallLog,
): Promise<Remembered> {
  const { automation, model } = release.bundle;
  return remember(new TenantMemory(env, tenant), {
    release,
    input,
    payer: { task: task.id, automation, budget: model!.budget, deadlineMs: Date.parse(task.deadlineAt), log },
    digestOf: (subject) => subjectDigest(env, tenant, subject),
    nowMs: nowMs(),
  });
}

/** A loop ends by itself at the limits of its release: rounds, and time since the task was opened. */
function loopIsOver(
  spec: ModelSpec,
  { context }: PlanningLease,
  release: CompiledRelease,
  nowMs: number,
): Problem | null {
  if (release.bundle.planner !== "loop") return null;
  const { rounds, seconds } = spec.loop!;
  const isLate = nowMs >= Date.parse(context.task.openedAt) + seconds * 1_000;
  return context.nextRound > rounds || isLate
    ? problem("loop-limit", isLate ? "The time for planning is over." : `The task has had its ${rounds} rounds.`)
    : null;
}

async function propose(
  { env }: RoundDeps,
  { tenant, task }: RoundOf,
  { epoch, context }: PlanningLease,
  drafted: DraftedPlan,
  log: CallLog,
): Promise<RoundEnd> {
  const plan = log.calls.length === 0 ? drafted.plan : { ...drafted.plan, model: log.calls };
  const envelope = await signPlan(env, plan);
  if (!envelope.ok) throw new Error(envelope.problem.code);
  const request = digestOf({ task, round: plan.round, epoch });
  const command: ProposeCommand = {
    task,
    plan: { envelope: envelope.value, disclosures: { ...drafted.disclosures, ...log.disclosures } },
    requestKey: request,
    requestDigest: request,
    epoch,
    delivery: null,
    waitMs: LOOK_MS,
  };
  let answer = await callExecutorOf(env, tenant, task, inText("propose", command));
  if (!answer.ok && answer.problem.code === "release-needed") {
    const delivery = await deliveryOf(env, tenant.id, context.task.release);
    if (!delivery.ok) return "done";
    answer = await callExecutorOf(env, tenant, task, inText("propose", { ...command, delivery: delivery.value }));
  }
  if (!answer.ok) {
    if (isRetryable(answer.problem.code)) return "later";
    // Moved: another planner goes on. Refused by what changed meanwhile, such as a stop: it is recorded as such.
    return MOVED.has(answer.problem.code)
      ? "done"
      : stop({ env }, { tenant, task }, { epoch, context }, answer.problem, log, "end");
  }
  if (plan.last) return "done";
  return answer.value.view.settled ? "done" : answer.value.view.status === "planning" ? "next" : "later";
}
const MOVED: ReadonlySet<string> = new Set(["planning-moved", "round-closed", "task-settled", "subject-erased"]);
/** How long an admitted round is watched before the desk looks again later. */
const LOOK_MS = LIMITS.waitSeconds * 1_000;

async function stop(
  { env }: Pick<RoundDeps, "env">,
  { tenant, task }: Pick<RoundOf, "tenant" | "task">,
  { epoch, context }: Pick<PlanningLease, "epoch" | "context">,
  why: Problem,
  log: CallLog,
  end?: "end",
): Promise<RoundEnd> {
  const release = await loadRelease(env, tenant.id, context.task.release);
  const asksPerson = release.ok && release.value.bundle.model?.fallback.includes("person") === true;
  const stopped = await callExecutorOf(env, tenant, task, (stub) =>
    stub.stopPlanning({
      task,
      epoch,
      code: why.code,
      next: end ?? (asksPerson ? "person" : "end"),
      calls: log.calls,
      disclosures: log.disclosures,
    }),
  );
  return !stopped.ok && isRetryable(stopped.problem.code) ? "later" : "done";
}
