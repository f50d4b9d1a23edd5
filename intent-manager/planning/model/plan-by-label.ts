/**
 * The tiers of a classifier: what the local one is not sure of, the models of the release's list are asked for, small before large as the list says.
 * The first label that is sure enough leads the playbook. Where nobody is, and the list ends with a person, the last label that was given stands
 * as a suggestion: each write waits for people, whom the executor asks for by the same threshold.
 *
 * L1  A label is one of the release's; whatever else a model writes is no label, and the next tier is asked.
 *     So with fields that it read: each stands in the text, or there was no answer (disprovedFields).
 *     One that came out of a call with other inputs in it counts only under A1 (ask-label.ts).
 * L2  Sure is what calibration says (`confidence` of the release). A model's own number alone makes nothing sure.
 * L3  Kept for the same input (`model.cache`) is only a label that was sure enough, and it counts again only while it is.
 */
import { unsureOf, worthOf, type Classification } from "../../../shared/classifier/classification.ts";
import { isSure, labelHere } from "../../../shared/classifier/label.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { ModelCall } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { PlanningLease } from "../../../shared/rpc.ts";
import type { Bindings } from "../../bindings.ts";
import type { Tenant } from "../../http/caller.ts";
import type { DraftedPlan } from "../plan.ts";
import { draftByPlaybook } from "../playbook-planner.ts";
import { askLabel, type LabelAsk, type LabelDeps } from "./ask-label.ts";
import type { CallLog } from "./ask-tier.ts";
import { keepLabel, keyOf, recallLabel, sayingSo, type Memo } from "./recall.ts";
import { isSwitchedOff, switchedOff, togglesNow } from "./switch.ts";

type Deps = LabelDeps & Memo & { readonly env: Bindings };
type Asked = { readonly tenant: Tenant; readonly task: string };

/** Refuses with why the last one asked gave no label, where the list does not end with a person; and with what the playbook refuses. */
export async function planByLabel(
  deps: Deps,
  { tenant, task }: Asked,
  lease: PlanningLease,
  release: CompiledRelease,
  log: CallLog,
): Promise<Result<DraftedPlan>> {
  const { context } = lease;
  const toggles = await togglesNow(deps, tenant.id, release);
  const { input, purpose } = context;
  const { principal, region, unusual } = context.task;
  const followingThe = (label: Classification) =>
    draftByPlaybook(
      { tenant: tenant.id, input, purpose, principal, fromEvent: context.fromEvent, nowMs: deps.nowMs() },
      { task, region, inputCommitment: context.inputCommitment, release, toggles, unusual },
      label,
    );
  const here = labelHere(release, input)!;
  if (isSure(release, here)) return followingThe(here);
  const spec = release.bundle.model!;
  const off = isSwitchedOff(spec, toggles) ? switchedOff(spec) : null;
  const key = off === null ? keyOf(deps, tenant.id, context, release) : null;
  const kept = key === null ? null : await recallLabel(deps, key, release, here);
  if (kept !== null) {
    const drafted = followingThe(kept.label);
    return drafted.ok ? ok(sayingSo(drafted.value, kept.recalled)) : drafted;
  }
  const followed = await askTiers(deps, { tenant: tenant.id, task, context, release }, { here, off }, log);
  if (!followed.ok) return followed;
  const label = followed.value;
  if (key !== null && isSure(release, label)) await keepLabel(deps, key, release, label, log.calls);
  return followingThe(label);
}

/** `here`: what the local tier says, which is not sure. `off`: why no model may be asked, where none may. */
async function askTiers(
  deps: LabelDeps,
  ask: Omit<LabelAsk, "tier">,
  { here, off }: { readonly here: Classification; readonly off: Problem | null },
  log: CallLog,
): Promise<Result<Classification>> {
  const { release } = ask;
  const spec = release.bundle.model!;
  let best = here;
  const escalated: Classification["escalated"] = [unsureOf(best)];
  let used: ModelCall | null = null;
  let why: Problem =
    off ?? problem("model-unsure", "The local classifier is not sure.", { confidence: best.confidence });
  for (const tier of spec.fallback) {
    if (off !== null || (tier !== "small" && tier !== "large")) break;
    const { given, call } = await askLabel(deps, { ...ask, tier }, log);
    if (!given.ok) {
      why = given.problem;
      escalated.push({ by: tier, code: why.code, confidence: null });
      if (call !== null && call.outcome === "ok")
        call.outcome = why.code === "model-unsure" ? "model-unsure" : "model-answer-invalid";
      continue;
    }
    if (used !== null) used.outcome = "model-unsure";
    used = call;
    const { claimed, ...said } = given.value;
    best = {
      ...said,
      by: tier,
      confidence: worthOf(release.bundle.confidence?.[tier], claimed),
      claimed,
      escalated: [],
    };
    if (isSure(release, best)) return ok({ ...best, escalated });
    why = problem("model-unsure", "No label was sure enough.", { confidence: best.confidence });
    escalated.push(unsureOf(best));
  }
  if (!spec.fallback.includes("person")) {
    if (used !== null) used.outcome = "model-unsure";
    return err(why);
  }
  // The one who suggests stands in `by`; that it was not enough either is what its confidence says.
  return ok({ ...best, escalated: escalated.filter(({ by }) => by !== best.by || by === "local") });
}
