/**
 * Taking applied actions back. Who asks is authenticated here and signed with the proposal key; the executor decides whether it happens.
 * Before anything is asked, the ledger's read model says what later actions depend on the one that is to be taken back.
 */
import * as z from "zod";
import { DependentsView, ReversalAnswer } from "../../shared/api.ts";
import { toBase32, StepId, TaskId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Dependent } from "../../shared/rpc/ledger.ts";
import type { Reversal } from "../../shared/reversal.ts";
import type { StepView, TaskView } from "../../shared/views.ts";
import type { Bindings } from "../bindings.ts";
import { callExecutorOf, callWorker } from "../dispatch/executor.ts";
import type { Caller } from "../http/caller.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import { preferredWait } from "../http/headers.ts";
import { json } from "../http/reply.ts";
import { randomBytes } from "../intake/random.ts";
import { signReversal } from "../planning/sign-plan.ts";
import { LEDGER } from "./ledger.ts";
import { IDEMPOTENT } from "./shapes.ts";

const StepPath = z.object({ id: TaskId, step: StepId });

const dependentsOf = (env: Bindings, tenant: string, task: string, step: string) =>
  callWorker(LEDGER, () => env.LEDGER.dependents({ tenant, task, step }));

export const previewReversal = endpoint(
  "GET /v1/tasks/{id}/steps/{step}/reverse",
  {
    summary: "See what a reversal would meet",
    description:
      "Until when the step may be reversed, and the later actions that touched the same things, newest first, from the ledger's read model. Nothing is changed.",
    tag: "tasks",
    params: StepPath,
    answers: { 200: { description: "The step's window and its dependents", schema: DependentsView } },
  },
  async ({ env, caller, params }) => {
    const found = await stepOf(env, caller, params.id, params.step);
    if (!found.ok) return found;
    const dependents = await dependentsOf(env, caller.tenant.id, params.id, params.step);
    if (!dependents.ok) return dependents;
    const { status, reversibleUntil, undo } = found.value;
    return ok({ status, reversibleUntil, undo, dependents: [...dependents.value.dependents] });
  },
);

export const reverseStep = endpoint(
  "POST /v1/tasks/{id}/steps/{step}/reverse",
  {
    summary: "Take an applied action back",
    description: `Inside the window of its automation, under the policy in force for the task; a person may have to approve it. Refused with \`has-dependents\` where later actions touched the same things, unless \`cascade\` is true: then those are reversed first, newest first. \`Prefer: wait=N\` waits up to N seconds for each undo. ${IDEMPOTENT}`,
    tag: "tasks",
    params: StepPath,
    body: z.strictObject({ reason: z.string().min(1).max(500), cascade: z.boolean().default(false) }),
    answers: {
      200: { description: "The action is taken back", schema: ReversalAnswer },
      202: { description: "The undo is under way or waits for a person", schema: ReversalAnswer },
    },
  },
  async ({ env, request, caller, params, body }) => {
    const found = await stepOf(env, caller, params.id, params.step);
    if (!found.ok) return found;
    const asked = await dependentsOf(env, caller.tenant.id, params.id, params.step);
    if (!asked.ok) return asked;
    const { dependents } = asked.value;
    // Where nothing can be reversed, the executor says why.
    const isOpen = found.value.status === "applied" && found.value.reversibleUntil !== null;
    if (isOpen && dependents.length > 0 && !body.cascade)
      return err(
        problem(
          "has-dependents",
          dependents.length === 1
            ? "A later action touched what this one changed."
            : `${dependents.length} later actions touched what this one changed.`,
          {
            dependents: dependents.map(({ task, step }) => `${task}/${step}`),
          },
        ),
      );
    const waitMs = Math.max(1, preferredWait(request)) * 1_000;
    const undone = isOpen ? await receiptsOf(env, caller, params.id, asked.value.takenBack) : [];
    const cascaded: { task: string; step: string; status: string }[] = [];
    for (const dependent of isOpen ? dependents : []) {
      const reversed = await reverseOne(env, caller, dependent, body.reason, undone, waitMs);
      if (!reversed.ok)
        return err({ ...reversed.problem, facts: { ...reversed.problem.facts, ...placeOf(dependent) } });
      const { status } = reversed.value.step;
      cascaded.push({ task: dependent.task, step: dependent.step, status });
      // What depends on the rest is not taken back yet: the rest waits, and asking again goes on from here.
      if (status !== "reversed") return json({ status: found.value.status, undo: null, cascaded, task: null }, 202);
      keepReceipts(undone, reversed.value.task, dependent.step);
    }
    const own = await reverseOne(env, caller, { task: params.id, step: params.step }, body.reason, undone, waitMs);
    if (!own.ok) return own;
    const { task, step } = own.value;
    const value = { status: step.status, undo: step.undo, cascaded, task };
    return step.status === "reversed" || step.status === "compensated" ? ok(value) : json(value, 202);
  },
);

