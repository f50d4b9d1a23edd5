/**
 * One tier asked for one task's label: in a call that tasks share, where its release says so and the input may stand beside others, or in one of
 * its own.
 *
 * A1  Where inputs of others stood in the prompt, a label counts only if the local classifier, which looks at this input alone, puts the same one
 *     first. Any other is asked for again in a call of its own: no text decides which label another's input gets.
 * A2  Words of different people stand in one prompt only where the release says so; without that, inputs with personal values and tasks about
 *     somebody ask alone.
 * A3  What fails as a call (no answer, no time) is not asked twice: as of a single call, the next tier follows.
 */
import { labelHere } from "../../../shared/classifier/label.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { ModelCall, ModelTier } from "../../../shared/model.ts";
import type { Result } from "../../../shared/result.ts";
import type { TaskContext } from "../../../shared/rpc.ts";
import { NOTHING } from "../../memory/remember.ts";
import type { CallLog } from "./ask-tier.ts";
import { callModel, type CallDeps, type Called } from "./call-model.ts";
import { leavesOf } from "./decision.ts";
import { batchName, type BatchesRpc } from "./gathering.ts";
import { labelSchema } from "./offer.ts";
import { fieldsOf, readLabel, type Given } from "./read-label.ts";
import { labelSystemOf, promptOf } from "./words.ts";

export type LabelDeps = CallDeps & {
  /** The object in which tasks share a call, by its name. */
  readonly batches: (name: string) => BatchesRpc;
};
export type LabelAsk = {
  readonly tenant: string;
  readonly task: string;
  readonly context: TaskContext;
  readonly release: CompiledRelease;
  readonly tier: ModelTier;
};
/** `call`: the record of the call that gave it, as it stands in the log; null where none was sent. */
export type Labelled = { readonly given: Result<Given>; readonly call: Noted | null };
type Noted = { -readonly [key in keyof ModelCall]: ModelCall[key] };

/** Refuses with what callModel refuses, model-answer-invalid or model-unsure. */
export async function askLabel(deps: LabelDeps, ask: LabelAsk, log: CallLog): Promise<Labelled> {
  const { task, context, release, tier } = ask;
  const spec = release.bundle.model!;
  const { labels } = release.classifier!.classifier;
  const prompt = await promptOf(context, NOTHING);
  const common = {
    tier,
    pin: spec[tier]!,
    automation: release.bundle.automation,
    budget: spec.budget,
    system: labelSystemOf(release),
  };
  const deadlineMs = Date.parse(context.task.deadlineAt);
  if (mayShare(ask, deps.nowMs())) {
    const name = batchName(ask.tenant, context.task.region, release.digest, tier);
    const called = await deps
      .batches(name)
      .ask({ ...common, labels, batch: spec.batch! }, { task, deadlineMs, prompt });
    const shared = called === null ? null : usableOf(called, ask, log);
    if (shared !== null) return shared;
  }
  const called = await callModel(deps, {
    ...common,
    purpose: "classify",
    task,
    deadlineMs,
    prompt,
    schema: labelSchema(labels, fieldsOf(release)),
  });
  const { answer } = called;
  return {
    given: answer.ok ? readLabel(answer.value, release, context.input) : answer,
    call: note(called, log),
  };
}

/** A part of a shared call; null where the task has to ask alone after it (A1). */
function usableOf(called: Called, { context, release }: LabelAsk, log: CallLog): Labelled | null {
  const { answer } = called;
  const call = note(called, log);
  if (!answer.ok) return answer.problem.code === "model-answer-invalid" ? null : { given: answer, call }; // A3
  const given = readLabel(answer.value, release, context.input);
  if (!given.ok || given.value.label === labelHere(release, context.input)!.label) return { given, call };
  if (call !== null) call.outcome = "model-unsure";
  return null;
}

function note({ record, disclosures }: Called, log: CallLog): Noted | null {
  Object.assign(log.disclosures, disclosures);
  if (record === null) return null;
  const call = { ...record };
  log.calls.push(call);
  return call;
}

/** A2; and time enough for the wait and a whole call, so that nobody's deadline shortens another's. */
export function mayShare({ context, release, tier }: Omit<LabelAsk, "tenant" | "task">, nowMs: number): boolean {
  const { batch, [tier]: pin } = release.bundle.model!;
  if (batch === undefined || Date.parse(context.task.deadlineAt) - nowMs <= batch.waitMs + pin!.timeoutMs) return false;
  return batch.acrossPeople === true || (context.ofSubject === false && isAboutNobody(context.input, release));
}

const isAboutNobody = (input: JsonObject, { declarations }: CompiledRelease): boolean =>
  !leavesOf(input, "").some(({ pointer }) => declarations.input.isPersonal(pointer));
