/**
 * From an accepted request to one call to the executor: the hot path. Warm, it reads no database; the plan travels in the call that opens the task.
 *
 * The executor may answer that it lacks the release (it gets the bundle with its signed promotion) or that a newer one is promoted (the cached
 * one was stale: everything is decided again, once). Nothing here is state: any attempt may be repeated.
 */
import { homeOf } from "../../shared/home.ts";
import { digestOf } from "../../shared/canonical.ts";
import { commit } from "../../shared/commitments.ts";
import { labelsByModel, plansByModel, type CompiledRelease } from "../../shared/compiled-release.ts";
import type { Principal } from "../../shared/events.ts";
import { executorName } from "../../shared/ids.ts";
import type { JsonObject } from "../../shared/json.ts";
import { isRetryable } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { SignedPlan, Submitted, SubmitCommand } from "../../shared/rpc.ts";
import type { Toggles } from "../../shared/toggles.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutor, callExecutorOf, inText } from "../dispatch/executor.ts";
import type { Tenant } from "../http/caller.ts";
import type { Background } from "../http/fresh-cache.ts";
import { deliveryOf, forgetInForce, releaseInForce } from "../releases/in-force.ts";
import { enterIntake } from "./admit-intake.ts";
import { passAnomalies } from "./anomalies.ts";
import { passGates } from "./gates.ts";
import { newSalt, randomBytes } from "./random.ts";
import { chooseRegion } from "./region.ts";
import { newTaskId, tenantSecret, type KeySpace } from "./task-ids.ts";
import { togglesOfRelease } from "./toggles.ts";

/** A request to open a task, whoever makes it. */
export type Opening = {
  readonly env: Bindings;
  readonly background: Background;
  readonly nowMs: number;
  readonly tenant: Tenant;
  readonly automation: string;
  readonly input: JsonObject;
  readonly region: string | undefined;
  readonly idempotencyKey: string | null;
  /** Whose keys these are; absent: those that callers choose. */
  readonly keySpace?: KeySpace;
  readonly principal: Principal;
  readonly trigger: { readonly kind: string; readonly id: string } | null;
  readonly purpose: string | null;
  /** Data subjects that the request names. */
  readonly subjects: readonly string[];
  readonly traceparent: string | null;
  readonly waitMs: number;
  /** What else makes the request what it is, such as an agent's steps: the same key with another request is a conflict. */
  readonly also: JsonObject;
};

/** The task as the plan must name it. */
export type OpenTask = {
  readonly task: string;
  readonly region: string;
  readonly inputCommitment: string;
  readonly release: CompiledRelease;
  /** The feature toggles that the release looks at; undefined where it looks at none. */
  readonly toggles?: Toggles | undefined;
  /** Anomaly gates that send its writes to people. */
  readonly unusual?: readonly string[] | undefined;
};

/** Makes the first plan; null where the task opens without one. */
export type FirstPlan = (task: OpenTask) => Promise<Result<SignedPlan | null>>;

/** Refuses with unknown-automation, no-release, contract-violation, quality-gate, region-unavailable, and whatever planning or the executor refuse. */
export async function openTask(opening: Opening, firstPlan: FirstPlan): Promise<Result<Submitted>> {
  const { env, tenant, automation, nowMs, background } = opening;
  const release = await releaseInForce(env, tenant.id, automation, nowMs, background);
  if (!release.ok) return release;
  const answer = await openUnder(release.value, opening, firstPlan);
  if (answer.ok || answer.problem.code !== "release-superseded") return answer;
  forgetInForce(tenant.id, automation);
  const newer = await releaseInForce(env, tenant.id, automation, nowMs, background);
  return newer.ok && newer.value.digest !== release.value.digest ? openUnder(newer.value, opening, firstPlan) : answer;
}

