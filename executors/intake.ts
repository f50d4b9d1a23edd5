/**
 * What enters an executor: tasks and plans. Each call can be repeated; the same call again finds what the first one made.
 *
 * submit()   opened | duplicate | refused { audience-mismatch, idempotency-conflict, release-needed, stopped, overloaded, and all of admission }
 * propose()  admitted | duplicate | refused { not-found, round-closed, task-settled, and all of admission }
 */
import type * as z from "zod";
import { commit } from "../shared/commitments.ts";
import { labelsByModel, type CompiledRelease } from "../shared/compiled-release.ts";
import type { StopKind } from "../shared/events.ts";
import { mayBeUnusual } from "../shared/gates/gates.ts";
import type { JsonObject } from "../shared/json.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { ReleaseDelivery } from "../shared/release.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { subjectsOf } from "../shared/subjects.ts";
import { isFromEvent } from "../shared/triggers/schema.ts";
import type { SignedPlan, Submitted, TaskContext } from "../shared/rpc.ts";
import { parseCommand, ProposeCommand, SubmitCommand } from "./commands.ts";
import { GUARDS } from "./guards/index.ts";
import { leaseOf, moved } from "./planning-leases.ts";
import type { Shard } from "./shard.ts";
import { taskFacts } from "./task/endings.ts";
import { admitPlan, openPlan, type AdmitDeps, type AdmitTask } from "./task/admit.ts";
import { conflict, openTask, proposePlan, type AdmittedPlan } from "./task/decide.ts";
import { beyondReach, erased, restored } from "./task/subjects.ts";
import { recordsOf, recordViewsOf } from "./task/records.ts";
import { plainResults, type TaskState } from "./task/state.ts";

export async function submit(shard: Shard, input: unknown): Promise<Result<Submitted>> {
  const parsed = parseCommand(SubmitCommand, input);
  if (!parsed.ok) return parsed;
  const command = parsed.value;
  const misrouted = shard.misrouted(command.task);
  if (misrouted !== null) return err(misrouted);
  if (command.region !== shard.region) return err(problem("audience-mismatch", "The task's id is of another region."));
  const existing = shard.load(command.task);
  if (!existing.ok) return existing;
  if (existing.value !== null) return again(shard, existing.value, command.requestDigest, command.waitMs);
  const refusal = shard.takesNoTasks();
  if (refusal !== null) return err(refusal);
  const opened = await shard.admitting(() => open(shard, command));
  if (!opened.ok) return opened;
  if (opened.value === "again")
    return again(shard, shard.tasks.get(command.task)!, command.requestDigest, command.waitMs);
  return ok({ view: await shard.settledView(command.task, command.waitMs, true), duplicate: false });
}

