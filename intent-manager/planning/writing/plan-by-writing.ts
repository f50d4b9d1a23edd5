/**
 * A plan whose texts models write: the playbook's steps, with the written arguments put in. Nothing that a model says becomes a step, and the
 * executor derives the same steps again (shared/writing.ts, W1).
 */
import { canonicalize } from "../../../shared/canonical.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import { intentFacts } from "../../../shared/facts.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { derivePlan } from "../../../shared/playbook.ts";
import { problem } from "../../../shared/problems.ts";
import type { Plan } from "../../../shared/proposal.ts";
import { provenanceOfPlan } from "../../../shared/provenance-plan.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { PlanningLease } from "../../../shared/rpc.ts";
import { TenantMemory } from "../../memory/memory.ts";
import type { CallLog } from "../model/ask-tier.ts";
import type { RoundDeps, RoundOf } from "../model/plan-round.ts";
import { isSwitchedOff, switchedOff, togglesNow } from "../model/switch.ts";
import { type DraftedPlan, draftPlan, type PlannedStep } from "../plan.ts";
import { recordsOf } from "../records.ts";
import { readGlossary } from "./glossary.ts";
import { keptTexts, NOTHING_KEPT } from "./kept-texts.ts";
import { writeTexts, type WrittenEdition } from "./write-texts.ts";

/** Refuses with what the models, the terminology or drafting refuse, and with plan-invalid where the plan is too large to be signed. */
export async function planByWriting(
  deps: RoundDeps,
  { tenant, task }: RoundOf,
  { context }: PlanningLease,
  release: CompiledRelease,
  log: CallLog,
): Promise<Result<DraftedPlan>> {
  const { automation, model, writing } = release.bundle;
  const toggles = await togglesNow(deps, tenant.id, release);
  if (isSwitchedOff(model!, toggles)) return err(switchedOff(model!));
  const memory = new TenantMemory(deps.env, tenant.id);
  const glossary = await readGlossary(memory, writing!.glossary, deps.nowMs());
  if (!glossary.ok) return glossary;
  const { input, purpose, fromEvent, inputCommitment, nextRound } = context;
  const of = { task, automation, budget: model!.budget, deadlineMs: Date.parse(context.task.deadlineAt) };
  const kept =
    context.ofSubject === true
      ? NOTHING_KEPT
      : await keptTexts(memory, writing!.reuse, automation, deps.nowMs).catch(() => NOTHING_KEPT);
  const written = await writeTexts({ deps, release, of, log, begun: 0, kept, terms: glossary.value.terms }, input);
  if (!written.ok) return written;

  const { principal, region, unusual } = context.task;
  const openedByAgent = principal.role === "agent";
  const derived = derivePlan(
    release.playbook!,
    intentFacts(automation, { input, region, purpose }, null),
    { openedByAgent, fromEvent },
    toggles,
  );
  if (!derived.ok) return derived;
  const steps = derived.value.map((step) => ({ ...step, args: withTexts(step.id, step.args, written.value, release) }));
  const provenance = provenanceOfPlan(steps, release.declarations, {
    input,
    inputContract: release.input,
    records: recordsOf(context, release),
    openedByAgent,
    fromEvent,
  });
  const drafted = draftPlan({
    tenant: tenant.id,
    facts: { task, region, input, purpose, principal, unusual },
    release,
    toggles,
    round: nextRound,
    last: true,
    planner: "model",
    agent: log.calls.at(-1)?.model ?? written.value.reused[0]!.model,
    agentMember: null,
    inputCommitment,
    memory: glossary.value.shown,
    steps: steps.map((step): PlannedStep => ({
      ...step,
      premises: [],
      claimedConfidence: null,
      rationale: null,
      provenance: provenance[step.id]!,
    })),
    nowMs: deps.nowMs(),
    newSalt: deps.newSalt,
  });
  if (!drafted.ok) return drafted;
  const plan: Plan = { ...drafted.value.plan, ...recalledOf(written.value, log) };
  const bytes = canonicalize({ ...plan, model: log.calls }).length;
  return bytes > LIMITS.planBytes
    ? err(problem("plan-invalid", "The edition is too large for one plan: fewer languages or terms.", { bytes }))
    : ok({ ...drafted.value, plan });
}

function withTexts(step: string, args: JsonObject, written: WrittenEdition, { bundle }: CompiledRelease): JsonObject {
  const { writing } = bundle;
  if (step !== writing!.step) return args;
  return { ...args, [writing!.texts]: written.texts, [writing!.terms]: written.terms } as unknown as JsonObject;
}

/** Of a plan for which nobody was asked: who wrote it then, and what that had cost. */
function recalledOf({ reused }: WrittenEdition, log: CallLog): Pick<Plan, "recalled"> {
  const [first] = reused;
  if (log.calls.length > 0 || first === undefined) return {};
  const { tier, model } = first;
  const atMs = Math.min(...reused.map((one) => one.atMs));
  // One call wrote several passages: counted once.
  const costs = new Map(reused.map((one) => [`${one.atMs}/${one.model}/${one.microCents}`, one.microCents]));
  return { recalled: { tier, model, atMs, microCents: [...costs.values()].reduce((sum, cost) => sum + cost, 0) } };
}
