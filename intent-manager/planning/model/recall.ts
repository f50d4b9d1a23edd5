/** What a model said before for the same input under the same release, a plan or a label, said again for another task without asking anybody. */
import { unsureOf, worthOf, type Classification } from "../../../shared/classifier/classification.ts";
import { isSure } from "../../../shared/classifier/label.ts";
import { labelsByModel, type CompiledRelease } from "../../../shared/compiled-release.ts";
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
  const kind = labelsByModel(release.bundle) ? "label" : "decision";
  return question === null ? null : repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), [kind, tenant, question]);
}

/** The kept plan, drafted for this task as if the model had said it now; null where there is none or it is no plan any more. */
export async function recallPlan(
  { decisions }: Memo,
  key: string,
  input: TaskContext["input"],
  draft: (written: Written, model: string) => Result<DraftedPlan>,
  isLoop: boolean,
): Promise<DraftedPlan | null> {
  const text = await decisions.recall(key);
  if (text === null) return null;
  const kept = JSON.parse(text) as Decision;
  const steps = stepsFor(kept, input);
  const drafted = steps === null ? null : draft(writtenAgain(kept, steps, isLoop), kept.model);
  return drafted === null || !drafted.ok ? null : sayingSo(drafted.value, kept);
}

/** A loop ends with a round without steps, any other plan with itself. */
const writtenAgain = ({ confidence }: Decision, steps: Written["steps"], isLoop: boolean): Written => ({
  steps,
  last: !isLoop || steps.length === 0,
  confidence,
});

/** The plan with what its record says of where it comes from. */
export function sayingSo(drafted: DraftedPlan, { tier, model, atMs, microCents }: Recalled): DraftedPlan {
  return { ...drafted, plan: { ...drafted.plan, recalled: { tier, model, atMs, microCents } } };
}
export type Recalled = NonNullable<Plan["recalled"]>;

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

/** A label as it is kept: a word of the release, and what a model claimed. `microCents` is what it cost to get. */
type KeptLabel = Recalled & { readonly label: string; readonly claimed: number | null };

/** The kept label where it is sure enough under this release (L3); null where there is none. `here` is what the local tier says. */
export async function recallLabel(
  { decisions }: Memo,
  key: string,
  release: CompiledRelease,
  here: Classification,
): Promise<{ readonly label: Classification; readonly recalled: Recalled } | null> {
  const text = await decisions.recall(key);
  if (text === null) return null;
  const { label, claimed, ...recalled } = JSON.parse(text) as KeptLabel;
  const { tier } = recalled;
  const confidence = worthOf(release.bundle.confidence?.[tier], claimed);
  const again = { label, by: tier, confidence, claimed, escalated: [unsureOf(here)] };
  return isSure(release, again) ? { label: again, recalled } : null;
}

/** Keeps a label that a model gave. It is none of the input's words, so it is kept whoever the input is about. */
export async function keepLabel(
  { decisions }: Memo,
  key: string,
  release: CompiledRelease,
  { label, by, claimed }: Classification,
  calls: readonly ModelCall[],
): Promise<void> {
  const used = calls.findLast(({ outcome }) => outcome === "ok");
  if (used === undefined || used.tier !== by) return;
  const microCents = calls.reduce((sum, call) => sum + call.microCents, 0);
  const kept: KeptLabel = { tier: used.tier, model: used.model, atMs: used.endMs, microCents, label, claimed };
  await decisions.remember(key, JSON.stringify(kept), release.bundle.model!.cache!.ttlSeconds * 1_000);
}
