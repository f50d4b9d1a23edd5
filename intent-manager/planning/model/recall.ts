/** A plan that a model made before for the same input under the same release, made again for another task without asking anybody. */
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { ModelCall } from "../../../shared/model.ts";
import type { Plan } from "../../../shared/proposal.ts";
import type { Result } from "../../../shared/result.ts";
import type { TaskContext } from "../../../shared/rpc.ts";
import type { Bindings } from "../../bindings.ts";
import { repeatableToken, tenantSecret } from "../../intake/task-ids.ts";
import type { DraftedPlan } from "../plan.ts";
import { type Decision, questionOf, stepsFor, stepsToKeep } from "./decision.ts";
import type { DecisionsRpc } from "./decision-book.ts";
import type { Written } from "./read-answer.ts";

export type Memo = { readonly decisions: DecisionsRpc; readonly env: Pick<Bindings, "TASK_ID_SECRET"> };

/** The key of the question, which nobody outside of the tenant can guess; null where it is kept for nobody. */
export function keyOf({ env }: Memo, tenant: string, context: TaskContext, release: CompiledRelease): string | null {
  const question = questionOf(context, release);
  return question === null
    ? null
    : repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), ["decision", tenant, question]);
}

/** The kept plan, drafted for this task as if the model had said it now; null where there is none or it is no plan any more. */
export async function recallPlan(
  { decisions }: Memo,
  key: string,
  input: TaskContext["input"],
  draft: (written: Written, model: string) => Result<DraftedPlan>,
): Promise<DraftedPlan | null> {
  const text = await decisions.recall(key);
  if (text === null) return null;
  const kept = JSON.parse(text) as Decision;
  const steps = stepsFor(kept, input);
  const drafted = steps === null ? null : draft({ steps, last: true, confidence: kept.confidence }, kept.model);
  if (drafted === null || !drafted.ok) return null;
  const { tier, model, atMs, microCents } = kept;
  const recalled: Plan["recalled"] = { tier, model, atMs, microCents };
  return { ...drafted.value, plan: { ...drafted.value.plan, recalled } };
}

/** Keeps what the last call said, where that may be kept. */
export async function keepPlan(
  { decisions }: Memo,
  key: string,
  written: Written,
  calls: readonly ModelCall[],
  { input, ofSubject }: Pick<TaskContext, "input" | "ofSubject">,
  release: CompiledRelease,
): Promise<void> {
  const used = calls.at(-1);
  const steps = stepsToKeep(written, input, release, ofSubject === true);
  if (steps === null || used === undefined || used.outcome !== "ok") return;
  const { tier, model, endMs } = used;
  const microCents = calls.reduce((sum, call) => sum + call.microCents, 0);
  const decision: Decision = { tier, model, atMs: endMs, microCents, confidence: written.confidence, steps };
  await decisions.remember(key, JSON.stringify(decision), release.bundle.model!.cache!.ttlSeconds * 1_000);
}
