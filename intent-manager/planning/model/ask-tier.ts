/**
 * One tier asked for a plan: a call, and where its answer is no usable plan one more with what was wrong. Usable is what would be admitted:
 * the plan is drafted here, with contracts and policy, as the words of an outside agent are.
 */
import type { ModelCall, ModelTier } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Disclosure } from "../../../shared/commitments.ts";
import type { DraftedPlan } from "../plan.ts";
import { callModel, type CallDeps, type CallFor, type ModelAsk } from "./call-model.ts";
import type { ModelAnswer } from "./client.ts";
import type { Written } from "./read-answer.ts";
import { repairOf } from "./words.ts";

/** The calls of one round of planning, and what opens their transcripts. */
export type CallLog = { readonly calls: ModelCall[]; readonly disclosures: Record<string, Disclosure> };

export type Asking = CallFor & {
  readonly tier: ModelTier;
  readonly pin: ModelAsk["pin"];
  readonly system: string;
  readonly prompt: string;
  readonly shape:
    | { readonly schema: NonNullable<ModelAsk["schema"]> }
    | { readonly tools: NonNullable<ModelAsk["tools"]> };
  readonly minConfidence: number | undefined;
  readonly read: (answer: ModelAnswer) => Result<Written>;
  readonly draft: (written: Written) => Result<DraftedPlan>;
};

/** Refuses with what callModel refuses, model-answer-invalid or model-unsure. */
export async function askTier(deps: CallDeps, asking: Asking, log: CallLog): Promise<Result<DraftedPlan>> {
  const { tier, pin, system, prompt, shape, task, automation, budget, deadlineMs } = asking;
  const base = { tier, pin, system, task, automation, budget, deadlineMs, ...shape };
  const first = await attempt(deps, { ...base, purpose: "plan", prompt } as ModelAsk, asking, log);
  if (first.result.ok || first.answer === null) return first.result;
  const repaired = repairOf(prompt, first.answer, first.result.problem.detail);
  return (await attempt(deps, { ...base, purpose: "repair", prompt: repaired } as ModelAsk, asking, log)).result;
}

/** `answer` is what can be repaired: the words of an answer that was there and is not usable. */
async function attempt(
  deps: CallDeps,
  ask: ModelAsk,
  { read, draft, minConfidence }: Asking,
  log: CallLog,
): Promise<{ readonly result: Result<DraftedPlan>; readonly answer: string | null }> {
  const { answer, record, disclosures } = await callModel(deps, ask);
  Object.assign(log.disclosures, disclosures);
  const end = (outcome: ModelCall["outcome"]) => {
    if (record !== null) log.calls.push({ ...record, outcome });
  };
  if (!answer.ok) {
    end(record?.outcome ?? "model-unavailable");
    return { result: answer, answer: answer.problem.code === "model-answer-invalid" ? "" : null };
  }
  const words = answer.value.text || JSON.stringify(answer.value.calls);
  const written = read(answer.value);
  const drafted = written.ok ? draft(written.value) : written;
  if (!drafted.ok) {
    end("model-answer-invalid");
    return { result: err(asInvalid(drafted.problem)), answer: words };
  }
  const { confidence } = written.ok ? written.value : { confidence: null };
  if (minConfidence !== undefined && confidence !== null && confidence < minConfidence) {
    end("model-unsure");
    return { result: err(problem("model-unsure", "The model itself is not sure.", { confidence })), answer: null };
  }
  end("ok");
  return { result: ok(drafted.value), answer: words };
}

const asInvalid = (why: Problem): Problem =>
  why.code === "model-answer-invalid" ? why : problem("model-answer-invalid", `${why.code}: ${why.detail}`);
