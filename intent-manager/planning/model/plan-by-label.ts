/**
 * The tiers of a classifier: what the local one is not sure of, the models of the release's list are asked for, small before large as the list says.
 * The first label that is sure enough leads the playbook. Where nobody is, and the list ends with a person, the last label that was given stands
 * as a suggestion: each write waits for people, whom the executor asks for by the same threshold.
 *
 * L1  A label is one of the release's; whatever else a model writes is no label, and the next tier is asked.
 *     So with fields that it read: each stands in the text, or there was no answer (disprovedFields).
 * L2  Sure is what calibration says (`confidence` of the release). A model's own number alone makes nothing sure.
 */
import * as z from "zod";
import { worthOf, type Classification } from "../../../shared/classifier/classification.ts";
import { disprovedFields, isSure, labelHere } from "../../../shared/classifier/label.ts";
import { READERS } from "../../../shared/classifier/reading/readers.ts";
import { ReadFields } from "../../../shared/classifier/reading/schema.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { ModelCall, ModelTier } from "../../../shared/model.ts";
import { problem, type Problem, type ProblemCode } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { PlanningLease } from "../../../shared/rpc.ts";
import type { Toggles } from "../../../shared/toggles.ts";
import type { Bindings } from "../../bindings.ts";
import type { Tenant } from "../../http/caller.ts";
import type { DraftedPlan } from "../plan.ts";
import { draftByPlaybook } from "../playbook-planner.ts";
import type { CallLog } from "./ask-tier.ts";
import { callModel, type CallDeps } from "./call-model.ts";
import { jsonOf, type ModelAnswer } from "./client.ts";
import { NOTHING } from "../../memory/remember.ts";
import { labelSchema } from "./offer.ts";
import { isSwitchedOff, switchedOff, togglesNow } from "./switch.ts";
import { labelSystemOf, promptOf } from "./words.ts";

type LabelDeps = CallDeps & { readonly env: Bindings };
type Asked = { readonly tenant: Tenant; readonly task: string };
type Given = { readonly label: string; readonly fields?: ReadFields; readonly claimed: number | null };

/** Refuses with why the last one asked gave no label, where the list does not end with a person; and with what the playbook refuses. */
export async function planByLabel(
  deps: LabelDeps,
  { tenant, task }: Asked,
  lease: PlanningLease,
  release: CompiledRelease,
  log: CallLog,
): Promise<Result<DraftedPlan>> {
  const { context } = lease;
  const toggles = await togglesNow(deps, tenant.id, release);
  const followed = await askTiers(deps, task, lease, release, toggles, log);
  if (!followed.ok) return followed;
  const { input, purpose } = context;
  const { principal, region, unusual } = context.task;
  return draftByPlaybook(
    { tenant: tenant.id, input, purpose, principal, fromEvent: context.fromEvent, nowMs: deps.nowMs() },
    { task, region, inputCommitment: context.inputCommitment, release, toggles, unusual },
    followed.value,
  );
}

