/** `POST /v1/proposals`: an outside agent proposes actions, into a task that somebody opened or into one that it opens itself. */
import * as z from "zod";
import { digestOf } from "../../shared/canonical.ts";
import { containsReserved } from "../../shared/commitments.ts";
import { AutomationName, RegionId, TaskId } from "../../shared/ids.ts";
import { AgentStep } from "../../shared/intent.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, type Result } from "../../shared/result.ts";
import { SubjectId } from "../../shared/subjects.ts";
import type { ProposeCommand, Submitted } from "../../shared/rpc.ts";
import type { Caller } from "../http/caller.ts";
import { endpoint, type Call } from "../http/endpoint.ts";
import { idempotencyKey, preferredWait, traceparent } from "../http/headers.ts";
import { openTask, principalOf } from "../intake/submit.ts";
import { togglesOfRelease } from "../intake/toggles.ts";
import { callExecutorOf, inText } from "../dispatch/executor.ts";
import { planByAgent } from "../planning/agent-planner.ts";
import { recordsOf } from "../planning/records.ts";
import { deliveryOf, loadRelease } from "../releases/in-force.ts";
import { answerTask, taskAnswers } from "./intents.ts";
import { AnyObject } from "./shapes.ts";

const Step = z.strictObject({ ...AgentStep.shape, args: AnyObject });
const common = {
  steps: z.array(Step).max(LIMITS.planSteps),
  last: z.boolean().optional(),
  idempotencyKey: z.string().min(1).max(200).optional(),
};
const IntoTask = z.strictObject({ task: TaskId, ...common });
const OpensTask = z.strictObject({
  automation: AutomationName,
  request: AnyObject,
  region: RegionId.optional(),
  subjects: z.array(SubjectId).max(LIMITS.taskSubjects).optional(),
  ...common,
});
type Proposing<B> = Call<undefined, undefined, B> & { readonly caller: Caller };

export const submitProposal = endpoint(
  "POST /v1/proposals",
  {
    summary: "Propose actions as an outside agent",
    description:
      "With `task`: into a task that another principal opened. With `automation` and `request`: opens a task in which everything has provenance `model`. A proposal into a task is known by its content, so repeating it is harmless with or without `Idempotency-Key`; for one that opens a task the key works as for intents. `last: true` says that no further proposal follows. `Prefer: wait=N` waits up to N seconds: 200 with the task once it has settled or every proposed step has ended, 202 as soon as it can only go on with a person.",
    takesWork: true,
    tag: "tasks",
    body: z.union([IntoTask, OpensTask]),
    answers: taskAnswers,
  },
  async (call) => {
    const waitSeconds = preferredWait(call.request);
    const { body } = call;
    const submitted =
      "task" in body
        ? await proposeInto({ ...call, body }, waitSeconds)
        : await openWith({ ...call, body }, waitSeconds);
    return submitted.ok ? answerTask(submitted.value, waitSeconds) : submitted;
  },
);

async function proposeInto(
  { env, background, request, nowMs, caller, body }: Proposing<z.output<typeof IntoTask>>,
  waitSeconds: number,
): Promise<Result<Submitted>> {
  const { task, steps, last = false } = body;
  const key = idempotencyKey(request, body.idempotencyKey);
  if (!key.ok) return key;
  const requestDigest = digestOf({ task, agent: caller.key, steps, last });
  const requestKey = key.value === null ? requestDigest : digestOf({ agent: caller.key, idempotencyKey: key.value });
  const context = await callExecutorOf(env, caller.tenant, task, (stub) => stub.context(task, requestKey));
  if (!context.ok) return context;
  const { task: view, input, inputCommitment, purpose, nextRound, stepIds } = context.value;
  // A repeated proposal finds its own round and its own steps in the task; the executor answers it as a duplicate.
  const own = new Set(view.steps.filter((step) => step.round === nextRound).map((step) => step.id));
  const release = await loadRelease(env, caller.tenant.id, view.release);
  if (!release.ok) return release;
  const plan = await planByAgent(env, {
    tenant: caller.tenant.id,
    facts: { task, region: view.region, input, purpose, principal: view.principal, unusual: view.unusual },
    release: release.value,
    toggles: await togglesOfRelease(env, caller.tenant.id, release.value, nowMs, background),
    round: nextRound,
    last,
    agent: caller.key,
    agentMember: caller.member,
    inputCommitment,
    steps,
    records: recordsOf(context.value, release.value),
    usedStepIds: stepIds.filter((id) => !own.has(id)),
    openedByAgent: view.principal.role === "agent",
    fromEvent: context.value.fromEvent,
    nowMs,
  });
  if (!plan.ok) return plan;
  const command: ProposeCommand = {
    task,
    plan: plan.value,
    requestKey,
    requestDigest,
    delivery: null,
    waitMs: waitSeconds * 1_000,
  };
  const answer = await callExecutorOf(env, caller.tenant, task, inText("propose", command));
  if (answer.ok || answer.problem.code !== "release-needed") return answer;
  const delivery = await deliveryOf(env, caller.tenant.id, view.release);
  if (!delivery.ok) return delivery;
  return callExecutorOf(env, caller.tenant, task, inText("propose", { ...command, delivery: delivery.value }));
}

async function openWith(
  { env, background, request, nowMs, caller, body }: Proposing<z.output<typeof OpensTask>>,
  waitSeconds: number,
): Promise<Result<Submitted>> {
  const { automation, request: input, steps, last = false } = body;
  const key = idempotencyKey(request, body.idempotencyKey);
  if (!key.ok) return key;
  if (containsReserved(input)) return err(problem("contract-violation", "Keys that start with `$` are reserved."));
  const principal = principalOf(caller.key, caller.role, caller.member, caller.member !== null);
  return openTask(
    {
      env,
      background,
      nowMs,
      tenant: caller.tenant,
      automation,
      input,
      region: body.region,
      // An agent's keys are its own: it can neither find nor block the task of an app, or of another agent, by naming its key.
      idempotencyKey: key.value === null ? null : `agent:${caller.key}:${key.value}`,
      principal,
      trigger: null,
      purpose: null,
      subjects: body.subjects ?? [],
      traceparent: traceparent(request),
      waitMs: waitSeconds * 1_000,
      also: { steps: steps as unknown as [], last },
    },
    ({ task, region, inputCommitment, release, toggles, unusual }) =>
      planByAgent(env, {
        tenant: caller.tenant.id,
        facts: { task, region, input, purpose: null, principal, unusual },
        release,
        toggles,
        round: 1,
        last,
        agent: caller.key,
        agentMember: caller.member,
        inputCommitment,
        steps,
        records: [],
        usedStepIds: [],
        openedByAgent: true,
        nowMs,
      }),
  );
}