/** Verifies a new task with its first plan and opens it in a round. */
async function open(shard: Shard, command: z.output<typeof SubmitCommand>): Promise<Result<"opened" | "again">> {
  const learned = await learnIfDelivered(shard, command.delivery);
  if (!learned.ok) return learned;
  const release = shard.trusted.inForce(command.automation, command.release, shard.nowMs());
  if (!release.ok) return release;
  const stopped = stopOfTask(shard, command.automation, command.release, command.principal.key);
  if (stopped !== null) return err(stopped);
  const openedByAgent = command.principal.role === "agent";
  const { bundle } = release.value;
  // Where a model may have to give the label first, the playbook's plan comes with the intent or later.
  const isOpen = labelsByModel(bundle) && command.plan === null;
  if ((command.plan === null) !== (bundle.planner !== "playbook") && !openedByAgent && !isOpen)
    return err(problem("plan-invalid", "A playbook's plan travels with the intent; another planner's comes later."));
  const value = command.input.value as JsonObject;
  const checked = release.value.input.check(value);
  if (!checked.ok) return checked;

  if (!mayBeUnusual(release.value.gates, command.unusual ?? []))
    return err(problem("invalid-request", "Only an anomaly gate of the release that asks for people can be named."));

  const subjects = subjectsOf(release.value.input, value, command.subjects ?? []);
  if (!subjects.ok) return subjects;

  const inputCommitment = commit(command.input.salt, value);
  const task: AdmitTask = {
    task: command.task,
    automation: command.automation,
    release: command.release,
    region: shard.region,
    input: value,
    inputCommitment,
    purpose: command.purpose,
    principal: command.principal,
    openedByAgent,
    fromEvent: isFromEvent(command.trigger),
    records: [],
    unusual: command.unusual,
  };
  const admitted =
    command.plan === null
      ? ok(null)
      : await admit(
          shard,
          command.plan as SignedPlan,
          { ...command, requestKey: command.requestDigest },
          task,
          release.value,
        );
  if (!admitted.ok) return admitted;
  return shard.rounds.run<"opened" | "again">({
    task: command.task,
    decide: (draft, found, nowMs) => {
      if (found !== null) return ok("again");
      const deps = shard.depsOf(command.release, nowMs);
      if (!deps.ok) return deps;
      const refusal = stillAdmitted(shard, admitted.value, command.principal.key);
      if (refusal !== null) return err(refusal);
      const keys = shard.vault.keysFor(subjects.value, nowMs);
      const opening = { ...command, input: { salt: command.input.salt, value }, inputCommitment, subjects: keys };
      openTask(draft, opening, admitted.value, deps.value);
      return ok("opened");
    },
  });
}

export async function propose(shard: Shard, input: unknown): Promise<Result<Submitted>> {
  const parsed = parseCommand(ProposeCommand, input);
  if (!parsed.ok) return parsed;
  const command = parsed.value;
  const found = shard.find(command.task);
  if (!found.ok) return found;
  const state = found.value;
  const gone = beyondReach(state);
  if (gone !== null) return err(gone);
  const made = state.planByRequest.get(command.requestKey);
  if (made !== undefined && !GUARDS["request-same"](made.digest, command.requestDigest)) return err(conflict());
  if (made !== undefined)
    return ok({ view: await shard.settledView(command.task, command.waitMs, true), duplicate: true });
  const learned = await learnIfDelivered(shard, command.delivery);
  if (!learned.ok) return learned;
  const release = shard.trusted.held(state.release);
  if (!release.ok) return release;
  const task: AdmitTask = {
    ...taskFacts(state),
    automation: state.automation,
    release: state.release,
    inputCommitment: state.input.commitment,
    openedByAgent: state.principal.role === "agent",
    fromEvent: isFromEvent(state.trigger),
    records: recordViewsOf(state, release.value),
  };
  const admitted = await admit(shard, command.plan as SignedPlan, command, task, release.value);
  if (!admitted.ok) return admitted;
  const { planner } = admitted.value.plan.agent;
  const proposed = await shard.onTask(state, (draft, deps) => {
    // Where models plan, people propose only once planning has stopped for them.
    if (planner === "agent" && release.value.bundle.planner !== "agent" && state.planningStopped === null)
      return err(problem("planning-moved", "The models of this automation plan this round."));
    // Of two planners of one round, because one was taken for dead, the later one has the say.
    if (planner !== "agent" && leaseOf(shard.sql, state.id) !== command.epoch) return err(moved());
    const refusal = stillAdmitted(shard, admitted.value, state.principal.key);
    return refusal === null ? proposePlan(draft, admitted.value, deps) : err(refusal);
  });
  if (!proposed.ok) return proposed;
  const view = await shard.settledView(command.task, command.waitMs, true);
  return ok({ view, duplicate: proposed.value === "duplicate" });
}