async function askTiers(
  deps: CallDeps,
  task: string,
  lease: PlanningLease,
  release: CompiledRelease,
  toggles: Toggles | undefined,
  log: CallLog,
): Promise<Result<Classification>> {
  const spec = release.bundle.model!;
  const isOff = isSwitchedOff(spec, toggles);
  let best = labelHere(release, lease.context.input)!;
  if (isSure(release, best)) return ok(best);
  const escalated: Classification["escalated"] = [unsure(best)];
  let used: ModelCall | null = null;
  let why: Problem = isOff
    ? switchedOff(spec)
    : problem("model-unsure", "The local classifier is not sure.", { confidence: best.confidence });
  for (const tier of spec.fallback) {
    if (isOff || (tier !== "small" && tier !== "large")) break;
    const asked = await askTier(deps, task, lease, release, tier);
    Object.assign(log.disclosures, asked.disclosures);
    const call = asked.call === null ? null : { ...asked.call };
    if (call !== null) log.calls.push(call);
    if (!asked.given.ok) {
      why = asked.given.problem;
      escalated.push({ by: tier, code: why.code, confidence: null });
      if (call !== null && call.outcome === "ok")
        call.outcome = why.code === "model-unsure" ? "model-unsure" : "model-answer-invalid";
      continue;
    }
    if (used !== null) used.outcome = "model-unsure";
    used = call;
    const { claimed, ...said } = asked.given.value;
    best = {
      ...said,
      by: tier,
      confidence: worthOf(release.bundle.confidence?.[tier], claimed),
      claimed,
      escalated: [],
    };
    if (isSure(release, best)) return ok({ ...best, escalated });
    why = problem("model-unsure", "No label was sure enough.", { confidence: best.confidence });
    escalated.push(unsure(best));
  }
  if (!spec.fallback.includes("person")) {
    if (used !== null) used.outcome = "model-unsure";
    return err(why);
  }
  // The one who suggests stands in `by`; that it was not enough either is what its confidence says.
  return ok({ ...best, escalated: escalated.filter(({ by }) => by !== best.by || by === "local") });
}

const unsure = ({ by, confidence }: Classification): Classification["escalated"][number] => ({
  by,
  code: "model-unsure" satisfies ProblemCode,
  confidence,
});

async function askTier(
  deps: CallDeps,
  task: string,
  { context }: PlanningLease,
  release: CompiledRelease,
  tier: ModelTier,
): Promise<{
  readonly given: Result<Given>;
  readonly call: ModelCall | null;
  readonly disclosures: CallLog["disclosures"];
}> {
  const spec = release.bundle.model!;
  const { answer, record, disclosures } = await callModel(deps, {
    purpose: "classify",
    tier,
    pin: spec[tier]!,
    task,
    automation: release.bundle.automation,
    budget: spec.budget,
    deadlineMs: Date.parse(context.task.deadlineAt),
    system: labelSystemOf(release),
    prompt: await promptOf(context, NOTHING),
    schema: labelSchema(release.classifier!.classifier.labels, fieldsOf(release)),
  });
  const given = answer.ok ? readLabel(answer.value, release, spec.minConfidence, context.input) : answer;
  return { given, call: record, disclosures };
}

const Written = z.strictObject({
  label: z.string(),
  fields: ReadFields.optional(),
  confidence: z.number().min(0).max(1).nullish(),
});

/** What the release's reader reads, by name; null where nothing is read. */
function fieldsOf({ classifier }: CompiledRelease): { readonly [name: string]: "text" | "cents" } | null {
  const reads = classifier?.classifier.reads;
  return reads === undefined ? null : READERS[reads.as].fields;
}

/** L1. Refuses with model-answer-invalid, or model-unsure where its own number is below `minConfidence`. */
function readLabel(
  { text }: ModelAnswer,
  release: CompiledRelease,
  minConfidence: number | undefined,
  input: JsonObject,
): Result<Given> {
  const { classifier } = release;
  const value = jsonOf(text);
  if (!value.ok) return value;
  const written = Written.safeParse(value.value);
  if (!written.success || !classifier!.classifier.labels.includes(written.data.label))
    return err(problem("model-answer-invalid", "The answer is none of the labels."));
  const { label, fields } = written.data;
  if ((fields === undefined) !== (fieldsOf(release) === null))
    return err(problem("model-answer-invalid", "The answer does not have the fields that are read."));
  const why = fields === undefined ? null : disprovedFields(release, fields, input);
  if (why !== null) return err(problem("model-answer-invalid", `The answer's fields: ${why}.`));
  const claimed = written.data.confidence ?? null;
  if (minConfidence !== undefined && claimed !== null && claimed < minConfidence)
    return err(problem("model-unsure", "The model itself is not sure.", { confidence: claimed }));
  return ok({ label, ...(fields === undefined ? {} : { fields }), claimed });
}