async function openUnder(release: CompiledRelease, opening: Opening, firstPlan: FirstPlan): Promise<Result<Submitted>> {
  const { env, tenant, automation, input } = opening;
  const checked = release.input.check(input);
  if (!checked.ok) return checked;
  const passed = passGates(opening, release, input);
  if (!passed.ok) return passed;
  const region = chooseRegion(opening.region, release.bundle.region, input, tenant);
  if (!region.ok) return region;

  const secret = tenantSecret(env.TASK_ID_SECRET, tenant.id);
  const home = homeOf(release.bundle.home, input);
  if (!home.ok) return home;
  const same = {
    automation,
    region: region.value,
    idempotencyKey: opening.idempotencyKey,
    home: home.value,
    ...(opening.keySpace === undefined ? {} : { keySpace: opening.keySpace }),
  };
  const { task, shard } = newTaskId(secret, tenant, same, randomBytes);
  const usual = await passAnomalies(opening, release, input, task);
  if (!usual.ok) return usual;
  const entered = await enterIntake(env, tenant.id, release, task);
  if (!entered.ok) return entered;
  const unusual = usual.value.length === 0 ? undefined : usual.value;
  const opened = await openEntered(opening, { release, task, shard, region: region.value, unusual }, firstPlan);
  // What is not known to have failed may have opened it, and goes on to count.
  if (!opened.ok && !isRetryable(opened.problem.code)) await entered.value.leave();
  return opened;
}

type Place = {
  readonly release: CompiledRelease;
  readonly task: string;
  readonly shard: number;
  readonly region: string;
  readonly unusual: readonly string[] | undefined;
};

async function openEntered(
  opening: Opening,
  { release, task, shard, region, unusual }: Place,
  firstPlan: FirstPlan,
): Promise<Result<Submitted>> {
  const { env, tenant, automation, input } = opening;
  const salt = newSalt();
  const inputCommitment = commit(salt, input);
  const toggles = await togglesOfRelease(env, tenant.id, release, opening.nowMs, opening.background);
  const plan = await firstPlan({ task, region, inputCommitment, release, toggles, unusual });
  if (!plan.ok) return plan;
  const models = plansByModel(release.bundle) || (labelsByModel(release.bundle) && plan.value === null);
  // Before the task opens: no task waits for a planner that nobody knows of.
  if (models) await deskOf(env, tenant, task).begin({ tenant, task });

  const { principal, trigger, purpose, subjects, traceparent, waitMs } = opening;
  const command: SubmitCommand = {
    task,
    automation,
    release: release.digest,
    region,
    input: { salt, value: input },
    requestDigest: digestOf({
      automation,
      input,
      region,
      trigger,
      purpose,
      member: principal.member,
      also: opening.also,
      ...(subjects.length === 0 ? {} : { subjects: [...subjects] }),
    }),
    principal,
    trigger,
    purpose,
    ...(subjects.length === 0 ? {} : { subjects }),
    ...(unusual === undefined ? {} : { unusual }),
    traceparent,
    plan: plan.value,
    delivery: null,
    waitMs: models ? 0 : waitMs,
  };
  const executor = executorName(tenant.id, region, shard);
  const answer = await submitted(env, tenant, executor, command);
  return answer.ok && models ? planning(env, tenant, answer.value, waitMs) : answer;
}

async function submitted(
  env: Bindings,
  tenant: Tenant,
  executor: string,
  command: SubmitCommand,
): Promise<Result<Submitted>> {
  const answer = await callExecutor(env, executor, inText("submit", command));
  if (answer.ok || answer.problem.code !== "release-needed") return answer;
  const delivery = await deliveryOf(env, tenant.id, command.release);
  if (!delivery.ok) return err(delivery.problem);
  return callExecutor(env, executor, inText("submit", { ...command, delivery: delivery.value }));
}

/** The open task is planned by models, beside this request; repeating the request finds a planner that died and starts it again. */
async function planning(env: Bindings, tenant: Tenant, opened: Submitted, waitMs: number): Promise<Result<Submitted>> {
  const { id: task, settled } = opened.view;
  if (settled) return ok(opened);
  await deskOf(env, tenant, task).plan({ tenant, task, again: false });
  if (waitMs === 0) return ok(opened);
  const view = await callExecutorOf(env, tenant, task, (stub) => stub.wait(task, waitMs, true));
  return view.ok ? ok({ ...opened, view: view.value }) : view;
}

const deskOf = (env: Bindings, tenant: Tenant, task: string) => env.PLANNING_DESK.getByName(`${tenant.id}/${task}`);

/** The requester as the record names them. `evaluable` when it is known which person asks. */
export const principalOf = (
  key: string,
  role: Principal["role"],
  member: string | null,
  known: boolean,
): Principal => ({
  key,
  role,
  member,
  sod: member !== null && known ? "evaluable" : "not-evaluable",
});

export const noPlan: FirstPlan = () => Promise.resolve(ok(null));
