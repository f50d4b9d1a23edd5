/** The playbook planner: code alone, no model, planned inline and signed in the same request. */
import type { Classification } from "../../shared/classifier/classification.ts";
import { isSure, labelHere, labelOrigin } from "../../shared/classifier/label.ts";
import { labelsByModel } from "../../shared/compiled-release.ts";
import { intentFacts } from "../../shared/facts.ts";
import { derivePlan } from "../../shared/playbook.ts";
import type { Principal } from "../../shared/events.ts";
import type { JsonObject } from "../../shared/json.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { SignedPlan } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import { newSalt } from "../intake/random.ts";
import type { OpenTask } from "../intake/submit.ts";
import { draftPlan, type DraftedPlan } from "./plan.ts";
import { signPlan } from "./sign-plan.ts";

type Asked = {
  readonly tenant: string;
  readonly input: JsonObject;
  readonly purpose: string | null;
  readonly principal: Principal;
  /** The input came out of an event. */
  readonly fromEvent?: boolean;
  readonly nowMs: number;
};

/**
 * The one plan that the release's playbook gives for this intent; null where the automation's plans come from agents, and where a model has to say
 * first what the input is about.
 */
export async function planByPlaybook(env: Bindings, asked: Asked, open: OpenTask): Promise<Result<SignedPlan | null>> {
  const { release } = open;
  if (release.bundle.planner !== "playbook" || release.playbook === null) return ok(null);
  const here = labelHere(release, asked.input);
  if (here !== null && labelsByModel(release.bundle) && !isSure(release, here)) return ok(null);
  const drafted = draftByPlaybook(asked, open, here);
  if (!drafted.ok) return drafted;
  const envelope = await signPlan(env, drafted.value.plan);
  return envelope.ok ? ok({ envelope: envelope.value, disclosures: drafted.value.disclosures }) : envelope;
}

/** The playbook's plan, unsigned, with the label that it follows. Refuses with what deriving and drafting refuse. */
export function draftByPlaybook(
  asked: Asked,
  open: OpenTask,
  classified: Classification | null = null,
): Result<DraftedPlan> {
  const { release, task, region, inputCommitment, toggles, unusual } = open;
  const { input, purpose, principal, nowMs } = asked;
  const derived = derivePlan(
    release.playbook!,
    intentFacts(release.bundle.automation, { input, region, purpose }, classified),
    { openedByAgent: false, fromEvent: asked.fromEvent === true, labelOrigin: labelOrigin(release, classified) },
    toggles,
  );
  if (!derived.ok) return derived;
  return draftPlan({
    tenant: asked.tenant,
    facts: { task, region, input, purpose, principal, unusual },
    release,
    toggles,
    round: 1,
    last: true,
    planner: "playbook",
    agent: "playbook",
    agentMember: null,
    inputCommitment,
    steps: derived.value.map((step) => ({ ...step, premises: [], claimedConfidence: null, rationale: null })),
    classified,
    nowMs,
    newSalt,
  });
}