/** What the intent-manager needs to plan the next round. */
export function context(shard: Shard, task: string, requestKey: string): Result<TaskContext> {
  const found = shard.find(task);
  if (!found.ok) return found;
  const state = found.value;
  const gone = beyondReach(state);
  if (gone !== null) return err(gone);
  const release = shard.trusted.held(state.release);
  return ok({
    task: shard.view(state),
    input: state.input.value,
    inputCommitment: state.input.commitment,
    purpose: state.purpose,
    fromEvent: isFromEvent(state.trigger),
    ofSubject: state.subjects.length > 0,
    nextRound: state.planByRequest.get(requestKey)?.round ?? state.round + 1,
    stepIds: [...state.steps.keys()],
    records: release.ok ? recordsOf(state, release.value) : [],
    results: plainResults(state),
  });
}

/** Takes a release into the object: bundle and signed promotion. */
export async function learn(shard: Shard, input: unknown): Promise<Result<{ release: string; serial: number }>> {
  const parsed = parseCommand(ReleaseDelivery, input);
  if (!parsed.ok) return parsed;
  const checked = await shard.trusted.checkDelivery(parsed.value, shard.nowMs());
  return checked.ok ? shard.onExecutor(() => shard.trusted.learn(checked.value)) : checked;
}

const learnIfDelivered = async (shard: Shard, delivery: unknown): Promise<Result<unknown>> =>
  delivery === null ? ok(null) : learn(shard, delivery);

async function admit(
  shard: Shard,
  signed: SignedPlan,
  request: { readonly requestKey: string; readonly requestDigest: string },
  task: AdmitTask,
  release: CompiledRelease,
): Promise<Result<AdmittedPlan>> {
  const { revoked } = shard.trusted;
  const trustedKeys = shard.config.proposalKeys;
  const deps: AdmitDeps = {
    tenant: shard.tenant,
    region: shard.region,
    registry: shard.registry,
    proposalKeys:
      revoked.size === 0
        ? trustedKeys
        : new Map([...trustedKeys].filter(([kid]) => GUARDS["signer-not-revoked"](kid, revoked))),
    nowMs: shard.nowMs(),
    stoppedBy: (kind, target) => shard.trusted.stoppedBy(kind, target),
  };
  const plan = await openPlan(signed, deps);
  return plan.ok ? admitPlan(plan.value, signed, request, task, release, deps) : plan;
}

/** What may have changed between admission and the round: keys that were revoked, stops that were set. */
function stillAdmitted(shard: Shard, admitted: AdmittedPlan | null, key: string): Problem | null {
  if (admitted === null) return null;
  const { plan, envelope } = admitted;
  return (
    shard.trusted.revokedSigner(envelope) ??
    stopOfTask(shard, plan.automation, plan.release, key) ??
    stopOf(shard, "agent", plan.agent.id) ??
    stopOf(shard, "key", plan.agent.id)
  );
}

/** The same request again: the same task. The same id with another request: a conflict. */
async function again(
  shard: Shard,
  state: TaskState,
  requestDigest: string,
  waitMs: number,
): Promise<Result<Submitted>> {
  if (state.erased) return err(erased(state));
  // Whether it is the same request, nobody can tell any more.
  if (state.restored && state.requestDigest === "") return err(restored(state));
  if (!GUARDS["request-same"](state.requestDigest, requestDigest)) return err(conflict());
  return ok({ view: await shard.settledView(state.id, waitMs, true), duplicate: true });
}

function stopOf(shard: Shard, kind: StopKind, target: string): Problem | null {
  const stop = shard.trusted.stoppedBy(kind, target);
  return stop === null ? null : problem("stopped", `The ${kind} ${target} is stopped by ${stop}.`, { stop });
}

/** `key` is the API key that opened the task. */
function stopOfTask(shard: Shard, automation: string, release: string, key: string): Problem | null {
  const stopped =
    stopOf(shard, "tenant", shard.tenant) ?? stopOf(shard, "automation", automation) ?? stopOf(shard, "key", key);
  if (stopped !== null) return stopped;
  return shard.trusted.stoppedBy("release", release) === null
    ? null
    : problem("release-revoked", "The release is stopped.");
}