type Undone = Reversal["undone"][number];
/** The receipts of what was taken back before, by an earlier cascade or one by one. What cannot be read is left out: the executor is then stricter. */
async function receiptsOf(
  env: Bindings,
  caller: Caller,
  of: string,
  takenBack: readonly Dependent[],
): Promise<Undone[]> {
  // Another region has other records.
  const here = takenBack.filter(({ task }) => regionOf(task) === regionOf(of));
  const tasks = await Promise.all(
    here.map(({ task }) => callExecutorOf(env, caller.tenant, task, (stub) => stub.read(task))),
  );
  const undone: Undone[] = [];
  for (const [i, view] of tasks.entries()) if (view.ok) keepReceipts(undone, view.value, here[i]!.step);
  return undone;
}
/** The receipts that say that a step was applied and taken back, for the reversal of what it depends on. */
function keepReceipts(undone: Undone[], task: TaskView, id: string): void {
  const step = task.steps.find((one) => one.id === id);
  const undo = task.steps.find((one) => one.id === step?.undo);
  const [did, undid] = [step?.receipt ?? null, undo?.receipt ?? null];
  if (did !== null && undid !== null) undone.push({ action: did, undo: undid });
}

const regionOf = (task: string): string => task.split("_")[1]!;
const placeOf = ({ task, step }: Pick<Dependent, "task" | "step">) => ({ task, step });

async function stepOf(env: Bindings, caller: Caller, task: string, step: string): Promise<Result<StepView>> {
  const view = await callExecutorOf(env, caller.tenant, task, (stub) => stub.read(task));
  if (!view.ok) return view;
  const found = view.value.steps.find(({ id }) => id === step);
  return found === undefined ? err(NOT_FOUND) : ok(found);
}

/** Asks the executor of one action to take it back. An undo that is there already is the answer. */
async function reverseOne(
  env: Bindings,
  caller: Caller,
  { task, step }: { readonly task: string; readonly step: string },
  reason: string,
  undone: readonly Undone[],
  waitMs: number,
): Promise<Result<{ readonly task: TaskView; readonly step: StepView }>> {
  const found = await stepOf(env, caller, task, step);
  if (!found.ok) return found;
  const nowMs = Date.now();
  const envelope = await signReversal(env, {
    version: 1,
    id: `rvs_${toBase32(randomBytes(16))}`,
    tenant: caller.tenant.id,
    region: regionOf(task),
    task,
    step,
    action: found.value.action,
    undone: undone.slice(-LIMITS.reversalReceipts),
    by: { key: caller.key, role: caller.role, member: caller.member },
    reason,
    atMs: nowMs,
    expiresMs: nowMs + LIMITS.planLifetimeMs,
  });
  const answer = await callExecutorOf(env, caller.tenant, task, (stub) => stub.reverse(task, step, envelope, waitMs));
  const view =
    !answer.ok && answer.problem.code === "already-undone"
      ? await callExecutorOf(env, caller.tenant, task, (stub) => stub.read(task))
      : answer;
  return view.ok ? ok({ task: view.value, step: view.value.steps.find(({ id }) => id === step)! }) : view;
}
